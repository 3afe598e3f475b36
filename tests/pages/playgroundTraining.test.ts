import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOSSES, type PassName } from '../../src/age/losses.js';
import { graphOf, input, type Value } from '../../src/engine/index.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { NETWORK_NAMES, type NetworkName } from '../../src/networks/network.js';
import { OBJECTIVE, PLANE_BATCH, type PlaneModel } from '../../pages/playground/plane/model.js';
import { ARROW_EVERY, PUSH_KINDS, pushedPoints } from '../../pages/playground/plane/pushes.js';
import { DEFAULT_SETTINGS, modelOf, optionsOf } from '../../pages/playground/plane/settings.js';
import { shownPoints } from '../../pages/playground/plane/shapes.js';
import type { Push, PushKind } from '../../pages/playground/plane/terms.js';
import type { PlaneTraining } from '../../pages/playground/plane/training.js';
import { latticeOf } from '../../pages/playground/plane/lattice.js';
import { untrainedView } from '../../pages/playground/plane/untrained.js';
import { networksOf, type PlaneView } from '../../pages/playground/plane/view.js';
import { expectCloseElements } from '../engine/expectations.js';
import { startPlane } from './planeInNode.js';

const options = optionsOf(DEFAULT_SETTINGS);
const shown = shownPoints('moons', 1);

describe('half an iteration on the plane', () => {
  it.each(NETWORK_NAMES)('changes the parameters of one network only (%s)', async (network) => {
    const training = await startPlane(modelOf(DEFAULT_SETTINGS));
    const other: NetworkName = network === 'encoder' ? 'generator' : 'encoder';
    const before = { own: training.parametersOf(network), other: training.parametersOf(other) };
    const report = await training.update(network, options);
    expect(training.parametersOf(network)).not.toEqual(before.own);
    expect(training.parametersOf(other)).toEqual(before.other);
    expect(training.updates).toEqual({ [network]: 1, [other]: 0 });
    expect(Object.keys(report).every((name) => name.startsWith(`${network}.`))).toBe(true);
    await training.release();
  });

  it('lowers its own loss, several updates of the generator in one', async () => {
    const training = await startPlane({ ...modelOf(DEFAULT_SETTINGS), generatorUpdates: 3 });
    for (const network of NETWORK_NAMES) {
      const losses: number[] = [];
      for (let step = 0; step < 30; step++) losses.push((await training.update(network, options))[`${network}.loss`]!);
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
    }
    await training.release();
  });
});

it.each([
  ['the circle', { latent: 2, isConditional: false }],
  ['the sphere', { latent: 3, isConditional: false }],
  ['classes', { latent: 2, isConditional: true }],
] as const)('the view of untrained networks equals the compiled one (%s)', async (_, changes) => {
  const model: PlaneModel = { ...modelOf(DEFAULT_SETTINGS), hidden: 8, ...changes };
  const training = await startPlane(model);
  const expected = await training.view();
  const found = untrainedView(model, { lattice: latticeOf(model.latent), shown });
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected) as [keyof PlaneView, Float32Array][])
    expectCloseElements([...(found[name] as Float32Array)], [...values], 1e-4);
  await training.release();
});

describe.each([
  ['circle', 2],
  ['sphere', 3],
] as const)('arrows of the terms on the %s', (_, latent) => {
  const model: PlaneModel = { ...modelOf(DEFAULT_SETTINGS), latent, hidden: 16 };
  let training: PlaneTraining;
  let pushes: readonly Push[];

  beforeAll(async () => {
    training = await startPlane(model);
    for (let step = 0; step < 400; step++) for (const network of NETWORK_NAMES) await training.update(network, options);
    pushes = await training.pushes(options);
  });
  afterAll(() => training.release());

  const find = ({ network, term, on }: PushKind): Push =>
    pushes.find((push) => push.network === network && push.term === term && push.on === on)!;

  /** The term as a function of the points that it pushes. */
  async function termOf({ term, on }: PushKind) {
    const { vectors, functions } = networksOf(model);
    const { encode, generate } = functions;
    const width = on === 'realCodes' || on === 'fakeCodes' ? latent : 2;
    const [place, x, z] = [
      input('place', [PLANE_BATCH, width]),
      input('x', [PLANE_BATCH, 2]),
      input('z', [PLANE_BATCH, latent]),
    ];
    const passes: Partial<Record<PassName, Value>> = { [on]: place };
    if (on === 'realCodes') passes.reconstruction = generate({ z: place }, { kind: 'generated' });
    if (on === 'fake') passes.fakeCodes = encode({ x: place }, { kind: 'generated' });
    const value = LOSSES[term].value(passes as Record<PassName, Value>, OBJECTIVE, { x, z });
    const native = { realCodes: encode({ x }, { kind: 'native' }), fake: generate({ z }, { kind: 'native' }) };
    const places = {
      ...native,
      reconstruction: generate({ z: native.realCodes }, { kind: 'generated' }),
      fakeCodes: encode({ x: native.fake }, { kind: 'generated' }),
    };
    const program = await compile(graphOf({ value, at: places[on] }, [...vectors, place, x, z]));
    const feeds = {
      ...Object.fromEntries(NETWORK_NAMES.map((name) => [`${name}.parameters`, training.parametersOf(name)])),
      ...pushedPoints(model, shown),
    };
    const evaluate = async (points: Float32Array) => {
      const results = await program.run({ ...feeds, place: points });
      return { value: Number(results.value!.data[0]), at: results.at!.data as Float32Array };
    };
    return { evaluate, width, release: () => program.release() };
  }

  it.each(PUSH_KINDS)('point against the gradient of what the $network minimizes: $term on $on', async (kind) => {
    const { evaluate, width, release } = await termOf(kind);
    const { at } = await evaluate(new Float32Array(PLANE_BATCH * width).fill(0.5));
    const { from, by } = find(kind);
    const sign = kind.network === 'encoder' && kind.term === 'KL_fake' ? -1 : 1;
    const weight = (options.weights[kind.network] as Record<string, number>)[kind.term]!;
    // Along the arrow, the weighted loss of a single point falls by the square of the arrow's length.
    let expected = 0;
    const moved = [1, -1].map((side) => {
      const points = at.slice();
      for (let arrow = 0; arrow < from.length / width; arrow++)
        for (let axis = 0; axis < width; axis++)
          points[arrow * ARROW_EVERY * width + axis]! += (side * STEP * by[arrow * width + axis]!) / longest(by);
      return points;
    });
    for (const value of by) expected -= value ** 2 / longest(by) / PLANE_BATCH;
    const [ahead, behind] = [(await evaluate(moved[0]!)).value, (await evaluate(moved[1]!)).value];
    const measured = (sign * weight * (ahead - behind)) / (2 * STEP);
    expect(longest(by)).toBeGreaterThan(0);
    expect(measured / expected).toBeGreaterThan(0.93);
    expect(measured / expected).toBeLessThan(1.07);
    expect(from[0]).toBeCloseTo(at[0]!, 5);
    await release();
  });

  it('are opposite where both networks act on the same codes', () => {
    const [encoder, generator] = (['encoder', 'generator'] as const).map((network) =>
      find({ network, term: 'KL_fake', on: 'fakeCodes' }),
    );
    // Their weights are equal.
    for (const [index, value] of encoder!.by.entries()) expect(generator!.by[index]).toBeCloseTo(-value, 5);
  });
});

const STEP = 0.004;
const longest = (vectors: Float32Array) => Math.max(...vectors.map(Math.abs));
