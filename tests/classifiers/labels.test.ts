import { describe, expect, it } from 'vitest';
import { accuracyOf, checkLabels, drawBalancedLabels } from '../../src/classifiers/labels.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';

const stream = (seed = 1) => randomStream(seed, 'labels');
/** 5 of class 0, 20 of class 1, 35 of class 2, mixed. */
const labels = Uint8Array.from({ length: 60 }, (_, index) => (index % 12 === 0 ? 0 : index % 3 === 1 ? 1 : 2));
const count = (values: ArrayLike<number>, value: number): number =>
  Array.from(values).filter((other) => other === value).length;

describe('checkLabels', () => {
  it('rejects labels unless each row has one that is a class index', async () => {
    expect(checkLabels(labels, 60)).toBe(3);
    expect(checkLabels(labels, 60, 10)).toBe(10);
    await expectInputError(() => checkLabels(labels, 59), 'one per row, 59', 'got 60');
    await expectInputError(() => checkLabels(labels, 60, 2), 'is 2', 'from 0 to 1');
    await expectInputError(() => checkLabels([0, 1.5], 2), 'label 1 is 1.5');
    await expectInputError(() => checkLabels([0, -1], 2), 'label 1 is -1');
    await expectInputError(() => checkLabels([3, 3, 3], 3), 'the same label', 'at least 2');
  });
});

describe('drawBalancedLabels', () => {
  it('returns the same number of distinct indices of each class, sorted', () => {
    const drawn = drawBalancedLabels(labels, 15, stream());
    expect(new Set(drawn).size).toBe(15);
    expect(drawn).toEqual(drawn.toSorted());
    for (const label of [0, 1, 2])
      expect(
        count(
          drawn.map((place) => labels[place]!),
          label,
        ),
      ).toBe(5);
  });

  it('depends only on the stream, and can reach every index', () => {
    expect(drawBalancedLabels(labels, 6, stream(1))).toEqual(drawBalancedLabels(labels, 6, stream(1)));
    const reached = new Set(
      Array.from({ length: 200 }, (_, seed) => Array.from(drawBalancedLabels(labels, 6, stream(seed)))).flat(),
    );
    expect(reached.size).toBe(60);
  });

  it('rejects counts that the classes do not have', async () => {
    await expectInputError(() => drawBalancedLabels(labels, 18, stream()), '6 of each class', 'class 0 has 5');
    await expectInputError(() => drawBalancedLabels(labels, 7, stream()), '7', 'multiple of 3');
    await expectInputError(() => drawBalancedLabels(labels, 0, stream()), 'is 0');
    await expectInputError(() => drawBalancedLabels(labels, 4, stream(), 4), 'class 3 has 0');
  });
});

describe('accuracyOf', () => {
  it('is the fraction of correct predictions', async () => {
    expect(accuracyOf([1, 2, 3, 4], [1, 0, 3, 3])).toBe(0.5);
    await expectInputError(() => accuracyOf([1], [1, 2]), 'got 2 for 1 predictions');
    await expectInputError(() => accuracyOf([], []), 'at least one');
  });
});
