import { describe, expect, it } from 'vitest';
import { drawAcrossClasses, splitInMemory } from '../../src/data/source.js';
import { Previews, shownOriginals } from '../../src/training/previews.js';
import { noiseSource, tinyModel } from './tinyTraining.js';

describe('the previews of a run', () => {
  it('decode the same codes and reconstruct the same images each time, with the given weights', async () => {
    const model = tinyModel();
    const previews = new Previews(1, noiseSource().test);
    const first = await previews.draw(model);
    const same = await previews.draw(model);
    const { weights } = model;
    const other = await previews.draw(
      model.withWeights({
        ...weights,
        'generator.parameters': weights['generator.parameters'].map((each) => 2 * each),
      }),
    );
    for (const kind of ['samples', 'reconstructions'] as const) {
      expect(same[kind]).toEqual(first[kind]);
      expect(other[kind].data).not.toEqual(first[kind].data);
    }
  });

  it('contain test images, each next to its reconstruction', async () => {
    const { test } = noiseSource();
    const { reconstructions } = await new Previews(1, test).draw(tinyModel());
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
