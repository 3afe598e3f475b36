import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NETWORK_NAMES } from '../../src/networks/network.js';
import type { Configuration } from '../../src/training/configuration.js';
import { emaDecayAt, isPreviewDue, learningRateAt, Stages } from '../../src/training/schedule.js';
import { expectWithin } from '../expectWithin.js';
import { tinyConfiguration } from './tinyTraining.js';

interface Training {
  configuration: Configuration;
  batchesPerEpoch: number;
}

const encoderPlan = fc.integer({ min: 1, max: 5 }).map((updates) => `${updates};KL_real:1`);
const generatorPlan = fc.integer({ min: 1, max: 5 }).map((updates) => `${updates};KL_fake:1`);
/** A key may be missing, or be undefined. */
const unchanged = { nil: undefined };
const stageOf = fc.record(
  { encoderUpdates: fc.option(encoderPlan, unchanged), generatorUpdates: fc.option(generatorPlan, unchanged) },
  { requiredKeys: [] },
);
const stages = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 4 }),
    fc.array(stageOf, { minLength: 4, maxLength: 4 }),
  )
  .map(([epochs, plans]) => [...epochs].sort((a, b) => a - b).map((epoch, index) => ({ epoch, ...plans[index] })));

/** Trainings of up to ten epochs, with up to four stages. */
const trainings: fc.Arbitrary<Training> = fc
  .record({
    encoderUpdates: encoderPlan,
    generatorUpdates: generatorPlan,
    stages,
    epochs: fc.integer({ min: 1, max: 10 }),
    batchesPerEpoch: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ batchesPerEpoch, epochs, ...plans }) => ({
    batchesPerEpoch,
    configuration: tinyConfiguration({ ...plans, length: { epochs } }),
  }));

const stagesOf = ({ configuration, batchesPerEpoch }: Training) => new Stages(configuration, batchesPerEpoch);
/** Returns the positions of every iteration, and of the one after the last. */
function placesOf(training: Training) {
  const all = stagesOf(training);
  return [...Array(all.totalSteps + 1).keys()].map((step) => all.at(step));
}
const epochsOf = ({ length }: Configuration): number => ('epochs' in length ? length.epochs : NaN);

