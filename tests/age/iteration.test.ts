import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAM, STATE_NAMES, type StateName } from '../../src/age/update.js';
import {
  type AverageName,
  EMA_NAMES,
  fromPixels,
  type Iteration,
  iterationOf,
  type IterationSpec,
  stateSize,
} from '../../src/age/iteration.js';
import { drawCodes } from '../../src/age/prior.js';
import { parsePlan } from '../../src/age/plan.js';
import { fromBytes } from '../../src/images/raster.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import { linear } from '../../src/networks/layers.js';
import { createNetwork, NETWORK_NAMES, type NetworkName } from '../../src/networks/network.js';
import { adamScalars, countFlops, nextName, simplify, StatefulProgram } from '../../src/engine/index.js';
import { type Target } from '../../src/engine/lowering/lower.js';
import { randomStream } from '../../src/random.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall, forward, targets } from '../engine/running.js';
import { meanOf } from '../moments.js';
import {
  BATCH,
  IMAGE_SIZE,
  LATENT,
  OBJECTIVE,
  type StateVectors,
  tinyImages,
  tinyPair,
  tinyState,
} from './tinyGame.js';
import { TinyUpdate } from './tinyUpdate.js';

const PUBLISHED: IterationSpec = {
  pair: tinyPair,
  objective: OBJECTIVE,
  plans: {
    encoder: parsePlan('encoder', '1;KL_fake:1,KL_real:1,match_z:0,match_x:10'),
    generator: parsePlan('generator', '2;KL_fake:1,match_z:1000,match_x:0'),
  },
  batch: BATCH,
};

describe('the graph of an iteration', () => {
  it('takes the state, images, codes and schedules, and returns the next state and a report', () => {
    const { graph } = iterationOf(PUBLISHED);
    const shapes = Object.fromEntries(graph.inputs.map(({ name, type, shape }) => [name, [type, ...shape]]));
    expect(shapes).toEqual({
      ...Object.fromEntries(STATE_NAMES.map((name) => [name, ['float32', stateSize(tinyPair, name)]])),
      images: ['uint8', 1, BATCH, 1, 8, 8],
      codes: ['float32', 3, BATCH, LATENT],
      'encoder.schedule': ['float32', 1, 2],
      'generator.schedule': ['float32', 2, 2],
    });
    expect(Object.fromEntries(Object.entries(graph.outputs).map(([name, { shape }]) => [name, shape]))).toEqual({
      ...Object.fromEntries(STATE_NAMES.map((name) => [nextName(name), [stateSize(tinyPair, name)]])),
      report: [12],
    });
  });

  it('names its reported values: terms of the plans, their sums, gradient norms and variances of codes', () => {
    const encoder = ['KL_fake', 'KL_real', 'code_variance_fake', 'code_variance_real', 'grad_norm', 'loss', 'match_x'];
    const generator = ['KL_fake', 'code_variance_fake', 'grad_norm', 'loss', 'match_z'];
    const names = [...encoder.map((name) => `encoder.${name}`), ...generator.map((name) => `generator.${name}`)];
    expect([...iterationOf(PUBLISHED).reportNames].sort()).toEqual(names);
  });

  it('has the same inputs if the plans leave some unused', () => {
    const plans = { encoder: parsePlan('encoder', '2;KL_real:1'), generator: parsePlan('generator', '1;match_x:1') };
    expect(iterationOf({ ...PUBLISHED, plans }).graph.inputs.map(({ name }) => name)).toEqual(
      iterationOf(PUBLISHED).graph.inputs.map(({ name }) => name),
    );
  });

  it('supports the published networks and plans', () => {
    const pair = ARCHITECTURES.dcgan64.build({ channels: 3, latentSize: 64, width: 64 });
    const { graph } = iterationOf({
      ...PUBLISHED,
      pair,
      batch: 64,
      plans: { ...PUBLISHED.plans, generator: parsePlan('generator', '3;KL_fake:1,match_z:1000,match_x:0') },
    });
    expect(graph.outputs[nextName('generator.parameters')]!.shape).toEqual([pair.generator.parameters.size]);
  });
});

it('converts bytes to pixels in [-1, 1], as outside the graph', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const pixels = await forward((x) => fromPixels(x), [{ type: 'uint8', shape: [256], data: bytes }]);
  expectCloseElements(Array.from(pixels.data, Number), Array.from(fromBytes(bytes)), 1e-6);
  expect([pixels.data[0], pixels.data[255]]).toEqual([-1, 1]);
});

