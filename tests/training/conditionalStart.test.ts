import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { oneHot } from '../../src/conditions/classes.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { randomStream } from '../../src/random.js';
import { conditionalState } from '../../src/training/conditionalStart.js';
import { type Configuration, iterationSpec } from '../../src/training/configuration.js';
import { initialState, modelWeights, type TrainerState } from '../../src/training/trainer.js';
import { compileSmall } from '../engine/running.js';
import { tinyConfiguration } from './tinyTraining.js';

const earlier = tinyConfiguration();
const configuration: Configuration = { ...earlier, condition: 'class', classes: ['few', 'many', 'other'] };
const modelOf = (settings: Configuration, { vectors }: TrainerState) =>
  TrainedModel.of(iterationSpec(settings).pair, settings.prior, modelWeights(vectors), compileSmall, 2);
const difference = (values: Float32Array, others: Float32Array) =>
  Math.max(...values.map((value, index) => Math.abs(value - others[index]!)));

describe('a conditional start', () => {
  const weights = modelWeights(initialState(earlier).vectors);
  const before = modelOf(earlier, initialState(earlier));
  const after = modelOf(configuration, conditionalState(weights, earlier, configuration));
  const z = drawCodes('sphere', 2, earlier.latent, randomStream(0, 'codes'));
  const x = Uint8Array.from({ length: 2 * 1024 }, (_, index) => (7 * index) % 256);

  it('computes what the model without a condition does, if the class is unknown', async () => {
    expect(difference(await after.generate({ z }), await before.generate({ z }))).toBeLessThan(1e-6);
    expect(difference(await after.encode({ x }), await before.encode({ x }))).toBeLessThan(1e-6);
  });

  it('has weights for the class, so that training can use it', async () => {
    const y = oneHot([1, 2], 3);
    expect(difference(await after.generate({ z, y }), await before.generate({ z }))).toBeGreaterThan(1e-5);
  });
});
