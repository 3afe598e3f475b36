import { describe, expect, it, onTestFinished } from 'vitest';
import { Previews } from '../../src/training/previews.js';
import { compileSmall } from '../engine/running.js';
import { noiseSource, tinyCheckpoint, tinyConfiguration } from './tinyTraining.js';

describe('the previews of a run', () => {
  it('decode the same codes and reconstruct the same images each time, with the given weights', async () => {
    const configuration = tinyConfiguration();
    const { vectors } = tinyCheckpoint(configuration);
    const previews = new Previews(configuration, noiseSource().test, vectors, compileSmall);
    onTestFinished(() => previews.release());

    const first = await previews.draw(vectors);
    const same = await previews.draw(vectors);
    const other = await previews.draw({
      ...vectors,
      'generator.parameters': vectors['generator.parameters'].map((value) => 2 * value),
    });
    for (const kind of ['samples', 'reconstructions'] as const) {
      expect(same[kind]).toEqual(first[kind]);
      expect(other[kind].data).not.toEqual(first[kind].data);
    }
  });

  it('contain the first test images, each next to its reconstruction', async () => {
    const configuration = tinyConfiguration();
    const { test } = noiseSource();
    const previews = new Previews(configuration, test, tinyCheckpoint(configuration).vectors, compileSmall);
    onTestFinished(() => previews.release());
    const { reconstructions } = await previews.draw(tinyCheckpoint(configuration).vectors);
    const { width, channels, data } = reconstructions;
    const tile = Array.from(
      { length: 1024 },
      (_, index) => data[channels * ((2 + Math.floor(index / 32)) * width + 2 + 2 * 34 + (index % 32))]!,
    );
    const second = new Uint8Array(1024);
    test.copyImage(1, second, 0);
    expect(Uint8Array.from(tile)).toEqual(second);
  });
});