/** The generator reconstructs the images of the last encoder update, from its codes, in the first of its updates. */
const spec: IterationSpec = {
  ...PUBLISHED,
  plans: {
    encoder: parsePlan('encoder', '2;KL_fake:1,KL_real:1,match_x:10'),
    generator: parsePlan('generator', '3;KL_fake:1,match_z:10,match_x:1'),
  },
};
const images = tinyImages(2 * BATCH, 7);
const codes = drawCodes('sphere', 5 * BATCH, LATENT, randomStream(7, 'iteration codes'));
const schedules = {
  encoder: [4, 5].map((step) => adamScalars(1e-3, step, ADAM)),
  generator: [7, 8, 9].map((step) => adamScalars(1e-3, step, ADAM)),
};
const feeds = {
  images,
  codes,
  'encoder.schedule': Float32Array.from(schedules.encoder.flat()),
  'generator.schedule': Float32Array.from(schedules.generator.flat()),
};

describe('an iteration of several updates', () => {
  let iteration: Iteration;
  let program: StatefulProgram;
  let updates: Record<'encoder' | 'first' | 'later', TinyUpdate>;
  beforeAll(async () => {
    iteration = iterationOf(spec);
    program = new StatefulProgram(await compileSmall(iteration.graph), tinyState());
    updates = {
      encoder: await TinyUpdate.of('encoder', spec.plans.encoder),
      first: await TinyUpdate.of('generator', spec.plans.generator, OBJECTIVE, { hasDecoded: true }),
      later: await TinyUpdate.of('generator', parsePlan('generator', '3;KL_fake:1,match_z:10')),
    };
  });
  afterAll(() => Promise.all([program, ...Object.values(updates)].map((each) => each.release())));

  /** The same updates, each run by itself. */
  async function oneByOne(): Promise<{ state: StateVectors; report: Record<string, number> }> {
    let state = tinyState();
    let decoded: Float32Array | undefined;
    const report: Record<string, number[]> = {};
    for (const network of NETWORK_NAMES) {
      for (const [number, schedule] of schedules[network].entries()) {
        const batch = network === 'encoder' ? number : 1;
        const place = network === 'encoder' ? number : 2 + number;
        const one = network === 'encoder' ? updates.encoder : number === 0 ? updates.first : updates.later;
        const result = await one.run(state, {
          x: fromBytes(images.subarray(batch * BATCH * IMAGE_SIZE, (batch + 1) * BATCH * IMAGE_SIZE)),
          z: codes.subarray(place * BATCH * LATENT, (place + 1) * BATCH * LATENT),
          schedule,
          ...(one === updates.first && { decoded: decoded! }),
        });
        decoded = result.codes;
        state = result.state;
        for (const [name, value] of Object.entries(result.report)) (report[`${network}.${name}`] ??= []).push(value);
      }
    }
    return {
      state,
      report: Object.fromEntries(Object.entries(report).map(([name, values]) => [name, meanOf(values)])),
    };
  }

  it('equals its updates one after another, and reports the means of their values', async () => {
    const { report: found } = await program.step(feeds);
    const expected = await oneByOne();
    const before = tinyState();
    for (const name of STATE_NAMES) {
      expect(expected.state[name], name).not.toEqual(before[name]);
      // The way travelled, since the values themselves hide it.
      const travelled = (values: Float32Array) => Array.from(values, (value, index) => value - before[name][index]!);
      expectCloseElements(travelled((await program.readState())[name]!), travelled(expected.state[name]), 1e-3);
    }
    const report = Object.fromEntries(iteration.reportNames.map((name, index) => [name, Number(found!.data[index])]));
    expect(Object.keys(report).sort()).toEqual(Object.keys(expected.report).sort());
    for (const [name, value] of Object.entries(expected.report)) expectCloseElements([report[name]!], [value], 1e-4);
  });
});

describe('alternating updates', () => {
  it('share the reconstruction: the generator only adds the gradient of its weights, once', () => {
    const operations = (generator: string) => {
      const plans = { ...spec.plans, generator: parsePlan('generator', generator) };
      return countFlops(simplify(iterationOf({ ...spec, plans }).graph));
    };
    const added = (updates: number) =>
      operations(`${updates};KL_fake:1,match_x:1`) - operations(`${updates};KL_fake:1`);
    expect(added(1)).toBeLessThan((operations('2;KL_fake:1') - operations('1;KL_fake:1')) / 2);
    expect(added(3) / added(1)).toBeCloseTo(1, 1);
  });
});

