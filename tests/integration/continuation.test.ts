import { describe, expect, it, onTestFinished } from 'vitest';
import { EMA_NAMES } from '../../src/age/iteration.js';
import { type StateName } from '../../src/age/update.js';
import { emaDecayAt, learningRateAt } from '../../src/training/schedule.js';
import type { Configuration } from '../../src/training/configuration.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.js';
import { initialState, type IterationReport, Trainer, type TrainerState } from '../../src/training/trainer.js';
import type { Compile } from '../../src/engine/index.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileOnce, compileSmall } from '../engine/running.js';
import { digest, noiseSource, tinyConfiguration } from '../training/tinyTraining.js';

const { train: images } = noiseSource();
/** 18 images in batches of 4. */
const BATCHES = 4;

const compilers: Record<string, Compile> = {
  'as written': compileOnce,
  'for this processor': compileSmall,
};
const compilePlain = compilers['as written']!;

async function trainerOf(configuration: Configuration, start?: TrainerState, compile = compilePlain): Promise<Trainer> {
  const trainer = await Trainer.create(configuration, images, compile, start);
  onTestFinished(() => trainer.release());
  return trainer;
}

interface Course {
  reports: readonly IterationReport[];
  /** The point before the first iteration and after each. */
  points: readonly TrainerState[];
}

/** Iterates up to a step. */
async function course(trainer: Trainer, step: number): Promise<Course> {
  const [reports, points] = [[] as IterationReport[], [await trainer.readState()]];
  while (trainer.step < step) {
    reports.push(await trainer.iterate());
    points.push(await trainer.readState());
  }
  return { reports, points };
}

/** The same point, written as a checkpoint and read again. */
const stored = async (configuration: Configuration, point: TrainerState): Promise<TrainerState> => {
  const { step, rateScale, vectors } = await decodeCheckpoint(
    encodeCheckpoint({ configuration, ...point }, digest),
    'file',
    digest,
  );
  return { step, rateScale, vectors };
};

describe.each(Object.entries(compilers))('training with EMA and separate statistics, its graph %s,', (_, compile) => {
  const configuration = tinyConfiguration({
    batchNormStats: 'separate',
    ema: 0.9,
    emaStart: 2,
    halveEvery: 1,
    length: { steps: 6 },
  });

  it('in two halves with a checkpoint between is bitwise identical to an uninterrupted run', async () => {
    const whole = await course(await trainerOf(configuration, undefined, compile), 6);
    const first = await course(await trainerOf(configuration, undefined, compile), 3);
    const second = await course(
      await trainerOf(configuration, await stored(configuration, first.points.at(-1)!), compile),
      6,
    );
    expect([...first.reports, ...second.reports]).toEqual(whole.reports);
    expect(second.points.at(-1)).toEqual(whole.points.at(-1));
  });

  it('updates EMA and running statistics once per iteration, from the configured iteration on', async () => {
    const { points } = await course(await trainerOf(configuration, undefined, compile), 6);
    for (const name of EMA_NAMES) {
      const weightsAt = (step: number) => points[step]!.vectors[name.replace('ema_', '') as StateName];
      expect(points[2]!.vectors[name], name).toEqual(weightsAt(2));
      let expected = Array.from(points[0]!.vectors[name]!);
      for (let step = 0; step < 6; step++) {
        const decay = emaDecayAt(step, configuration);
        const weights = weightsAt(step + 1);
        expected = expected.map((average, place) => decay * average + (1 - decay) * weights[place]!);
        expectCloseElements(Array.from(points[step + 1]!.vectors[name]!), expected, 1e-6);
      }
      expect(points[6]!.vectors[name], name).not.toEqual(weightsAt(6));
    }
  });
});

it.each([
  ['augmentation', { augment: ['color', 'translation', 'cutout'], encoderUpdates: '2;KL_fake:1,KL_real:1,match_x:10' }],
  ['the term align', { encoderUpdates: '2;KL_fake:1,KL_real:1,match_x:10,align:100' }],
] as const)('training with %s resumes bitwise identical, and draws anew in each iteration', async (_, changes) => {
  const configuration = tinyConfiguration(changes);
  const whole = await course(await trainerOf(configuration), 4);
  const first = await course(await trainerOf(configuration), 2);
  const second = await course(await trainerOf(configuration, await stored(configuration, first.points.at(-1)!)), 4);
  expect([...first.reports, ...second.reports]).toEqual(whole.reports);
  expect(second.points.at(-1)).toEqual(whole.points.at(-1));
  const plain = await course(
    await trainerOf(tinyConfiguration({ encoderUpdates: '2;KL_fake:1,KL_real:1,match_x:10' })),
    1,
  );
  expect(plain.points[1]!.vectors['encoder.parameters']).not.toEqual(whole.points[1]!.vectors['encoder.parameters']);
});

