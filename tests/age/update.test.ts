import { afterAll, describe, expect, it } from 'vitest';
import { ADAM, STATE_NAMES, type StateName, updateGradients } from '../../src/age/update.js';
import { minDivergence } from '../../src/age/divergences.js';
import { drawCodes } from '../../src/age/prior.js';
import { type Objective, type Term } from '../../src/age/losses.js';
import { parsePlan, type UpdatePlan } from '../../src/age/plan.js';
import { NETWORK_NAMES, type NetworkName } from '../../src/networks/network.js';
import { fromBytes } from '../../src/images/raster.js';
import { trainingFunctions } from '../../src/age/networkFunctions.js';
import { adamScalars, graphOf, input, pack, tensorViews } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';
import {
  BATCH,
  IMAGE,
  LATENT,
  OBJECTIVE,
  planOf,
  type StateVectors,
  symbolicState,
  tinyImages,
  tinyPair,
  tinyState,
} from './tinyGame.js';
import { TinyUpdate, type UpdateFeeds, type UpdateResult } from './tinyUpdate.js';

const PLANS = {
  encoder: parsePlan('encoder', '1;KL_fake:1,KL_real:2,match_z:3,match_x:10'),
  generator: parsePlan('generator', '1;KL_fake:1,match_z:5,match_x:2'),
} satisfies Record<NetworkName, UpdatePlan>;
const otherThan = (network: NetworkName): NetworkName => (network === 'encoder' ? 'generator' : 'encoder');

const STEP = 3;
const feeds: UpdateFeeds = {
  x: fromBytes(tinyImages(BATCH)),
  z: drawCodes('sphere', BATCH, LATENT, randomStream(1, 'update codes')),
  schedule: adamScalars(2e-4, STEP, ADAM),
};

interface RunOptions {
  state?: StateVectors;
  x?: Float32Array;
  objective?: Objective;
  monitored?: readonly Term[];
}

const programs = new Map<string, Promise<TinyUpdate>>();
afterAll(async () => {
  for (const program of programs.values()) await (await program).release();
});

/** The program of an update, compiled once. */
function updateOf(
  network: NetworkName,
  plan: UpdatePlan,
  { objective = OBJECTIVE, monitored = [] }: RunOptions = {},
): Promise<TinyUpdate> {
  const key = JSON.stringify([network, plan, objective, monitored]);
  const program = programs.get(key) ?? TinyUpdate.of(network, plan, objective, { monitored });
  programs.set(key, program);
  return program;
}

async function run(
  network: NetworkName,
  plan: UpdatePlan,
  { state = tinyState(), x = feeds.x, ...options }: RunOptions = {},
): Promise<UpdateResult> {
  const program = await updateOf(network, plan, options);
  return program.run(state, { ...feeds, x });
}

/** The flat gradient of an update's loss, from `updateGradients`. */
async function gradientOf(network: NetworkName, plan: UpdatePlan, objective = OBJECTIVE): Promise<Float32Array> {
  const batch = { x: input('x', [BATCH, ...IMAGE]), z: input('z', [BATCH, LATENT]) };
  const { gradients } = updateGradients(tinyPair, objective, { network, plan }, symbolicState(), batch);
  const graph = graphOf({ gradient: pack(gradients, tinyPair[network].parameters) });
  const program = await compileSmall(graph);
  const all = { ...tinyState(), x: feeds.x, z: feeds.z };
  const { gradient } = await program.run(
    Object.fromEntries(graph.inputs.map(({ name }) => [name, all[name as keyof typeof all]])),
  );
  await program.release();
  return gradient!.data as Float32Array;
}