describe('code noise', () => {
  const noisy: IterationSpec = { ...spec, hasCodeNoise: true };
  const reportOf = async (distance: number) => {
    const program = new StatefulProgram(await compileSmall(iterationOf(noisy).graph), tinyState());
    const displacements = new Float32Array(5 * BATCH).fill(distance);
    const { report } = await program.step({ ...feeds, displacements });
    await program.release();
    return Object.fromEntries(iterationOf(noisy).reportNames.map((name, index) => [name, Number(report!.data[index])]));
  };

  it('has a distance for each code of a batch, unless nothing is reconstructed', () => {
    const shapeOf = ({ graph }: Iteration) => graph.inputs.find(({ name }) => name === 'displacements')?.shape;
    expect(shapeOf(iterationOf(noisy))).toEqual([5, BATCH, 1]);
    expect(shapeOf(iterationOf(spec))).toBeUndefined();
    const plans = { encoder: parsePlan('encoder', '1;KL_real:1'), generator: parsePlan('generator', '1;match_z:1') };
    expect(shapeOf(iterationOf({ ...noisy, plans }))).toBeUndefined();
  });

  it('changes the reconstructions of both networks, and no other term of the first update', async () => {
    const [still, moved] = [await reportOf(0), await reportOf(2)];
    const program = new StatefulProgram(await compileSmall(iterationOf(spec).graph), tinyState());
    const { report } = await program.step(feeds);
    await program.release();
    const without = iterationOf(spec).reportNames.map((_, index) => Number(report!.data[index]));
    expectCloseElements(Object.values(still), without, 1e-5);
    for (const network of NETWORK_NAMES)
      expect(moved[`${network}.match_x`]).not.toBeCloseTo(still[`${network}.match_x`]!, 4);
  });
});

describe('simultaneous updates', () => {
  const plans = {
    encoder: parsePlan('encoder', '1;KL_fake:1,KL_real:1,match_x:10,match_z:5'),
    generator: parsePlan('generator', '1;KL_fake:1,match_x:10,match_z:5'),
  };
  const simultaneous: IterationSpec = { ...PUBLISHED, plans, order: 'simultaneous' };
  const batch = { images: tinyImages(BATCH, 7), codes: codes.subarray(0, BATCH * LATENT) };

  it('equal both updates, each from the state before, with the same images and codes', async () => {
    const { graph, reportNames } = iterationOf(simultaneous);
    const program = new StatefulProgram(await compileSmall(graph), tinyState());
    const { report } = await program.step({
      ...batch,
      'encoder.schedule': Float32Array.from(schedules.encoder[0]!),
      'generator.schedule': Float32Array.from(schedules.generator[0]!),
    });
    const after = await program.readState();
    await program.release();
    for (const network of NETWORK_NAMES) {
      const alone = await TinyUpdate.of(network, plans[network]);
      const input = { x: fromBytes(batch.images), z: batch.codes, schedule: schedules[network][0]! };
      const expected = await alone.run(tinyState(), input);
      await alone.release();
      for (const name of STATE_NAMES.filter((each) => each.startsWith(network)))
        expectCloseElements(Array.from(after[name]!), Array.from(expected.state[name]), 1e-5);
      for (const [name, value] of Object.entries(expected.report))
        expectCloseElements([report!.data[reportNames.indexOf(`${network}.${name}`)] as number], [value], 1e-4);
    }
  });

  it('share passes: they take less than 0.9 of the operations of alternating ones, which share the reconstruction', () => {
    const operations = (each: IterationSpec) => countFlops(simplify(iterationOf(each).graph));
    expect(operations(simultaneous)).toBeLessThan(0.9 * operations({ ...simultaneous, order: 'alternating' }));
  });
});