describe('training in stages', () => {
  const stages: Configuration['stages'] = [
    { epoch: 1, encoderUpdates: '2;KL_real:1,KL_fake:1', generatorUpdates: '1;KL_fake:1' },
    { epoch: 2, generatorUpdates: '3;KL_fake:1,match_z:100' },
  ];
  const configuration = tinyConfiguration({ stages, ema: 0.5, length: { epochs: 4 } });
  // Four iterations of one batch, then of two.
  const LAST = BATCHES + (3 * BATCHES) / 2;

  it('resumed from any iteration is bitwise identical', async () => {
    const trainer = await trainerOf(configuration);
    expect(trainer.totalSteps).toBe(LAST);
    const whole = await course(trainer, LAST);
    for (const [step, point] of whole.points.entries()) {
      const rest = await course(
        await trainerOf(configuration, await stored(configuration, point)),
        Math.min(LAST, step + 3),
      );
      expect(rest.reports, `from ${step}`).toEqual(whole.reports.slice(step, step + 3));
      expect(rest.points.at(-1), `from ${step}`).toEqual(whole.points[Math.min(LAST, step + 3)]);
    }
  });

  it('equals training without stages before the first one', async () => {
    const [with_, without] = [await trainerOf(configuration), await trainerOf({ ...configuration, stages: [] })];
    expect(await course(with_, BATCHES)).toEqual(await course(without, BATCHES));
  });

  it('continues after a boundary as with the new plans, if the number of updates is equal', async () => {
    const [encoderUpdates, generatorUpdates] = ['1;KL_real:1,match_x:3', '2;KL_fake:1'];
    const changed = tinyConfiguration({
      stages: [{ epoch: 1, encoderUpdates, generatorUpdates }],
      length: { epochs: 2 },
    });
    const { reports, points } = await course(await trainerOf(changed), 2 * BATCHES);
    const alone = await course(
      await trainerOf(tinyConfiguration({ encoderUpdates, generatorUpdates }), points[BATCHES]),
      2 * BATCHES,
    );
    expect(alone.reports).toEqual(reports.slice(BATCHES));
    expect(alone.points.at(-1)).toEqual(points.at(-1));
    expect(Object.keys(reports.at(-1)!.scalars)).not.toEqual(Object.keys(reports[0]!.scalars));
  });

  it('with the same plans equals training without stages', async () => {
    const same = [{ epoch: 1, encoderUpdates: configuration.encoderUpdates }, { epoch: 2 }];
    const [with_, without] = [
      await trainerOf({ ...configuration, stages: same }),
      await trainerOf({ ...configuration, stages: [] }),
    ];
    expect(await course(with_, 2 * BATCHES + 1)).toEqual(await course(without, 2 * BATCHES + 1));
  });

  it('rolls back across boundaries to any state', async () => {
    const trainer = await trainerOf(configuration);
    const whole = await course(trainer, LAST);
    for (const step of [0, BATCHES, BATCHES + 1, 2]) {
      await trainer.restore(whole.points[step]!);
      expect(await trainer.readState()).toEqual(whole.points[step]);
      expect((await course(trainer, step + 1)).reports).toEqual(whole.reports.slice(step, step + 1));
    }
  });
});

describe('the learning rate of training', () => {
  it.each([
    { schedule: 'cosine', warmupSteps: 3 },
    { schedule: 'halving', halveEvery: 1 },
  ] as const)('follows the schedule of its step and epoch: %o', async (changes) => {
    const configuration = tinyConfiguration({ ...changes, length: { steps: 6 } });
    const { reports } = await course(await trainerOf(configuration), 6);
    const expected = [0, 1, 2, 3, 4, 5].map((step) =>
      learningRateAt({ step, totalSteps: 6, epoch: Math.floor(step / BATCHES) }, configuration),
    );
    expect(reports.map(({ learningRate }) => learningRate)).toEqual(expected);
    expect(new Set(expected).size).toBeGreaterThan(1);
  });

  it('is scaled by the state as if configured so', async () => {
    const configuration = tinyConfiguration({ learningRate: 4e-4 });
    const scaled = await trainerOf(configuration, { ...initialState(configuration), rateScale: 0.25 });
    const plain = await trainerOf(tinyConfiguration({ learningRate: 1e-4 }));
    const [a, b] = [await course(scaled, 3), await course(plain, 3)];
    expect(a.reports).toEqual(b.reports);
    expect(a.points.at(-1)!.vectors).toEqual(b.points.at(-1)!.vectors);
    expect((await stored(configuration, a.points.at(-1)!)).rateScale).toBe(0.25);
  });
});
