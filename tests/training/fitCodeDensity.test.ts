import { describe, expect, it } from 'vitest';
import { splitInMemory } from '../../src/data/source.js';
import { fitCodeDensity } from '../../src/training/fitCodeDensity.js';
import { noiseSource, tinyConfiguration, tinyModel } from './tinyTraining.js';

describe('the density of a run', () => {
  const configuration = tinyConfiguration();
  const { train } = noiseSource();

  it('is that of the images which training has seen', async () => {
    const model = tinyModel(configuration);
    const copied: number[] = [];
    const split = {
      ...train,
      copyImage: (...call: Parameters<typeof train.copyImage>) => (copied.push(call[0]), train.copyImage(...call)),
    };
    const density = await fitCodeDensity(model, split, configuration, 2);
    expect(copied.length).toBe(2 * configuration.batch);
    expect(new Set(copied).size).toBe(copied.length);
    expect(density!.means.length).toBe(configuration.latent);
  });

  it('does not exist before the first iteration', async () => {
    expect(await fitCodeDensity(tinyModel(configuration), train, configuration, 0)).toBeUndefined();
  });

  it('knows the conditions of images', async () => {
    const conditional = tinyConfiguration({ condition: 'class', classes: ['a', 'b'] });
    const images = new Uint8Array(16 * 1024).map((_, at) => at % 251);
    const split = splitInMemory(
      images,
      1024,
      Uint8Array.from({ length: 16 }, (_, index) => index % 2),
    );
    const density = await fitCodeDensity(tinyModel(conditional), split, conditional, 4);
    expect(density!.slopes.length).toBe(3 * conditional.latent);
  });
});