describe('iterations of training in stages', () => {
  it('take one batch after another, and make the updates of their plans', () => {
    fc.assert(
      fc.property(trainings, (training) => {
        const places = placesOf(training);
        expect(places[0]).toMatchObject({ batch: 0, updates: { encoder: 0, generator: 0 } });
        for (const [step, next] of places.slice(1).entries()) {
          const { stage, batch, updates } = places[step]!;
          expect(next.batch).toBe(batch + stage.plans.encoder.updates);
          for (const network of NETWORK_NAMES)
            expect(next.updates[network]).toBe(updates[network] + stage.plans[network].updates);
        }
      }),
    );
  });

  it('follow the plans of the last stage whose epoch their first batch has reached', () => {
    fc.assert(
      fc.property(trainings, (training) => {
        const { configuration, batchesPerEpoch } = training;
        for (const { stage, batch } of placesOf(training)) {
          const begun = configuration.stages.filter(({ epoch }) => epoch * batchesPerEpoch <= batch);
          for (const [network, key] of [
            ['encoder', 'encoderUpdates'] as const,
            ['generator', 'generatorUpdates'] as const,
          ]) {
            const text = begun.findLast((each) => each[key] !== undefined)?.[key] ?? configuration[key];
            expect(stage.plans[network].updates).toBe(parseInt(text));
          }
        }
      }),
    );
  });

  it('start a stage with the first iteration whose first batch is in its epoch', () => {
    fc.assert(
      fc.property(trainings, (training) => {
        const places = placesOf(training);
        for (const [step, { stage, batch, updates }] of places.entries()) {
          expect(stage.firstStep).toBeLessThanOrEqual(step);
          // A stage that no iteration falls into leaves the next one to begin where it would have.
          if (stage !== places[step - 1]?.stage) {
            expect(stage).toMatchObject({ firstStep: step, firstUpdates: updates });
            const { configuration, batchesPerEpoch } = training;
            if (step > 0)
              expect(
                configuration.stages.some(
                  ({ epoch }) => epoch * batchesPerEpoch <= batch && epoch * batchesPerEpoch > places[step - 1]!.batch,
                ),
              ).toBe(true);
          }
        }
      }),
    );
  });

  it('for N epochs end once every batch of these was used', () => {
    fc.assert(
      fc.property(trainings, (training) => {
        const batches = epochsOf(training.configuration) * training.batchesPerEpoch;
        const places = placesOf(training);
        expect(places.at(-1)!.batch).toBeGreaterThanOrEqual(batches);
        expect(places.at(-2)!.batch).toBeLessThan(batches);
      }),
    );
  });

  it('for N steps number N, whatever the stages', () => {
    fc.assert(
      fc.property(trainings, fc.integer({ min: 1, max: 1000 }), ({ configuration, batchesPerEpoch }, steps) => {
        expect(new Stages({ ...configuration, length: { steps } }, batchesPerEpoch).totalSteps).toBe(steps);
      }),
    );
  });

  it('do not depend on later stages', () => {
    fc.assert(
      fc.property(trainings, ({ configuration, batchesPerEpoch }) => {
        const [with_, without] = [configuration.stages, configuration.stages.slice(0, -1)].map(
          (stages) => new Stages({ ...configuration, stages }, batchesPerEpoch),
        );
        const limit = (configuration.stages.at(-1)?.epoch ?? 10) * batchesPerEpoch;
        for (let step = 0; without!.at(step).batch < limit; step++) {
          const [{ batch, updates, stage }, other] = [with_!.at(step), without!.at(step)];
          expect({ batch, updates, plans: stage.plans }).toEqual({
            batch: other.batch,
            updates: other.updates,
            plans: other.stage.plans,
          });
        }
      }),
    );
  });

  it('keep a plan that a stage does not replace', () => {
    const configuration = tinyConfiguration({
      encoderUpdates: '1;KL_real:1',
      generatorUpdates: '2;KL_fake:1',
      stages: [
        { epoch: 1, encoderUpdates: '3;KL_real:1' },
        { epoch: 2, generatorUpdates: '4;KL_fake:1' },
      ],
    });
    // Three batches an epoch: three iterations of one, then one of three.
    const updates = [0, 2, 3, 4]
      .map((step) => new Stages(configuration, 3).at(step).stage.plans)
      .map(({ encoder, generator }) => [encoder.updates, generator.updates]);
    expect(updates).toEqual([
      [1, 2],
      [1, 2],
      [3, 2],
      [3, 4],
    ]);
  });
});

const RATE = 2e-4;

/** The learning rate as a share of the configured one. */
const shareAt = (progress: Partial<Parameters<typeof learningRateAt>[0]>, changes: Partial<Configuration>): number =>
  learningRateAt(
    { step: 0, totalSteps: 100, epoch: 0, ...progress },
    tinyConfiguration({ learningRate: RATE, ...changes }),
  ) / RATE;

describe('the halved learning rate', () => {
  /** The published code: before epoch k, counted from 0, when k mod halveEvery = halveEvery - 1. */
  function plainShare(epoch: number, halveEvery: number): number {
    let share = 1;
    for (let k = 0; k <= epoch; k++) if (k % halveEvery === halveEvery - 1) share /= 2;
    return share;
  }

  it('is halved before the same epochs as in the published code', () => {
    const shares = (halveEvery: number, epochs: number) =>
      [...Array(epochs).keys()].map((epoch) => shareAt({ epoch }, { halveEvery }));
    expect(shares(3, 9)).toEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
    expect(shares(5, 6)).toEqual([1, 1, 1, 1, 0.5, 0.5]);
    expect(shares(1, 3)).toEqual([0.5, 0.25, 0.125]);
    const cifar = shares(40, 150);
    expect([38, 39, 78, 79, 118, 119, 149].map((epoch) => cifar[epoch])).toEqual([
      1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125,
    ]);
  });

  it('follows the rule for every epoch and interval', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.nat(1000), (epoch, halveEvery, step) => {
        expect(shareAt({ epoch, step }, { halveEvery })).toBeCloseTo(plainShare(epoch, halveEvery), 12);
      }),
    );
  });

  it('is constant if never halved', () => {
    for (const epoch of [0, 1, 1000]) expect(shareAt({ epoch, step: 10 * epoch }, { halveEvery: 0 })).toBe(1);
  });
});

