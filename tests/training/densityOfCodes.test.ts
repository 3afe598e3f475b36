import { describe, expect, it, onTestFinished } from 'vitest';
import { splitInMemory } from '../../src/data/source.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { iterationSpec } from '../../src/training/configuration.js';
import { densityOfCodes } from '../../src/training/densityOfCodes.js';
import { modelWeights } from '../../src/training/trainer.js';
import { compileSmall } from '../engine/running.js';
import { noiseSource, tinyCheckpoint, tinyConfiguration } from './tinyTraining.js';

function modelFor(configuration: ReturnType<typeof tinyConfiguration>): TrainedModel {
  const { pair, objective } = iterationSpec(configuration);
  const weights = modelWeights(tinyCheckpoint(configuration).vectors);
  const model = TrainedModel.of(pair, objective.prior, weights, compileSmall);
  onTestFinished(() => model.release());
  return model;
}

describe('the density of a run', () => {
  const configuration = tinyConfiguration();
  const { train } = noiseSource();

  it('is that of the images which training has seen', async () => {
    const model = modelFor(configuration);
    const copied: number[] = [];
    const split = {
      ...train,
      copyImage: (...call: Parameters<typeof train.copyImage>) => (copied.push(call[0]), train.copyImage(...call)),
    };
    const density = await densityOfCodes(model, split, configuration, 2);
    expect(copied.length).toBe(2 * configuration.batch);
    expect(new Set(copied).size).toBe(copied.length);
    expect(density!.means.length).toBe(configuration.latent);
  });

  it('does not exist before the first iteration', async () => {
    expect(await densityOfCodes(modelFor(configuration), train, configuration, 0)).toBeUndefined();
  });

  it('knows the conditions of images', async () => {
    const conditional = tinyConfiguration({ condition: 'class', classes: ['a', 'b'] });
    const images = new Uint8Array(16 * 1024).map((_, at) => at % 251);
    const split = splitInMemory(
      images,
      1024,
      Uint8Array.from({ length: 16 }, (_, index) => index % 2),
    );
    const density = await densityOfCodes(modelFor(conditional), split, conditional, 4);
    expect(density!.slopes.length).toBe(3 * conditional.latent);
  });
});
