import { accuracyOf } from '../../src/classifiers/labels.js';
import { crossEntropyOf, fitLogisticRegression, predictClasses } from '../../src/classifiers/logisticRegression.js';
import { expectWithin } from '../expectWithin.js';
import { featuresOf, largestDifference, normalRows, reference, withEntry } from '../metrics/samples.js';
import { expectInputError } from '../rejection.js';
import { describe, expect, it } from 'vitest';

const { width, labels, penalised, freeBias } = reference.classification;
const features = featuresOf(reference.classification.features, width);

describe('logistic regression', () => {
  it('has the parameters that SciPy finds, with and without a penalty on biases', () => {
    const fit = (l2: number, penalizeBias: boolean) =>
      fitLogisticRegression(features, labels, { l2, penalizeBias, tolerance: 1e-9 });
    expect(largestDifference(fit(penalised.ridge, true).parameters, penalised.parameters)).toBeLessThan(1e-5);
    const free = fit(freeBias.ridge, false).parameters;
    // Free biases are known up to a constant; from 0 the gradient keeps their sum.
    expect(largestDifference(free, freeBias.parameters)).toBeLessThan(1e-5);
  });

  it('penalizes biases, with an L2 penalty of 1e-3, by default', () => {
    expect(fitLogisticRegression(features, labels)).toEqual(
      fitLogisticRegression(features, labels, { l2: 1e-3, penalizeBias: true }),
    );
  });

  it('predicts uniformly with a huge penalty, and class frequencies without features', () => {
    const nothing = fitLogisticRegression(features, labels, { l2: 1e6 });
    expectWithin(crossEntropyOf(nothing, features, labels), Math.log(3), 1e-4);
    const zero = featuresOf([0, 0, 0, 0], 1);
    const frequencies = fitLogisticRegression(zero, [0, 1, 1, 1], { l2: 0, tolerance: 1e-10 });
    expectWithin(frequencies.parameters[3]! - frequencies.parameters[1]!, Math.log(3), 1e-8);
    expectWithin(crossEntropyOf(frequencies, zero, [0, 1, 1, 1]), -(Math.log(0.25) + 3 * Math.log(0.75)) / 4, 1e-9);
  });

  it('reaches a minimum: no change of a parameter lowers the objective', () => {
    const classifier = fitLogisticRegression(features, labels, { l2: 1e-3, tolerance: 1e-9 });
    const objective = (parameters: Float64Array) =>
      crossEntropyOf({ ...classifier, parameters }, features, labels) +
      1e-3 * parameters.reduce((sum, value) => sum + value * value, 0);
    const least = objective(classifier.parameters);
    for (let index = 0; index < classifier.parameters.length; index++) {
      for (const change of [-1e-3, 1e-3]) {
        const moved = classifier.parameters.slice();
        moved[index]! += change;
        expect(objective(moved)).toBeGreaterThan(least);
      }
    }
  });

  it('separates distant classes, over more rows than are multiplied at a time', () => {
    const rows = 5000;
    const kinds = Uint8Array.from({ length: rows }, (_, row) => row % 4);
    const { data } = normalRows(rows, 6, 3);
    const apart = {
      data: Float32Array.from(data, (value, index) => value + (index % 6 === kinds[Math.floor(index / 6)]! ? 8 : 0)),
      width: 6,
    };
    const classifier = fitLogisticRegression(apart, kinds);
    expect(accuracyOf(predictClasses(classifier, apart), kinds)).toBeGreaterThan(0.999);
    expect(
      accuracyOf(predictClasses(classifier, { data: apart.data.subarray(6), width: 6 }), kinds.subarray(1)),
    ).toBeGreaterThan(0.999);
  });

  it('supports classes without labels', () => {
    const classifier = fitLogisticRegression(features, labels, { classes: 5 });
    expect(classifier.parameters).toHaveLength(5 * (width + 1));
    expect(Math.max(...predictClasses(classifier, features))).toBe(2);
  });

  it('rejects invalid data', async () => {
    await expectInputError(() => fitLogisticRegression(withEntry(features, 4, NaN), labels), 'row 1, column 0');
    await expectInputError(() => fitLogisticRegression(features, labels.slice(1)), 'one per row, 60', 'got 59');
    await expectInputError(() => fitLogisticRegression(features, Array<number>(60).fill(1)), 'the same label');
    await expectInputError(() => fitLogisticRegression(features, labels, { classes: 2 }), 'from 0 to 1');
    await expectInputError(() => fitLogisticRegression(features, labels, { l2: -1 }), 'l2: is -1');
    const classifier = fitLogisticRegression(features, labels);
    await expectInputError(() => predictClasses(classifier, normalRows(3, 5, 1)), 'width 4', 'got 5');
    await expectInputError(() => crossEntropyOf(classifier, features, [0, 1]), 'one per row, 60', 'got 2');
  });
});