describe('an augmented iteration', () => {
  const augmented: IterationSpec = { ...PUBLISHED, augmentations: ['translation'] };
  const batch = { images: tinyImages(BATCH, 7), codes: codes.subarray(0, 3 * BATCH * LATENT) };
  const schedule = (network: NetworkName, count: number) =>
    Float32Array.from(schedules[network].slice(0, count).flat());
  const inputs = {
    ...batch,
    'encoder.schedule': schedule('encoder', 1),
    'generator.schedule': schedule('generator', 2),
  };
  /** Shifts by (rows, columns) of all images and of all generated images, in each update. */
  const shifts = (real: readonly [number, number], generated: readonly [number, number]) =>
    Float32Array.from(
      [1, 2, 3].flatMap(() => [real, generated].flatMap((shift) => new Array(BATCH).fill(shift).flat() as number[])),
    );

  async function stepped(iteration: IterationSpec, more: Record<string, Float32Array> = {}, target?: Target) {
    const { graph, reportNames } = iterationOf(iteration);
    const program = new StatefulProgram(await compileSmall(graph, target), tinyState());
    const { report } = await program.step({ ...inputs, ...more });
    const state = await program.readState();
    await program.release();
    return { state, report: Object.fromEntries(reportNames.map((name, index) => [name, Number(report!.data[index])])) };
  }

  it('takes the parameters of images and of generated images in each update', () => {
    const { graph } = iterationOf({ ...PUBLISHED, augmentations: ['color', 'cutout'] });
    expect(graph.inputs.find(({ name }) => name === 'augmentation')?.shape).toEqual([3, 2, BATCH, 5]);
  });

  it.each(Object.entries(targets))(
    'with parameters that change nothing is one without augmentation, running statistics included (%s)',
    async (_, target) => {
      const plain = await stepped(PUBLISHED, {}, target);
      const found = await stepped(augmented, { augmentation: shifts([0, 0], [0, 0]) }, target);
      for (const name of STATE_NAMES)
        expectCloseElements(Array.from(found.state[name]!), Array.from(plain.state[name]!), 1e-4);
      for (const [name, value] of Object.entries(plain.report))
        expectCloseElements([found.report[name]!], [value], 1e-4);
    },
  );

  it('augments images for the divergences, and neither reconstructions nor running statistics', async () => {
    const still = await stepped(augmented, { augmentation: shifts([0, 0], [0, 0]) });
    const moved = await stepped(augmented, { augmentation: shifts([1, -1], [0, 0]) });
    expect(Math.abs(moved.report['encoder.KL_real']! - still.report['encoder.KL_real']!)).toBeGreaterThan(1e-3);
    for (const name of [
      'encoder.KL_fake',
      'encoder.match_x',
      'encoder.code_variance_real',
      'encoder.code_variance_fake',
    ]) {
      expectCloseElements([moved.report[name]!], [still.report[name]!], 1e-5);
    }
    const generated = await stepped(augmented, { augmentation: shifts([0, 0], [1, -1]) });
    expect(Math.abs(generated.report['encoder.KL_fake']! - still.report['encoder.KL_fake']!)).toBeGreaterThan(1e-3);
    for (const name of ['encoder.KL_real', 'encoder.match_x'])
      expectCloseElements([generated.report[name]!], [still.report[name]!], 1e-5);
  });
});

describe('weights of the terms as inputs', () => {
  const weighted: IterationSpec = { ...spec, hasWeightInputs: true };
  const stepped = async (iteration: IterationSpec, more: Record<string, Float32Array> = {}) => {
    const program = new StatefulProgram(await compileSmall(iterationOf(iteration).graph), tinyState());
    const { report } = await program.step({ ...feeds, ...more });
    const state = await program.readState();
    await program.release();
    return { state, report: Array.from(report!.data, Number) };
  };

  it('compute what the same constants compute', async () => {
    const plans = {
      encoder: parsePlan('encoder', '2;KL_fake:0.5,KL_real:2,match_x:3'),
      generator: parsePlan('generator', '3;KL_fake:4,match_z:5,match_x:6'),
    };
    const expected = await stepped({ ...spec, plans });
    const found = await stepped(weighted, {
      'encoder.weights': Float32Array.of(0.5, 2, 3),
      'generator.weights': Float32Array.of(4, 5, 6),
    });
    expectCloseElements(found.report, expected.report, 1e-5);
    for (const name of STATE_NAMES)
      expectCloseElements(Array.from(found.state[name]!), Array.from(expected.state[name]!), 1e-5);
  });

  it('may be 0: the terms are reported, and have no part in the loss', async () => {
    const { report } = await stepped(weighted, {
      'encoder.weights': Float32Array.of(0, 0, 1),
      'generator.weights': Float32Array.of(0, 1, 0),
    });
    const named = Object.fromEntries(iterationOf(weighted).reportNames.map((name, index) => [name, report[index]!]));
    expectCloseElements(
      [named['encoder.loss']!, named['generator.loss']!],
      [named['encoder.match_x']!, named['generator.match_z']!],
      1e-6,
    );
    expect(named['encoder.KL_real']).toBeGreaterThan(0);
  });
});

