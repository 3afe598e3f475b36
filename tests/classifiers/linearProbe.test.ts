import { describe, expect, it } from 'vitest';
import { accuracyOf } from '../../src/classifiers/labels.js';
import type { Features } from '../../src/numerics/features.js';
import { predictClasses } from '../../src/classifiers/logisticRegression.js';
import { fitLinearProbe, selectL2 } from '../../src/classifiers/linearProbe.js';
import { expectInputError } from '../rejection.js';
import { featuresOf, normalRows } from '../metrics/samples.js';

/** Rows of three classes, each around a corner of its own, in turn. */
function corners(rows: number, distance: number, seed: number): { features: Features; labels: number[] } {
  const { data, width } = normalRows(rows, 3, seed);
  const labels = Array.from({ length: rows }, (_, row) => row % 3);
  return {
    features: {
      data: data.map((value, index) => value + (index % 3 === labels[Math.floor(index / 3)] ? distance : 0)),
      width,
    },
    labels,
  };
}

describe('a linear probe', () => {
  it('separates distant classes, also on unseen rows', () => {
    const [known, unseen] = [corners(60, 8, 1), corners(300, 8, 2)];
    const classifier = fitLinearProbe(known.features, known.labels, 3, 0);
    expect(accuracyOf(predictClasses(classifier, unseen.features), unseen.labels)).toBe(1);
  });

  it('has a larger L2 penalty, the less informative its features are', () => {
    expect(selectL2(corners(60, 0, 3), 3, 0)).toBeGreaterThan(selectL2(corners(60, 8, 3), 3, 0));
  });

  it('uses an L2 penalty of 0.001 if a class has a single label, so that none can be held out', () => {
    expect(selectL2({ features: featuresOf([0, 1, 5, 6], 2), labels: [0, 1] }, 2, 0)).toBe(1e-3);
  });

  it('depends only on its seed', () => {
    const { features, labels } = corners(45, 1, 4);
    expect(fitLinearProbe(features, labels, 3, 5)).toEqual(fitLinearProbe(features, labels, 3, 5));
  });

  it('rejects invalid labels and rows that are too wide', async () => {
    const { features, labels } = corners(6, 1, 1);
    await expectInputError(() => fitLinearProbe(features, labels.slice(1), 3, 0), 'one per row, 6', 'got 5');
    await expectInputError(() => fitLinearProbe(features, [1, 1, 1, 1, 1, 1], 3, 0), 'the same label');
    await expectInputError(
      () => fitLinearProbe({ data: new Float32Array(0), width: 9e6 }, [0, 1], 2, 0),
      '9000000',
      'too wide',
    );
  });
});