describe.each(NETWORK_NAMES)('an update of the %s', (network) => {
  it('updates its parameters and Adam moments, and none of the other network', async () => {
    const before = tinyState();
    const { state } = await run(network, PLANS[network]);
    for (const part of ['parameters', 'adam_m', 'adam_v'] as const) {
      const [own, other]: StateName[] = [`${network}.${part}`, `${otherThan(network)}.${part}`];
      expect(state[other!], other).toEqual(before[other!]);
      const [moved, old] = [state, before].map((vectors) => tensorViews(vectors[own!], tinyPair[network].parameters));
      for (const [tensor, values] of Object.entries(old!))
        expect(moved![tensor], `${part} of ${tensor}`).not.toEqual(values);
    }
  });

  it('updates the running statistics of both networks', async () => {
    const { state } = await run(network, PLANS[network]);
    for (const name of NETWORK_NAMES)
      expect(state[`${name}.statistics`]).not.toEqual(tinyState()[`${name}.statistics`]);
  });

  it('takes an Adam step with beta1 0.5, beta2 0.999 and epsilon 1e-8 along the gradient', async () => {
    const before = tinyState();
    const { state } = await run(network, PLANS[network]);
    const gradient = await gradientOf(network, PLANS[network]);
    const m = Array.from(before[`${network}.adam_m`], (value, index) => 0.5 * value + 0.5 * gradient[index]!);
    const v = Array.from(before[`${network}.adam_v`], (value, index) => 0.999 * value + 0.001 * gradient[index]! ** 2);
    expectCloseElements(Array.from(state[`${network}.adam_m`]), m, 1e-5);
    expectCloseElements(Array.from(state[`${network}.adam_v`]), v, 1e-5);
    const moved = Array.from(
      state[`${network}.parameters`],
      (value, index) => value - before[`${network}.parameters`][index]!,
    );
    const expected = m.map(
      (value, index) => (-2e-4 * value) / (1 - 0.5 ** STEP) / (Math.sqrt(v[index]! / (1 - 0.999 ** STEP)) + 1e-8),
    );
    expectCloseElements(moved, expected, 1e-3);
  });

  it('does not compute terms of weight 0', async () => {
    const weights = { ...PLANS[network].weights, match_z: 0, match_x: 0 };
    const { match_z: _z, match_x: _x, ...without } = PLANS[network].weights;
    const [zero, absent] = [await run(network, planOf(weights)), await run(network, planOf(without))];
    expect(zero).toEqual(absent);
    const always = ['KL_fake', 'grad_norm', 'loss', 'code_variance_fake'];
    expect(Object.keys(zero.report).sort()).toEqual(
      (network === 'encoder' ? [...always, 'KL_real', 'code_variance_real'] : always).sort(),
    );
  });

  it('reports monitored terms of weight 0, without their gradients', async () => {
    const plan = planOf({ KL_fake: 1 });
    const [plain, monitored] = [
      await run(network, plan),
      await run(network, plan, { monitored: ['match_x', 'match_z'] }),
    ];
    expect(Object.keys(monitored.report).sort()).toEqual([
      'KL_fake',
      'code_variance_fake',
      'code_variance_real',
      'grad_norm',
      'loss',
      'match_x',
      'match_z',
    ]);
    expectWithin(monitored.report.loss!, plain.report.loss!, 1e-6);
    expectCloseElements(
      Array.from(monitored.state[`${network}.parameters`]),
      Array.from(plain.state[`${network}.parameters`]),
      1e-6,
    );
  });
});

describe.each(NETWORK_NAMES)('an update of the %s reports', (network) => {
  it('the norm of the full gradient', async () => {
    const gradient = await gradientOf(network, PLANS[network]);
    const { report } = await run(network, PLANS[network]);
    expectCloseElements([report.grad_norm!], [Math.hypot(...gradient)], 1e-5);
  });

  it('a gradient of 0 if every weight is 0', async () => {
    const { report } = await run(network, planOf({ KL_fake: 0 }), { monitored: ['KL_fake'] });
    expect([report.loss, report.grad_norm]).toEqual([0, 0]);
  });

  it('the relative variance of the codes of generated and of real images', async () => {
    const { report } = await run(network, PLANS[network]);
    for (const variance of [report.code_variance_fake!, report.code_variance_real!]) {
      expect(variance).toBeGreaterThan(0.01);
      expect(variance).toBeLessThan(1);
    }
    expect((await run(network, planOf({ KL_fake: 1 }))).report.code_variance_real).toBeUndefined();
  });

  it('a relative variance of 0 if all images are equal', async () => {
    const one = feeds.x.slice(0, feeds.x.length / BATCH);
    const x = Float32Array.from({ length: feeds.x.length }, (_, index) => one[index % one.length]!);
    const { report } = await run(network, PLANS[network], { x });
    expectWithin(report.code_variance_real!, 0, 1e-6);
    expect(report.code_variance_fake).toBeGreaterThan(0.01);
  });
});

