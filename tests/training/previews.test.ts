import { describe, expect, it, onTestFinished } from 'vitest';
import { drawAcrossClasses, splitInMemory } from '../../src/data/source.js';
import { Previews, shownOriginals } from '../../src/training/previews.js';
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

  it('contain test images, each next to its reconstruction', async () => {
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
    test.copyImage(drawAcrossClasses(test, 2)[1]!, second, 0);
    expect(Uint8Array.from(tile)).toEqual(second);
  });

  it('show images of all classes, also if they are in the order of their classes', async () => {
    const labels = Uint8Array.from({ length: 40 }, (_, index) => Math.floor(index / 10));
    const { x, labels: shownLabels } = await shownOriginals(splitInMemory(labels, 1, labels), 1, 8);
    expect([0, 1, 2, 3].map((label) => x.filter((each) => each === label).length)).toEqual([2, 2, 2, 2]);
    expect(shownLabels).toEqual(x);
  });
});
