import { describe, expect, it } from 'vitest';
import { EMA_NAMES } from '../../src/age/iteration.js';
import { requireResumable, resumedState } from '../../src/training/resumption.js';
import type { Configuration } from '../../src/training/configuration.js';
import { isChangeable, SETTINGS } from '../../src/training/settings.js';
import { expectInputError } from '../rejection.js';
import { tinyCheckpoint, tinyConfiguration } from './tinyTraining.js';

const checkpoint = { ...tinyCheckpoint(), file: 'checkpoint' };
const resume = (changes: Partial<Configuration>) =>
  requireResumable({ ...checkpoint.configuration, ...changes }, checkpoint, 18);

describe('a resumed run', () => {
  it('may change its length, learning rate, loss weights, margin, EMA, intervals and evaluations', () => {
    const changeable = Object.keys(SETTINGS).filter(isChangeable);
    expect(changeable.sort()).toEqual(
      [
        ...[
          'length',
          'learningRate',
          'schedule',
          'halveEvery',
          'warmupSteps',
          'encoderUpdates',
          'generatorUpdates',
          'stages',
          'margin',
          'ema',
          'emaStart',
          'features',
        ],
        ...['logEvery', 'sampleEvery', 'checkpointEvery', 'keepLast', 'keepEvery', 'onNan', 'maxRollbacks'],
        ...['evaluateEvery', 'evaluateMetrics', 'evaluateSamples', 'saveBest'],
      ].sort(),
    );
    resume({
      learningRate: 1e-3,
      schedule: 'cosine',
      length: { steps: 9 },
      encoderUpdates: '1;KL_real:3,match_z:5',
      generatorUpdates: '2;match_x:1',
      margin: 3,
      ema: 0.9,
    });
  });

  it('may not change what its weights and its position in the data depend on', async () => {
    await expectInputError(() => resume({ width: 8 }), 'width: 8 contradicts checkpoint, which was trained with 4');
    await expectInputError(() => resume({ batch: 5 }), 'batch: 5 contradicts checkpoint');
    await expectInputError(
      () => resume({ generatorUpdates: '3;KL_fake:1' }),
      'generatorUpdates: the number of updates per iteration must stay as in checkpoint; change only the loss weights, or start a new run',
    );
    await expectInputError(
      () => resume({ encoderUpdates: '2;KL_real:1' }),
      'encoderUpdates: the number of updates per iteration',
    );
  });

  it('may change the number of updates of a later stage, but not of an earlier one', async () => {
    // Four batches per epoch: iteration 3 belongs to epoch 0.
    resume({ stages: [{ epoch: 1, encoderUpdates: '2;KL_real:1' }] });
    const later = { ...checkpoint, step: 5 };
    const stages = [{ epoch: 1, encoderUpdates: '2;KL_real:1' }];
    await expectInputError(() => requireResumable({ ...later.configuration, stages }, later, 18), 'encoderUpdates: ');
  });
});

describe('the state of a resumed run', () => {
  it('is that of the checkpoint', () => {
    const averaged = tinyCheckpoint(tinyConfiguration({ ema: 0.9 }));
    for (const each of [checkpoint, averaged]) {
      const { vectors, step, rateScale } = resumedState(each, each.configuration);
      expect([vectors, step, rateScale]).toEqual([each.vectors, each.step, each.rateScale]);
    }
    expect(Object.keys(averaged.vectors)).toEqual(expect.arrayContaining(EMA_NAMES));
  });

  it('has an EMA that begins at the weights if there was none, and none if it is disabled', () => {
    const { vectors } = resumedState(checkpoint, tinyConfiguration({ ema: 0.9 }));
    expect(vectors['encoder.ema_parameters']).toEqual(checkpoint.vectors['encoder.parameters']);
    expect(vectors['generator.ema_statistics']).toEqual(checkpoint.vectors['generator.statistics']);
    expect(resumedState({ ...checkpoint, vectors }, tinyConfiguration()).vectors).toEqual(checkpoint.vectors);
  });
});
