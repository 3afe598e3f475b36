import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAM, divergenceFloor, STATE_NAMES } from '../../src/age/index.js';
import { gatherImages } from '../../src/data/index.js';
import { adamSchedule, type Compile, constant, type ElementArray, graphOf, type Program } from '../../src/engine/index.js';
import { InputError } from '../../src/errors.js';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  initialVectors,
  type IterationReport,
  iterationSpec,
  modelWeights,
  Trainer,
  type TrainingVectors,
} from '../../src/training/index.js';
import { normOf, rowsOf } from '../age/codes.js';
import { compileSmall } from '../engine/running.js';
import { errorOf } from '../rejection.js';
import { noiseSource, tinyConfiguration } from './tinyTraining.js';

const { train: images } = noiseSource();

async function trainerOf(
  configuration = tinyConfiguration(),
  start?: { vectors: TrainingVectors; step: number },
  compile: Compile = compileSmall,
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

describe('fresh vectors', () => {
  const vectors = initialVectors(iterationSpec(tinyConfiguration()), 1);

  it('are those of every state, with Adam moments of 0', () => {
    expect(Object.keys(vectors).sort()).toEqual([...STATE_NAMES].sort());
    for (const name of STATE_NAMES.filter((state) => state.includes('adam'))) expect(new Set(vectors[name])).toEqual(new Set([0]));
  });

  it('follow from the seed', () => {
    expect(initialVectors(iterationSpec(tinyConfiguration()), 1)).toEqual(vectors);
    expect(initialVectors(iterationSpec(tinyConfiguration()), 2)['encoder.parameters']).not.toEqual(vectors['encoder.parameters']);
  });

  it('hold the weights of a model', () => {
    expect(modelWeights(vectors)['encoder.statistics']).toBe(vectors['encoder.statistics']);
  });
});

describe('a trainer', () => {
  it('counts its iterations and the epochs of their images', async () => {
    const trainer = await trainerOf();
    expect([trainer.step, trainer.batchesPerEpoch]).toEqual([0, 4]);
    const reports = await iterated(trainer, 9);
    expect(reports.map(({ step, epoch }) => [step, epoch])).toEqual([...Array(9).keys()].map((index) => [index + 1, Math.floor(index / 4)]));
    expect(trainer.step).toBe(9);
    expect(trainer.runtimeSeconds).toBeGreaterThan(0);
  });

  it('reports every term of the plans, and what of a divergence is above its floor', async () => {
    const [report] = await iterated(await trainerOf(), 1);
    const divergences = ['encoder.KL_fake', 'encoder.KL_real', 'generator.KL_fake'];
    const names = [...divergences, ...divergences.map((name) => `${name}_excess`), 'encoder.loss', 'encoder.match_x', 'generator.loss', 'generator.match_z'];
    expect(Object.keys(report!.losses).sort()).toEqual(names.sort());
    const floor = divergenceFloor(iterationSpec(tinyConfiguration()).objective, 'sphere', 8)!;
    for (const name of divergences) {
      expect(report!.losses[`${name}_excess`]).toBeCloseTo(report!.losses[name]! - floor, 6);
      expect(report!.losses[`${name}_excess`]).toBeGreaterThan(-1e-5);
    }
  });

  it('reports no excess of the divergence of nearest codes, which has no floor', async () => {
    const [report] = await iterated(await trainerOf(tinyConfiguration({ divergence: 'nearest' })), 1);
    expect(Object.keys(report!.losses).filter((name) => name.endsWith('_excess'))).toEqual([]);
  });

  it('knows how many iterations its length is', async () => {
    expect((await idleTrainerOf(tinyConfiguration({ length: { steps: 7 } }))).lastStep).toBe(7);
    expect((await idleTrainerOf(tinyConfiguration({ length: { epochs: 3 } }))).lastStep).toBe(12);
    // Two batches an iteration; the last iteration may reach into the next epoch.
    expect((await idleTrainerOf(tinyConfiguration({ length: { epochs: 3 }, batch: 5, encoderUpdates: '2;KL_real:1' }))).lastStep).toBe(5);
  });

  it('knows how many parameters its networks have', async () => {
    const { encoder, generator } = iterationSpec(tinyConfiguration()).pair;
    expect((await idleTrainerOf()).parameterCounts).toEqual({ encoder: encoder.parameters.size, generator: generator.parameters.size });
  });

  it('moves every part of the state in every iteration', async () => {
    const trainer = await trainerOf();
    const states = [trainer.vectors];
    for (let iteration = 0; iteration < 2; iteration++) {
      await trainer.iterate();
      states.push(trainer.vectors);
    }
    for (const name of STATE_NAMES) {
      expect(states[1]![name], name).not.toEqual(states[0]![name]);
      expect(states[2]![name], name).not.toEqual(states[1]![name]);
    }
  });

  it('does the same with the same seed, and something else with another', async () => {
    const runs = await Promise.all([1, 1, 2].map((seed) => trainerOf(tinyConfiguration({ seed }))));
    const reports = [];
    for (const trainer of runs) reports.push(await iterated(trainer, 3));
    expect(reports[1]).toEqual(reports[0]);
    expect(runs[1]!.vectors).toEqual(runs[0]!.vectors);
    expect(reports[2]).not.toEqual(reports[0]);
  });

  it('in two halves with a checkpoint between ends bit for bit where it ends in one', async () => {
    const configuration = tinyConfiguration({ dropLr: 1, encoderUpdates: '2;KL_fake:1,KL_real:1,match_x:10' });
    const whole = await trainerOf(configuration);
    const reports = await iterated(whole, 6);

    const first = await trainerOf(configuration);
    const firstReports = await iterated(first, 3);
    const saved = encodeCheckpoint({ configuration, step: first.step, vectors: first.vectors });
    const second = await trainerOf(configuration, decodeCheckpoint(saved, 'half'));
    expect([...firstReports, ...(await iterated(second, 3))]).toEqual(reports);
    expect(second.vectors).toEqual(whole.vectors);
  });

  it('needs as many images as a batch has', async () => {
    expect(await errorOf(() => trainerOf(tinyConfiguration({ batch: 19 })))).toBeInstanceOf(InputError);
  });
});

describe('what a trainer feeds to its program', () => {
  const configuration = tinyConfiguration({ dropLr: 2, encoderUpdates: '2;KL_fake:1,KL_real:1', generatorUpdates: '3;KL_fake:1' });
  const ITERATIONS = 4;
  let feeds: Readonly<Record<string, ElementArray>>[];
  beforeAll(async () => {
    let program: Program | undefined;
    const trainer = await Trainer.create(configuration, images, async (graph) => (program = await compileSmall(graph)));
    const run = vi.spyOn(program!, 'run');
    await iterated(trainer, ITERATIONS);
    feeds = run.mock.calls.map(([given]) => given);
    await trainer.release();
  });

  it('are other draws from the prior for every update of every iteration', () => {
    const codes = feeds.flatMap((given) => rowsOf(given.codes as Float32Array, 8));
    expect(codes).toHaveLength(ITERATIONS * 5 * 4);
    for (const code of codes) expect(normOf(code)).toBeCloseTo(1, 5);
    expect(new Set(codes.map((code) => code.join())).size).toBe(codes.length);
  });

  it('are the images of the epoch, each once, two batches an iteration', () => {
    const known = [...Array(images.count).keys()].map((index) => gatherImages(images, [index], 1024).join());
    const seen = feeds.map(({ images: batch }) =>
      Array.from({ length: 8 }, (_, index) => known.indexOf((batch as Uint8Array).subarray(1024 * index, 1024 * (index + 1)).join())),
    );
    expect(seen.flat()).not.toContain(-1);
    // Four batches, that is two iterations, are an epoch.
    for (const epoch of [seen.slice(0, 2), seen.slice(2)]) expect(new Set(epoch.flat()).size).toBe(16);
    expect(seen.slice(2).flat()).not.toEqual(seen.slice(0, 2).flat());
  });

  it("are the scalars of Adam for each update's count, with the learning rate of the epoch", () => {
    const schedules = (name: string) => feeds.map((given) => Array.from(given[`${name}.schedule`] as Float32Array));
    const rates = [2e-4, 2e-4, 1e-4, 1e-4];
    const expected = (updates: number) =>
      rates.map((rate, iteration) =>
        [...Array(updates).keys()].flatMap((number) => adamSchedule(rate, iteration * updates + number + 1, ADAM)).map(Math.fround),
      );
    expect(schedules('encoder')).toEqual(expected(2));
    expect(schedules('generator')).toEqual(expected(3));
  });
});
