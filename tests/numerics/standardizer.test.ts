import { describe, expect, it } from 'vitest';
import {
  applyScale,
  balancedScale,
  commonScale,
  fitStandardizer,
  foldIntoWeights,
} from '../../src/numerics/standardizer.js';
import type { Features } from '../../src/numerics/features.js';
import { featuresOf, largestDifference, normalRows } from '../metrics/samples.js';

const column = ({ data, width }: Features, place: number) =>
  Array.from(data).filter((_, index) => index % width === place);
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const varianceOf = (values: readonly number[]) => meanOf(values.map((value) => (value - meanOf(values)) ** 2));

/** Columns of different means and spreads. */
const uneven: Features = {
  data: normalRows(200, 3, 1).data.map((value, index) => [2, 0.1, 30][index % 3]! * value + [5, -1, 0][index % 3]!),
  width: 3,
};
const columnsOf = (rows: Features) => [0, 1, 2].map((place) => column(rows, place));

describe('column scaling', () => {
  it('standardizes every column to mean 0 and variance 1', () => {
    for (const values of columnsOf(applyScale(fitStandardizer(uneven), uneven))) {
      expect(meanOf(values)).toBeCloseTo(0, 5);
      expect(varianceOf(values)).toBeCloseTo(1, 5);
    }
  });

  it('by a common factor keeps the ratios between columns', () => {
    const variances = columnsOf(applyScale(commonScale(uneven), uneven)).map(varianceOf);
    expect(meanOf(variances)).toBeCloseTo(1, 5);
    expect(variances[2]! / variances[0]!).toBeCloseTo(varianceOf(column(uneven, 2)) / varianceOf(column(uneven, 0)), 3);
  });

  it('of balanced groups gives them equal weight, for any number of columns', () => {
    const scale = balancedScale([fitStandardizer(featuresOf([1, 2, 3, 4], 1)), commonScale(uneven)]);
    const rows = {
      data: Float32Array.from({ length: 800 }, (_, index) =>
        index % 4 === 0 ? (Math.floor(index / 4) % 4) + 1 : uneven.data[Math.floor(index / 4) * 3 + (index % 4) - 1]!,
      ),
      width: 4,
    };
    const variances = [0, 1, 2, 3].map((place) => varianceOf(column(applyScale(scale, rows), place)));
    expect(variances[0]).toBeCloseTo(2, 4);
    expect(variances[1]! + variances[2]! + variances[3]!).toBeCloseTo(2, 4);
  });

  it('ignores constant columns', () => {
    const rows = featuresOf([7, 1, 7, 2, 7, 4], 2);
    expect(column(applyScale(fitStandardizer(rows), rows), 0)).toEqual([0, 0, 0]);
    const constant = featuresOf([7, 1, 7, 1], 2);
    expect(Array.from(applyScale(fitStandardizer(constant), constant).data)).toEqual([0, 0, 0, 0]);
    expect(Array.from(applyScale(commonScale(constant), constant).data)).toEqual([0, 0, 0, 0]);
  });

  it('can be folded into a linear classifier', () => {
    const scale = fitStandardizer(uneven);
    const parameters = Float64Array.of(0.5, -1, 2, 0.3, 1, 1, -2, -0.4);
    const logits = (weights: Float64Array, { data }: Features) =>
      Array.from({ length: 400 }, (_, index) => {
        const [row, label] = [Math.floor(index / 2), index % 2];
        return [0, 1, 2].reduce(
          (sum, place) => sum + weights[label * 4 + place]! * data[row * 3 + place]!,
          weights[label * 4 + 3]!,
        );
      });
    expect(
      largestDifference(
        logits(foldIntoWeights(scale, parameters), uneven),
        logits(parameters, applyScale(scale, uneven)),
      ),
    ).toBeLessThan(1e-5);
  });
});
