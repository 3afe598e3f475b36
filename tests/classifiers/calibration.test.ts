import { describe, expect, it } from 'vitest';
import { accuracyOf } from '../../src/classifiers/labels.js';
import {
  classProbabilities,
  crossEntropyOf,
  type LinearClassifier,
  predictClasses,
} from '../../src/classifiers/logisticRegression.js';
import type { Features } from '../../src/numerics/features.js';
import {
  calibrationSplits,
  expectedCalibrationError,
  fitLogitScale,
  foldSplits,
} from '../../src/classifiers/calibration.js';
import { fitLinearProbe } from '../../src/classifiers/linearProbe.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { meanOf } from '../moments.js';
import { normalRows } from '../metrics/samples.js';

const CLASSES = 10;
const labelsInTurn = (count: number): number[] => Array.from({ length: count }, (_, row) => row % CLASSES);

/** Rows of ten classes in turn, in 64 coordinates: noise around a center per class that is `distance` long. */
function clusters(rows: number, distance: number, seed: number): { features: Features; labels: number[] } {
  const width = 64;
  const labels = labelsInTurn(rows);
  const centers = normalRows(CLASSES, width, 99, distance / Math.sqrt(width)).data;
  const data = normalRows(rows, width, seed).data.map(
    (value, index) => value + centers[labels[Math.floor(index / width)]! * width + (index % width)]!,
  );
  return { features: { data, width }, labels };
}

/** The mean of the largest probability of each row. */
function confidenceOf(classifier: LinearClassifier, features: Features): number {
  const probabilities = classProbabilities(classifier, features);
  return meanOf(
    Array.from({ length: probabilities.length / CLASSES }, (_, row) =>
      Math.max(...probabilities.subarray(row * CLASSES, (row + 1) * CLASSES)),
    ),
  );
}

