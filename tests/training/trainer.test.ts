import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAM, STATE_NAMES, type StateName } from '../../src/age/update.js';
import { EMA_NAMES, iterationOf } from '../../src/age/iteration.js';
import { minDivergence } from '../../src/age/divergences.js';
import { gatherImages } from '../../src/data/source.js';
import { NETWORK_NAMES } from '../../src/networks/network.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.js';
import {
  initialState,
  type IterationReport,
  modelWeights,
  stateFromWeights,
  Trainer,
  type TrainerState,
  type TrainingVectors,
} from '../../src/training/trainer.js';
import { iterationSpec } from '../../src/training/configuration.js';
import {
  adamScalars,
  type Compile,
  constant,
  type ElementArray,
  graphOf,
  type Program,
} from '../../src/engine/index.js';
import { InputError } from '../../src/errors.js';
import { normOf, rowsOf } from '../age/codes.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileOnce, compileSmall } from '../engine/running.js';
import { errorOf, expectInputError } from '../rejection.js';
import { digest, noiseSource, tinyConfiguration } from './tinyTraining.js';

const { train: images } = noiseSource();

async function trainerOf(
  configuration = tinyConfiguration(),
  start?: TrainerState,
  compile: Compile = compileOnce,
): Promise<Trainer> {
  const trainer = await Trainer.create(configuration, images, compile, start);
  onTestFinished(() => trainer.release());
  return trainer;
}

/** A trainer that cannot iterate, since its graph was not compiled: quick to make. */
const idleTrainerOf = (configuration = tinyConfiguration()): Promise<Trainer> =>
  trainerOf(configuration, undefined, () => compileSmall(graphOf({ nothing: constant(0) })));

async function iterated(trainer: Trainer, iterations: number): Promise<IterationReport[]> {
  const reports: IterationReport[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) reports.push(await trainer.iterate());
  return reports;
}

it('a trainer needs a network for the distance of features', async () => {
  const configuration = tinyConfiguration({ matchX: 'L1:1,features:0.5' });
  await expectInputError(
    () => trainerOf(configuration),
    'matchX: only the command line and agenet/node train with features',
  );
});

describe('the initial state', () => {
  const { vectors, step, rateScale } = initialState(tinyConfiguration());

  it('has every vector, Adam moments of 0, and the full learning rate', () => {
    expect([step, rateScale]).toEqual([0, 1]);
    expect(Object.keys(vectors).sort()).toEqual([...STATE_NAMES].sort());
    for (const name of STATE_NAMES.filter((state) => state.includes('adam')))
      expect(new Set(vectors[name])).toEqual(new Set([0]));
  });

  it('depends only on the seed', () => {
    expect(initialState(tinyConfiguration()).vectors).toEqual(vectors);
    expect(initialState(tinyConfiguration({ seed: 2 })).vectors['encoder.parameters']).not.toEqual(
      vectors['encoder.parameters'],
    );
  });

  it('initializes EMA with the weights', () => {
    const averaged = initialState(tinyConfiguration({ ema: 0.9 })).vectors;
    expect(Object.keys(averaged).sort()).toEqual([...STATE_NAMES, ...EMA_NAMES].sort());
    for (const name of EMA_NAMES) expect(averaged[name]).toEqual(vectors[name.replace('ema_', '') as StateName]);
  });

  it('with given weights has these, and zero moments', () => {
    const given = modelWeights(initialState(tinyConfiguration({ seed: 3 })).vectors);
    const point = stateFromWeights(given, tinyConfiguration({ ema: 0.9 }));
    expect(point).toEqual({ ...initialState(tinyConfiguration({ ema: 0.9, seed: 3 })), step: 0 });
  });
});

it('is bitwise identical with separate running statistics except for these', async () => {
  const configuration = (batchNormStats: 'shared' | 'separate') =>
    tinyConfiguration({ batchNormStats, ema: 0.9, encoderUpdates: '1;KL_fake:1,KL_real:1,match_x:10' });
  const [shared, apart] = [await trainerOf(configuration('shared')), await trainerOf(configuration('separate'))];
  const reports = [await iterated(shared, 3), await iterated(apart, 3)];
  expect(reports[1]).toEqual(reports[0]);
  for (const name of [...STATE_NAMES, ...EMA_NAMES]) {
    const [one, other] = [(await shared.readState()).vectors[name]!, (await apart.readState()).vectors[name]!];
    if (name.endsWith('statistics')) expect(other.length).toBe(2 * one.length);
    else expect(other).toEqual(one);
  }
});

it('with given weights also takes their running statistics if these become separate', () => {
  const given = modelWeights(initialState(tinyConfiguration()).vectors);
  const { vectors } = stateFromWeights(given, tinyConfiguration({ batchNormStats: 'separate', ema: 0.9 }));
  for (const network of NETWORK_NAMES) {
    const twice = Float32Array.from([...given[`${network}.statistics`], ...given[`${network}.statistics`]]);
    expect([vectors[`${network}.statistics`], vectors[`${network}.ema_statistics`]]).toEqual([twice, twice]);
  }
});