it('images as values are not converted', async () => {
  const [bytes, values] = await Promise.all(
    (['uint8', 'float32'] as const).map(async (imageType) => {
      const program = new StatefulProgram(await compileSmall(iterationOf({ ...spec, imageType }).graph), tinyState());
      const { report } = await program.step({ ...feeds, images: imageType === 'uint8' ? images : fromBytes(images) });
      await program.release();
      return Array.from(report!.data, Number);
    }),
  );
  expectCloseElements(values!, bytes!, 1e-5);
});

it('networks without running statistics have no such vectors', () => {
  const pair = {
    encoder: createNetwork('encoder', { linear: linear(2, 3) }, [2]),
    generator: createNetwork('generator', { linear: linear(3, 2) }, [3, 1, 1]),
  };
  const { graph } = iterationOf({ ...PUBLISHED, pair, imageType: 'float32', hasEma: true });
  const names = graph.inputs.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['encoder.parameters', 'encoder.ema_parameters']));
  expect(names.filter((name) => name.includes('statistics'))).toEqual([]);
  expect(Object.keys(graph.outputs).filter((name) => name.includes('statistics'))).toEqual([]);
});

describe('EMA weights', () => {
  const averaged: IterationSpec = { ...spec, hasEma: true };
  const weightsOf = (name: AverageName) => name.replace('ema_', '') as StateName;
  /** Averages that are not the weights. */
  const averages = Object.fromEntries(
    EMA_NAMES.map((name) => [name, randomStream(3, name).fillNormal(new Float32Array(stateSize(tinyPair, name)))]),
  ) as Record<AverageName, Float32Array>;

  /** The state before an iteration and after each of several, of the decays given. */
  async function statesOf(decays: readonly number[], target?: Target): Promise<Record<string, Float32Array>[]> {
    const program = new StatefulProgram(await compileSmall(iterationOf(averaged).graph, target), {
      ...tinyState(),
      ...averages,
    });
    const states = [await program.readState()];
    for (const decay of decays) {
      await program.step({ ...feeds, ema_decay: Float32Array.of(decay) });
      states.push(await program.readState());
    }
    await program.release();
    return states;
  }

  it('are additional inputs and outputs of the graph', () => {
    const { graph } = iterationOf(averaged);
    expect(graph.inputs.map(({ name }) => name)).toEqual(expect.arrayContaining([...EMA_NAMES, 'ema_decay']));
    for (const name of EMA_NAMES) expect(graph.outputs[nextName(name)]!.shape).toEqual([stateSize(tinyPair, name)]);
  });

  describe.each(Object.entries(targets))('EMA lowered for %s', (_, target) => {
    it('keeps the decay of the previous average, and takes the rest from weights and running statistics', async () => {
      const decays = [0.9, 0.5, 0.99, 0.25];
      const states = await statesOf(decays, target);
      for (const name of EMA_NAMES) {
        let expected = Array.from(averages[name]);
        for (const [index, decay] of decays.entries()) {
          const weights = states[index + 1]![weightsOf(name)]!;
          expected = expected.map(
            (average, place) => Math.fround(decay) * average + (1 - Math.fround(decay)) * weights[place]!,
          );
          expectCloseElements(Array.from(states[index + 1]![name]!), expected, 1e-6);
        }
      }
    });

    it('is bitwise identical to the weights with decay 0', async () => {
      const [, after] = await statesOf([0], target);
      for (const name of EMA_NAMES) expect(after![name], name).toEqual(after![weightsOf(name)]);
    });

    it('changes no weight', async () => {
      const without = new StatefulProgram(await compileSmall(iterationOf(spec).graph, target), tinyState());
      await without.step(feeds);
      await without.step(feeds);
      const after = (await statesOf([0.9, 0.5], target))[2]!;
      for (const name of STATE_NAMES) expect(after[name], name).toEqual((await without.readState())[name]);
      await without.release();
    });
  });
});
