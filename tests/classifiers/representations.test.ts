import { afterAll, describe, expect, it } from 'vitest';
import { fromPixels } from '../../src/age/iteration.js';
import { gatherImages } from '../../src/data/source.js';
import { forwardEval } from '../../src/networks/forward.js';
import { graphOf, input, unpack } from '../../src/engine/index.js';
import { applyScale } from '../../src/numerics/standardizer.js';
import { representationOf } from '../../src/classifiers/representations.js';
import { largestDifference } from '../metrics/samples.js';
import { barSource, compileOnOneThread, tinyModel } from '../metrics/tinyClassifier.js';

const { model, weights } = tinyModel();
afterAll(() => model.release());
const COUNT = 4;
const images = gatherImages(barSource(COUNT, 1).train, [0, 1, 2, 3], 1024);
const rowsOf = async (name: 'codes' | 'features' | 'pixels') => {
  const representation = await representationOf(name, model, weights, compileOnOneThread);
  const rows = await representation.of(images);
  await representation.release();
  expect(rows.data).toHaveLength(COUNT * representation.width);
  return {
    ...representation,
    rows,
    row: (index: number) => Array.from(rows.data.subarray(index * rows.width, (index + 1) * rows.width)),
  };
};

/** The activations behind the first batch normalization [N, 8, 8, 8], by a graph of their own. */
async function activations(): Promise<Float32Array> {
  const { encoder } = model.pair;
  const [parameters, statistics] = [
    input('parameters', [encoder.parameters.size]),
    input('statistics', [encoder.statistics.size]),
  ];
  const batch = input('batch', [COUNT, 1, 32, 32], 'uint8');
  const layers = Object.fromEntries(Object.entries(encoder.layers).slice(0, 5));
  const map = forwardEval(
    { ...encoder, layers },
    {
      parameters: unpack(parameters, encoder.parameters),
      statistics: unpack(statistics, encoder.statistics),
      x: fromPixels(batch),
    },
  );
  const program = await compileOnOneThread(graphOf({ map }, [parameters, statistics]));
  const results = await program.run({
    parameters: weights['encoder.parameters'],
    statistics: weights['encoder.statistics'],
    batch: images,
  });
  expect(map.shape).toEqual([COUNT, 8, 8, 8]);
  const data = Float32Array.from(results.map!.data as Float32Array);
  await program.release();
  return data;
}

describe('representations of images', () => {
  it('codes have length sqrt(M)', async () => {
    const { row } = await rowsOf('codes');
    expect(Math.hypot(...row(1))).toBeCloseTo(Math.sqrt(8), 4);
    expect(
      largestDifference(
        row(0),
        (await model.encode({ x: images })).subarray(0, 8).map((value) => value * Math.sqrt(8)),
      ),
    ).toBeLessThan(1e-5);
  });

  it('pixels are in [-1, 1] and not scaled', async () => {
    const { row, scaleBy } = await rowsOf('pixels');
    expect(row(2)).toEqual(Array.from(images.subarray(2048, 3072), (byte) => Math.fround((byte / 255) * 2 - 1)));
    expect(scaleBy).toBeUndefined();
  });

  it('features are the codes, then inner activations averaged over 4 x 4 cells', async () => {
    const map = await activations();
    const { row, width } = await rowsOf('features');
    expect(width).toBe(8 + 16 * 8);
    const codes = await rowsOf('codes');
    for (let image = 0; image < COUNT; image++) {
      const cells = Array.from({ length: 16 }, (_, cell) =>
        Array.from({ length: 8 }, (_, channel) => {
          const at = (down: number, right: number) =>
            map[((image * 8 + channel) * 8 + 2 * Math.floor(cell / 4) + down) * 8 + 2 * (cell % 4) + right]!;
          return (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
        }),
      ).flat();
      expect(largestDifference(row(image), [...codes.row(image), ...cells])).toBeLessThan(1e-5);
    }
  });

  it('features are scaled so that codes and activations have equal weight', async () => {
    const { rows, width, scaleBy } = await rowsOf('features');
    const { data } = applyScale(scaleBy!(rows), rows);
    const energies = [0, 0];
    data.forEach((value, index) => (energies[index % width < 8 ? 0 : 1]! += value ** 2 / COUNT));
    expect(energies[0]).toBeCloseTo(width / 2, 2);
    expect(energies[1]).toBeCloseTo(width / 2, 2);
  });
});