describe('the weights of a model', () => {
  const { vectors } = initialState(tinyConfiguration());
  const averages = Object.fromEntries(EMA_NAMES.map((name, index) => [name, Float32Array.of(index)]));

  it('are the raw weights if there is no EMA', () => {
    for (const raw of [true, false]) {
      expect(modelWeights(vectors, { ema: !raw })['encoder.statistics']).toBe(vectors['encoder.statistics']);
      expect(modelWeights(vectors, { ema: !raw })['generator.parameters']).toBe(vectors['generator.parameters']);
    }
  });

  it('are the EMA weights by default if there are any', () => {
    const averaged: TrainingVectors = { ...vectors, ...averages };
    const [picked, raw] = [modelWeights(averaged), modelWeights(averaged, { ema: false })];
    for (const name of EMA_NAMES) {
      const weights = name.replace('ema_', '') as keyof typeof picked;
      expect(picked[weights]).toBe(averaged[name]);
      expect(raw[weights]).toBe(vectors[weights]);
    }
  });
});

it('a trainer compiles an iteration that has been built', async () => {
  const configuration = tinyConfiguration();
  const iteration = iterationOf(iterationSpec(configuration));
  const compile = vi.fn(() => compileSmall(graphOf({ nothing: constant(0) })));
  const trainer = await Trainer.create(configuration, images, compile, undefined, { iteration });
  await trainer.release();
  expect(compile).toHaveBeenCalledExactlyOnceWith(iteration.graph);
});

describe('a trainer', () => {
  const reports: IterationReport[] = [];
  const states: TrainingVectors[] = [];
  beforeAll(async () => {
    const trainer = await Trainer.create(tinyConfiguration(), images, compileOnce);
    expect([trainer.step, trainer.batchesPerEpoch, trainer.runtimeSeconds]).toEqual([0, 4, 0]);
    for (let iteration = 0; iteration < 9; iteration++) {
      states.push((await trainer.readState()).vectors);
      reports.push(await trainer.iterate());
    }
    expect(trainer.step).toBe(9);
    expect(trainer.runtimeSeconds).toBeGreaterThan(0);
    await trainer.release();
  });

  it('counts its iterations and the epochs of their images', () => {
    expect(reports.map(({ step, epoch }) => [step, epoch])).toEqual(
      [...Array(9).keys()].map((index) => [index + 1, Math.floor(index / 4)]),
    );
  });

  it('reports every term of the plans, and the gap of a divergence above its lower bound', () => {
    const divergences = ['encoder.KL_fake', 'encoder.KL_real', 'generator.KL_fake'];
    const health = [
      'encoder.code_variance_real',
      ...NETWORK_NAMES.flatMap((network) => [
        `${network}.grad_norm`,
        `${network}.loss`,
        `${network}.code_variance_fake`,
      ]),
    ];
    const names = [
      ...divergences,
      ...divergences.map((name) => `${name}_gap`),
      ...health,
      'encoder.match_x',
      'generator.match_z',
    ];
    const floor = minDivergence(iterationSpec(tinyConfiguration()).objective, 'sphere', 8)!;
    for (const { scalars } of reports) {
      const cosine = scalars['generator.match_z_cosine'];
      const distance = scalars['generator.match_z']!;
      const isCosine = tinyConfiguration().matchZ === 'cos';
      expect(cosine).toEqual(isCosine ? (2 - distance) * 8 : undefined);
      expect(Object.keys(scalars).sort()).toEqual([...names, ...(isCosine ? ['generator.match_z_cosine'] : [])].sort());
      for (const name of divergences) {
        expect(scalars[`${name}_gap`]).toBeCloseTo(scalars[name]! - floor, 6);
        expect(scalars[`${name}_gap`]).toBeGreaterThan(-1e-5);
      }
    }
  });

  it('updates every vector of the state in every iteration', () => {
    for (const name of STATE_NAMES) {
      for (const [iteration, state] of states.slice(1).entries())
        expect(state[name], name).not.toEqual(states[iteration]![name]);
    }
  });

  it('reports no gap for the nearest-neighbor divergence, which has no lower bound', async () => {
    const [report] = await iterated(await trainerOf(tinyConfiguration({ divergence: 'nearest' })), 1);
    expect(Object.keys(report!.scalars).filter((name) => name.endsWith('_gap'))).toEqual([]);
  });

  it('determines the number of iterations from its length', async () => {
    expect((await idleTrainerOf(tinyConfiguration({ length: { steps: 7 } }))).totalSteps).toBe(7);
    expect((await idleTrainerOf(tinyConfiguration({ length: { epochs: 3 } }))).totalSteps).toBe(12);
    // Two batches an iteration; the last iteration may reach into the next epoch.
    expect(
      (await idleTrainerOf(tinyConfiguration({ length: { epochs: 3 }, batch: 5, encoderUpdates: '2;KL_real:1' })))
        .totalSteps,
    ).toBe(5);
  });

  it('reports the number of parameters of its networks', async () => {
    const { encoder, generator } = iterationSpec(tinyConfiguration()).pair;
    expect((await idleTrainerOf()).parameterCounts).toEqual({
      encoder: encoder.parameters.size,
      generator: generator.parameters.size,
    });
  });

  it('is deterministic, and depends on the seed', async () => {
    const again = await trainerOf();
    expect(await iterated(again, 3)).toEqual(reports.slice(0, 3));
    expect((await again.readState()).vectors).toEqual(states[3]);
    expect(await iterated(await trainerOf(tinyConfiguration({ seed: 2 })), 1)).not.toEqual(reports.slice(0, 1));
  });

  it('in two halves with a checkpoint between ends bitwise identical', async () => {
    const configuration = tinyConfiguration({ halveEvery: 1, encoderUpdates: '2;KL_fake:1,KL_real:1,match_x:10' });
    const whole = await trainerOf(configuration);
    const reports = await iterated(whole, 6);

    const first = await trainerOf(configuration);
    const firstReports = await iterated(first, 3);
    const saved = encodeCheckpoint({ configuration, ...(await first.readState()) }, digest);
    const second = await trainerOf(configuration, await decodeCheckpoint(saved, 'half', digest));
    expect([...firstReports, ...(await iterated(second, 3))]).toEqual(reports);
    expect(await second.readState()).toEqual(await whole.readState());
  });

  it('reports the learning rate that it uses', () => {
    expect(reports.map(({ learningRate }) => learningRate)).toEqual(Array(9).fill(2e-4));
  });

  it('reports the same values, including gradient norms, for every lowering', async () => {
    const [lowered] = await iterated(await trainerOf(tinyConfiguration(), undefined, compileSmall), 1);
    expect(Object.keys(lowered!.scalars)).toEqual(Object.keys(reports[0]!.scalars));
    for (const [name, value] of Object.entries(lowered!.scalars))
      expectCloseElements([reports[0]!.scalars[name]!], [value], 1e-3, 1e-2);
  });

  it('requires at least one batch of images', async () => {
    expect(await errorOf(() => trainerOf(tinyConfiguration({ batch: 19 })))).toBeInstanceOf(InputError);
  });
});

