import { describe, expect, it } from 'vitest';
import { freshClassifier } from '../../src/classifiers/encoderClassifier.js';
import { rotatedSource, rotationExtractor } from '../../src/classifiers/rotations.js';
import { gatherImages, type ImageSource, splitInMemory } from '../../src/data/source.js';
import { compileOnOneThread, tinySpec } from '../metrics/tinyClassifier.js';

/** One image of two channels, 3x3: channel 1 is channel 0 plus 10. */
const upright = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const images = splitInMemory(Uint8Array.from([...upright, ...upright.map((pixel) => pixel + 10)]), 18, null);
const source: ImageSource = {
  name: 'nine',
  size: [3, 3],
  channels: 2,
  train: images,
  test: splitInMemory(new Uint8Array(0), 18, null),
  classes: null,
};
const rotated = rotatedSource(source);

describe('a data set of rotated images', () => {
  it('contains every image in four rotations, counterclockwise, labeled by the rotation', () => {
    expect(rotated).toMatchObject({ name: 'nine', classes: 4, train: { count: 4 }, test: { count: 0 } });
    expect(Array.from(rotated.train.labels!)).toEqual([0, 1, 2, 3]);
    const channel = (index: number, start: number) =>
      Array.from(gatherImages(rotated.train, [index], 18).subarray(start, start + 9));
    expect([0, 1, 2, 3].map((index) => channel(index, 0))).toEqual([
      upright,
      [3, 6, 9, 2, 5, 8, 1, 4, 7],
      [9, 8, 7, 6, 5, 4, 3, 2, 1],
      [7, 4, 1, 8, 5, 2, 9, 6, 3],
    ]);
    expect(channel(3, 9)).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3].map((pixel) => pixel + 10));
  });
});

describe('the extractor of a classifier of rotations', () => {
  const spec = tinySpec();
  const weights = freshClassifier(spec, 1);
  const pixels = Uint8Array.from({ length: 2 * 1024 }, (_, index) => (index * 37) % 251);
  const extractor = rotationExtractor('turned', spec, { weights, testAccuracy: 0.5 }, compileOnOneThread);

  it('returns a feature per channel of the deepest activation, and no class probabilities', async () => {
    const extracted = await extractor.extract({ shape: [1, 32, 32], data: pixels });
    expect(Object.keys(extracted)).toEqual(['features']);
    expect(extractor).toMatchObject({ name: 'turned', width: 16, testAccuracy: 0.5 });
    expect(extracted.features.data).toHaveLength(2 * 16);
    const second = await extractor.extract({ shape: [1, 32, 32], data: pixels.subarray(1024) });
    expect(second.features.data).toEqual(extracted.features.data.slice(16));
    expect(new Set(second.features.data).size).toBe(16);
    await extractor.release();
  });

  it('does not depend on the layers behind that activation', async () => {
    const head = weights.head.map(() => 3);
    const last = weights.parameters.map((value, index) => (index >= weights.parameters.length - 8 ? value + 1 : value));
    const other = rotationExtractor(
      'turned',
      spec,
      { weights: { ...weights, parameters: last, head }, testAccuracy: 0.5 },
      compileOnOneThread,
    );
    const images = { shape: [1, 32, 32] as const, data: pixels };
    expect(await other.extract(images)).toEqual(await extractor.extract(images));
    await Promise.all([other.release(), extractor.release()]);
  });
});
