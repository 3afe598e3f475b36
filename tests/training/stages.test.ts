import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NETWORK_NAMES } from '../../src/networks/network.js';
import type { Configuration } from '../../src/training/configuration.js';
import { Stages } from '../../src/training/stages.js';
import { tinyConfiguration } from './tinyTraining.js';

interface Training {
  readonly configuration: Configuration;
  readonly batchesPerEpoch: number;
}

const encoderPlan = fc.integer({ min: 1, max: 5 }).map((updates) => `${updates};KL_real:1`);
const generatorPlan = fc.integer({ min: 1, max: 5 }).map((updates) => `${updates};KL_fake:1`);
const stageOf = fc.record({ encoderUpdates: encoderPlan, generatorUpdates: generatorPlan }, { requiredKeys: [] });
const stages = fc
  .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 4 }), fc.array(stageOf, { minLength: 4, maxLength: 4 }))
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
  .map(({ batchesPerEpoch, epochs, ...plans }) => ({ batchesPerEpoch, configuration: tinyConfiguration({ ...plans, length: { epochs } }) }));

const stagesOf = ({ configuration, batchesPerEpoch }: Training) => new Stages(configuration, batchesPerEpoch);
/** The places of every iteration, and of the one after the last. */
function placesOf(training: Training) {
  const all = stagesOf(training);
  return [...Array(all.totalSteps + 1).keys()].map((step) => all.at(step));
}
const epochsOf = ({ length }: Configuration): number => ('epochs' in length ? length.epochs : NaN);

describe('the iterations of a training in stages', () => {
  it('take one batch after another, and make the updates that their plans say', () => {
    fc.assert(
      fc.property(trainings, (training) => {
        const places = placesOf(training);
        expect(places[0]).toMatchObject({ batch: 0, updates: { encoder: 0, generator: 0 } });
        for (const [step, next] of places.slice(1).entries()) {
          const { stage, batch, updates } = places[step]!;
          expect(next.batch).toBe(batch + stage.plans.encoder.updates);
          for (const network of NETWORK_NAMES) expect(next.updates[network]).toBe(updates[network] + stage.plans[network].updates);
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
          for (const [network, key] of [['encoder', 'encoderUpdates'] as const, ['generator', 'generatorUpdates'] as const]) {
            const text = begun.findLast((each) => each[key] !== undefined)?.[key] ?? configuration[key];
            expect(stage.plans[network].updates).toBe(parseInt(text));
          }
        }
      }),
    );
  });

  it('begin a stage with the first iteration whose first batch is of its epoch', () => {
    fc.assert(
      fc.property(trainings, (training) => {
        const places = placesOf(training);
        for (const [step, { stage, batch, updates }] of places.entries()) {
          expect(stage.firstStep).toBeLessThanOrEqual(step);
          // A stage that no iteration falls into leaves the next one to begin where it would have.
          if (stage !== places[step - 1]?.stage) {
            expect(stage).toMatchObject({ firstStep: step, firstBatch: batch, firstUpdates: updates });
            const { configuration, batchesPerEpoch } = training;
            if (step > 0)
              expect(configuration.stages.some(({ epoch }) => epoch * batchesPerEpoch <= batch && epoch * batchesPerEpoch > places[step - 1]!.batch)).toBe(
                true,
              );
          }
        }
      }),
    );
  });

  it('of so many epochs go on until every batch of these was seen, and no further', () => {
    fc.assert(
      fc.property(trainings, (training) => {
        const batches = epochsOf(training.configuration) * training.batchesPerEpoch;
        const places = placesOf(training);
        expect(places.at(-1)!.batch).toBeGreaterThanOrEqual(batches);
        expect(places.at(-2)!.batch).toBeLessThan(batches);
      }),
    );
  });

  it('of so many steps are as many, whatever the stages', () => {
    fc.assert(
      fc.property(trainings, fc.integer({ min: 1, max: 1000 }), ({ configuration, batchesPerEpoch }, steps) => {
        expect(new Stages({ ...configuration, length: { steps } }, batchesPerEpoch).totalSteps).toBe(steps);
      }),
    );
  });

  it('are the same whether or not stages come later', () => {
    fc.assert(
      fc.property(trainings, ({ configuration, batchesPerEpoch }) => {
        const [with_, without] = [configuration.stages, configuration.stages.slice(0, -1)].map(
          (stages) => new Stages({ ...configuration, stages }, batchesPerEpoch),
        );
        const limit = (configuration.stages.at(-1)?.epoch ?? 10) * batchesPerEpoch;
        for (let step = 0; without!.at(step).batch < limit; step++) {
          const [{ batch, updates, stage }, other] = [with_!.at(step), without!.at(step)];
          expect({ batch, updates, plans: stage.plans }).toEqual({ batch: other.batch, updates: other.updates, plans: other.stage.plans });
        }
      }),
    );
  });

  it('keep a plan that a stage does not name', () => {
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