describe('inputs of the training program', () => {
  const configuration = tinyConfiguration({
    halveEvery: 2,
    encoderUpdates: '2;KL_fake:1,KL_real:1',
    generatorUpdates: '3;KL_fake:1',
  });
  const ITERATIONS = 4;
  let feeds: Record<string, ElementArray>[];
  beforeAll(async () => {
    let program: Program | undefined;
    const trainer = await Trainer.create(configuration, images, async (graph) => (program = await compileOnce(graph)));
    const run = vi.spyOn(program!, 'runOnDevice');
    await iterated(trainer, ITERATIONS);
    feeds = run.mock.calls.map(([given]) => given as Record<string, ElementArray>);
    await trainer.release();
  });

  it('use different prior samples for every update of every iteration', () => {
    const codes = feeds.flatMap((given) => rowsOf(given.codes as Float32Array, 8));
    expect(codes).toHaveLength(ITERATIONS * 5 * 4);
    for (const code of codes) expect(normOf(code)).toBeCloseTo(1, 5);
    expect(new Set(codes.map((code) => code.join())).size).toBe(codes.length);
  });

  it('use each image of the epoch once, two batches per iteration', () => {
    const known = [...Array(images.count).keys()].map((index) => gatherImages(images, [index], 1024).join());
    const seen = feeds.map(({ images: batch }) =>
      Array.from({ length: 8 }, (_, index) =>
        known.indexOf((batch as Uint8Array).subarray(1024 * index, 1024 * (index + 1)).join()),
      ),
    );
    expect(seen.flat()).not.toContain(-1);
    // Four batches, that is two iterations, are an epoch.
    for (const epoch of [seen.slice(0, 2), seen.slice(2)]) expect(new Set(epoch.flat()).size).toBe(16);
    expect(seen.slice(2).flat()).not.toEqual(seen.slice(0, 2).flat());
  });

  it('contain the scalars of Adam for each update, with the learning rate of the epoch', () => {
    const schedules = (name: string) => feeds.map((given) => Array.from(given[`${name}.schedule`] as Float32Array));
    const rates = [2e-4, 2e-4, 1e-4, 1e-4];
    const expected = (updates: number) =>
      rates.map((rate, iteration) =>
        [...Array(updates).keys()]
          .flatMap((number) => adamScalars(rate, iteration * updates + number + 1, ADAM))
          .map(Math.fround),
      );
    expect(schedules('encoder')).toEqual(expected(2));
    expect(schedules('generator')).toEqual(expected(3));
  });
});