describe('the constant learning rate', () => {
  it('is the configured value', () => {
    for (const step of [0, 1, 50, 99]) expect(shareAt({ step, epoch: step }, { schedule: 'constant' })).toBe(1);
  });
});

describe('the cosine learning rate', () => {
  const share = (step: number, totalSteps: number) => shareAt({ step, totalSteps }, { schedule: 'cosine' });

  it('starts at the configured value, reaches half of it midway, and ends near 0', () => {
    expect(share(0, 100)).toBe(1);
    expectWithin(share(50, 100), 0.5, 1e-12);
    expect(share(9_999, 10_000)).toBeGreaterThan(0);
    expect(share(9_999, 10_000)).toBeLessThan(1e-7);
  });

  it('decreases monotonically and symmetrically around the middle', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (lastStep, part) => {
          const step = Math.floor(part * lastStep);
          expect(share(step + 1, lastStep)).toBeLessThan(share(step, lastStep));
          expectWithin(share(step, lastStep) + share(lastStep - step, lastStep), 1, 1e-9);
        },
      ),
    );
  });

  it('is the configured value if there is a single iteration', () => {
    expect(share(0, 1)).toBe(1);
  });
});

describe('warmup', () => {
  it('rises linearly to the full rate and ends there', () => {
    const shares = [...Array(6).keys()].map((step) => shareAt({ step }, { warmupSteps: 4 }));
    expect(shares).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });

  it('multiplies the schedule', () => {
    fc.assert(
      fc.property(
        fc.nat(99),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom('halving', 'constant', 'cosine'),
        (step, warmupSteps, schedule) => {
          const halveEvery = schedule === 'halving' ? 2 : 0;
          const progress = { step, epoch: Math.floor(step / 10) };
          const [warm, without] = [
            shareAt(progress, { warmupSteps, schedule, halveEvery }),
            shareAt(progress, { schedule, halveEvery }),
          ];
          expectWithin(warm, without * Math.min(1, (step + 1) / warmupSteps), 1e-12);
          expect(warm).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('the EMA decay', () => {
  const decayAt = (step: number, ema: number, emaStart = 0) => emaDecayAt(step, tinyConfiguration({ ema, emaStart }));

  it('forgets the initial weights of a short run', () => {
    const shareAfter = (steps: number) =>
      Array.from({ length: steps }, (_, step) => decayAt(step, 0.999)).reduce((share, decay) => share * decay, 1);
    expect(shareAfter(30)).toBeLessThan(1e-6);
    expect(shareAfter(300)).toBeLessThan(1e-15);
  });

  it('is 0 before averaging starts', () => {
    for (const step of [0, 1, 99]) expect(decayAt(step, 0.999, 100)).toBe(0);
    expect(decayAt(100, 0.999, 100)).toBeGreaterThan(0);
  });

  it('rises as (1 + n) / (10 + n) to the configured value, and stays there', () => {
    expect([0, 1, 2, 8].map((step) => decayAt(step, 0.9))).toEqual([1 / 10, 2 / 11, 3 / 12, 9 / 18]);
    expect([80, 81, 1000].map((step) => decayAt(step, 0.9))).toEqual([0.9, 0.9, 0.9]);
    expect(decayAt(1_000_000, 0.999)).toBe(0.999);
  });

  it('never decreases, is always below 1, and depends only on the iterations since its start', () => {
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.nat(5000),
        fc.double({ min: 0.01, max: 0.9999, noNaN: true }),
        (step, emaStart, ema) => {
          expect(decayAt(step + 1, ema, emaStart)).toBeGreaterThanOrEqual(decayAt(step, ema, emaStart));
          expect(decayAt(step, ema, emaStart)).toBeLessThan(1);
          expect(decayAt(step + emaStart, ema, emaStart)).toBe(decayAt(step, ema));
        },
      ),
    );
  });
});

describe('previews', () => {
  const due = (sampleEvery: number, steps: number) =>
    Array.from({ length: steps }, (_, index) => index + 1).filter((step) => isPreviewDue(step, { sampleEvery }));

  it('come early, then at intervals', () => {
    expect(due(500, 1100)).toEqual([10, 30, 100, 300, 500, 1000]);
    expect(due(25, 110)).toEqual([10, 25, 50, 75, 100]);
  });

  it('come at the end only if there is no interval', () => {
    expect(due(0, 1000)).toEqual([]);
  });
});