describe('foldSplits', () => {
  /** 5 of class 0, 20 of class 1, 35 of class 2, mixed. */
  const labels = Uint8Array.from({ length: 60 }, (_, index) => (index % 12 === 0 ? 0 : index % 3 === 1 ? 1 : 2));
  const heldOut = (folds: number, rows = labels, seed = 1) =>
    foldSplits(rows, folds, randomStream(seed, 'labels'), 3).map((split) => split.heldOut);

  it('distributes every class, and all labels, evenly', () => {
    for (const part of heldOut(5)) {
      expect(part).toHaveLength(12);
      for (const [label, share] of [1, 4, 7].entries())
        expect(part.filter((index) => labels[index] === label)).toHaveLength(share);
    }
    expect(heldOut(5)).toEqual(heldOut(5));
    expect(heldOut(5)).not.toEqual(heldOut(5, labels, 2));
  });

  it('holds out parts that differ in size by at most one label', () => {
    const sizes = heldOut(3, labels.subarray(0, 56)).map(({ length }) => length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
});

describe('calibration of a linear probe', () => {
  const unseen = clusters(4000, 4, 7);
  it.each([50, 100, 300, 1000, 2000])(
    'brings the mean confidence within 0.06 of the accuracy with %i labels',
    (count) => {
      const { features, labels } = clusters(count, 4, 1);
      const classifier = fitLinearProbe(features, labels, CLASSES, 0, { calibrate: true });
      const accuracy = accuracyOf(predictClasses(classifier, unseen.features), unseen.labels);
      expectWithin(confidenceOf(classifier, unseen.features), accuracy, 0.06);
    },
  );

  it('lowers the cross-entropy of unseen rows and keeps every prediction', () => {
    const { features, labels } = clusters(100, 4, 1);
    const plain = fitLinearProbe(features, labels, CLASSES, 0);
    const calibrated = fitLinearProbe(features, labels, CLASSES, 0, { calibrate: true });
    expect(predictClasses(calibrated, unseen.features)).toEqual(predictClasses(plain, unseen.features));
    expect(crossEntropyOf(calibrated, unseen.features, unseen.labels)).toBeLessThan(
      0.9 * crossEntropyOf(plain, unseen.features, unseen.labels),
    );
  });

  it('changes nothing if each class has a single label', () => {
    const { features, labels } = clusters(CLASSES, 4, 1);
    expect(fitLinearProbe(features, labels, CLASSES, 0, { calibrate: true })).toEqual(
      fitLinearProbe(features, labels, CLASSES, 0),
    );
  });
});

describe('the logit scale', () => {
  /** Probabilities of rows, and labels drawn from the softmax of `scale` times their logits. */
  function drawn(count: number, scale: number) {
    const stream = randomStream(3, 'labels of known probability');
    const logits = normalRows(count, 3, 4).data;
    const softmax = (row: number, factor: number) => {
      const powers = Array.from(logits.subarray(3 * row, 3 * row + 3), (logit) => Math.exp(factor * logit));
      return powers.map((power) => power / powers.reduce((sum, value) => sum + value, 0));
    };
    const labels = Array.from({ length: count }, (_, row) => {
      const [first, second] = softmax(row, scale);
      const draw = stream.uniform();
      return draw < first! ? 0 : draw < first! + second! ? 1 : 2;
    });
    const data = Float64Array.from(Array.from({ length: count }, (_, row) => softmax(row, 1)).flat());
    return { probabilities: { data, width: 3 }, labels };
  }

  it.each([0.3, 1, 4])('recovers the scale by which the labels were drawn: %d', (scale) => {
    expectWithin(fitLogitScale([drawn(20_000, scale)]), scale, 0.1 * scale);
  });

  it('is finite if all held-out labels are predicted with certainty, or none', () => {
    const certain = { data: Float64Array.of(1, 0, 0, 1), width: 2 };
    for (const labels of [
      [0, 1],
      [1, 0],
    ]) {
      const scale = fitLogitScale([{ probabilities: certain, labels }]);
      expect(scale).toBeGreaterThan(0);
      expect(scale).toBeLessThan(1000);
    }
  });

  it('is 1 if nothing was held out', () => {
    expect(fitLogitScale([])).toBe(1);
  });
});

describe('calibration splits', () => {
  it('hold out each of few labels once', () => {
    const splits = calibrationSplits(labelsInTurn(100), CLASSES, 0);
    expect(splits).toHaveLength(5);
    expect(splits.flatMap(({ heldOut }) => Array.from(heldOut)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
    for (const { training, heldOut } of splits) expect(new Set([...training, ...heldOut]).size).toBe(100);
  });

  it('hold out a tenth of many labels, and at least 500', () => {
    const heldOut = (count: number) =>
      calibrationSplits(labelsInTurn(count), CLASSES, 0).map((split) => [split.training.length, split.heldOut.length]);
    expect(heldOut(2000)).toEqual([[1500, 500]]);
    expect(heldOut(20_000)).toEqual([[18_000, 2000]]);
  });

  it('are empty if nothing could be fitted without the held-out labels', () => {
    expect(calibrationSplits([0, 1, 1, 1], 2, 0)).toEqual([]);
    // Which labels are held out follows from their number and the seed: here the only one of the second class.
    const labels = new Array<number>(2000).fill(0);
    labels[calibrationSplits(labelsInTurn(2000), CLASSES, 0)[0]!.heldOut[0]!] = 1;
    expect(calibrationSplits(labels, 2, 0)).toEqual([]);
  });
});

describe('the expected calibration error', () => {
  const errorOf = (rows: readonly (readonly number[])[], labels: readonly number[]) =>
    expectedCalibrationError({ data: Float64Array.from(rows.flat()), width: rows[0]!.length }, labels);

  it('is 0 if the probability of predictions equals their accuracy', () => {
    expect(
      errorOf(
        [
          [1, 0],
          [0, 1],
        ],
        [0, 1],
      ),
    ).toBe(0);
    expect(errorOf(Array(4).fill([0.75, 0.25]) as number[][], [0, 0, 1, 0])).toBeCloseTo(0, 12);
  });

  it('averages the gap between probability and accuracy over bins, weighted by their rows', () => {
    // Two rows at 0.9, both wrong, and one at 0.6, correct: (2 * 0.9 + 0.4) / 3.
    expect(
      errorOf(
        [
          [0.9, 0.1],
          [0.9, 0.1],
          [0.4, 0.6],
        ],
        [1, 1, 1],
      ),
    ).toBeCloseTo(2.2 / 3, 12);
    // In one of the 15 bins, errors of opposite sign cancel.
    expect(
      errorOf(
        [
          [0.61, 0.39],
          [0.61, 0.39],
        ],
        [0, 1],
      ),
    ).toBeCloseTo(0.11, 12);
  });
});