describe('the loss', () => {
  it('of the encoder is the weighted sum in which the divergence of generated codes is negative', async () => {
    const { report } = await run('encoder', PLANS.encoder);
    expectWithin(
      report.loss!,
      2 * report.KL_real! - report.KL_fake! + 3 * report.match_z! + 10 * report.match_x!,
      1e-5,
    );
  });

  it('of the generator is the weighted sum', async () => {
    const { report } = await run('generator', PLANS.generator);
    expectWithin(report.loss!, report.KL_fake! + 5 * report.match_z! + 2 * report.match_x!, 1e-5);
  });

  it('decreases when the update is repeated on the same batch', async () => {
    for (const network of NETWORK_NAMES) {
      const update = await updateOf(network, PLANS[network]);
      let state: StateVectors = { ...tinyState(), [`${network}.adam_m`]: tinyState()[`${network}.adam_m`].fill(0) };
      const losses: number[] = [];
      for (let step = 1; step <= 20; step++) {
        const result = await update.run(state, { ...feeds, schedule: adamScalars(5e-3, step, ADAM) });
        state = result.state;
        losses.push(result.report.loss!);
      }
      expect(losses.at(-1), network).toBeLessThan(losses[0]!);
    }
  });
});

describe('a margin', () => {
  const lowest = minDivergence(OBJECTIVE, 'sphere', LATENT)!;

  it('that KL_fake has not reached changes no gradient', async () => {
    const { report } = await run('encoder', PLANS.encoder);
    const gap = report.KL_fake! - lowest;
    const objective = { ...OBJECTIVE, margin: gap + 0.1 };
    const within = (await run('encoder', PLANS.encoder, { objective })).report;
    const others = 2 * report.KL_real! + 3 * report.match_z! + 10 * report.match_x!;
    expectWithin(within.loss!, others - gap, 1e-5);
    const gradients = [
      await gradientOf('encoder', PLANS.encoder),
      await gradientOf('encoder', PLANS.encoder, objective),
    ];
    expectCloseElements(Array.from(gradients[1]!), Array.from(gradients[0]!), 1e-5);
  });

  it('that KL_fake exceeds leaves only the other terms, and bounds the loss', async () => {
    const plan = { ...PLANS.encoder, weights: { ...PLANS.encoder.weights, KL_fake: 50 } };
    const objective = { ...OBJECTIVE, margin: 0.01 };
    const { report } = await run('encoder', plan, { objective });
    const { KL_fake: _bounded, ...others } = plan.weights;
    const rest = 2 * report.KL_real! + 3 * report.match_z! + 10 * report.match_x!;
    expectWithin(report.loss!, rest - 0.01, 1e-5);
    expectCloseElements(
      Array.from(await gradientOf('encoder', plan, objective)),
      Array.from(await gradientOf('encoder', planOf(others))),
      1e-5,
    );
    expect(report.KL_fake).toEqual(expect.any(Number));
  });

  it('does not concern the generator', async () => {
    const objective = { ...OBJECTIVE, margin: 0.01 };
    expect(await run('generator', PLANS.generator, { objective })).toEqual(await run('generator', PLANS.generator));
  });
});

describe('the gradient', () => {
  const objectives: readonly Objective[] = [
    OBJECTIVE,
    { ...OBJECTIVE, divergence: 'pq', moment: 'variance', reduction: 'sum', prior: 'normal' },
    { ...OBJECTIVE, divergence: 'nearest', matchX: 'L1', matchZ: 'L1' },
    { ...OBJECTIVE, moment: 'variance', reduction: 'sum', matchX: 'L2', matchZ: 'L2' },
  ];
  const cases = NETWORK_NAMES.flatMap((network) =>
    objectives.map((objective) => ({ network, objective, ...objective })),
  );

  it.each(cases)(
    'of the $network, $divergence $moment $reduce $prior $matchX $matchZ, matches finite differences',
    async ({ network, objective }) => {
      const gradient = await gradientOf(network, PLANS[network], objective);
      const length = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
      const program = await updateOf(network, PLANS[network], { objective });
      const state = tinyState();
      const lossAt = async (distance: number) => {
        const parameters = state[`${network}.parameters`].map(
          (value, index) => value + (distance * gradient[index]!) / length,
        );
        return (await program.run({ ...state, [`${network}.parameters`]: parameters }, feeds)).report.loss!;
      };
      const distance = 2e-3;
      const slope = ((await lossAt(distance)) - (await lossAt(-distance))) / (2 * distance);
      // The kinks of L1 and LeakyReLU leave a part of a hundredth.
      expectWithin(slope / length, 1, 0.05);
    },
  );
});

describe('V = D(e(g(Z))) - D(e(X))', () => {
  it('is 0 with a zero encoder gradient if the images equal the generated ones', async () => {
    const functions = trainingFunctions(tinyPair, symbolicState(), 'sphere');
    const fake = functions.generate({ z: input('z', [BATCH, LATENT]) }, { kind: 'native' });
    const program = await compileSmall(graphOf({ fake }));
    const state = tinyState();
    const x = (await program.run({ 'generator.parameters': state['generator.parameters'], z: feeds.z })).fake!
      .data as Float32Array;
    await program.release();

    const { report, state: after } = await run('encoder', planOf({ KL_real: 1, KL_fake: 1 }), { x });
    expect(report.KL_real).toBeGreaterThan(0.1);
    expectWithin(report.KL_fake!, report.KL_real!, 1e-6);
    expectWithin(report.loss!, 0, 1e-6);
    // Without a gradient the first moment only decays.
    expectCloseElements(
      Array.from(after['encoder.adam_m']),
      Array.from(state['encoder.adam_m'], (value) => 0.5 * value),
      1e-4,
    );
  });

  it('is not 0 otherwise', async () => {
    const { report } = await run('encoder', planOf({ KL_real: 1, KL_fake: 1 }));
    expect(Math.abs(report.loss!)).toBeGreaterThan(0.01);
  });
});

/**
 * How often a network was run by an update: every pass leaves 0.9 of what was in the running statistics, and adds what
 * does not depend on it.
 */
async function passesOf(network: NetworkName, plan: UpdatePlan): Promise<Record<NetworkName, number>> {
  const state = tinyState();
  const shifted: StateVectors = {
    ...state,
    'encoder.statistics': state['encoder.statistics'].map((value) => value + 1),
    'generator.statistics': state['generator.statistics'].map((value) => value + 1),
  };
  const program = await updateOf(network, plan);
  const [from, other] = [await program.run(state, feeds), await program.run(shifted, feeds)];
  const count = (name: NetworkName) =>
    Math.log(other.state[`${name}.statistics`][0]! - from.state[`${name}.statistics`][0]!) / Math.log(0.9);
  return { encoder: count('encoder'), generator: count('generator') };
}

describe('passes of an update that update the running statistics', () => {
  it.each([
    ['encoder', { KL_real: 1 }, { encoder: 1, generator: 0 }],
    ['encoder', { match_x: 1 }, { encoder: 1, generator: 1 }],
    ['encoder', { KL_real: 1, match_x: 10 }, { encoder: 1, generator: 1 }],
    ['encoder', { KL_fake: 1 }, { encoder: 1, generator: 1 }],
    ['encoder', { match_z: 1 }, { encoder: 1, generator: 1 }],
    ['encoder', { KL_fake: 1, match_z: 1 }, { encoder: 1, generator: 1 }],
    ['encoder', { KL_real: 1, KL_fake: 1 }, { encoder: 2, generator: 1 }],
    ['encoder', { KL_real: 1, KL_fake: 1, match_x: 10, match_z: 0 }, { encoder: 2, generator: 2 }],
    ['encoder', { KL_real: 1, KL_fake: 0, match_x: 0, match_z: 0 }, { encoder: 1, generator: 0 }],
    ['generator', { KL_fake: 1 }, { encoder: 1, generator: 1 }],
    ['generator', { match_z: 1 }, { encoder: 1, generator: 1 }],
    ['generator', { match_x: 1 }, { encoder: 1, generator: 1 }],
    ['generator', { KL_fake: 1, match_z: 1000, match_x: 0 }, { encoder: 1, generator: 1 }],
    ['generator', { KL_fake: 1, match_z: 1000, match_x: 1 }, { encoder: 2, generator: 2 }],
  ] as const)('of the %s with %o are %o', async (network, weights, expected) => {
    const passes = await passesOf(network, planOf(weights));
    for (const name of NETWORK_NAMES) expectWithin(passes[name], expected[name], 1e-3);
  });
});

it('an update returns the complete state', () => {
  expect([...STATE_NAMES].sort()).toEqual(Object.keys(tinyState()).sort());
});
