import { describe, expect, it } from 'vitest';
import { classNamed, labelsLike, oneHot } from '../../src/model/conditions.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';

describe('conditions', () => {
  it('are 1 at the class, or 0 everywhere for any class', () => {
    expect(oneHot([1, null, 0], 3)).toEqual(Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0, 0));
    expect(oneHot([null, 4], 0)).toEqual(new Float32Array(0));
  });

  it('are refused for a class that the model does not have', async () => {
    await expectInputError(() => oneHot([0, 3], 3), 'class 3: the model has 3 classes');
  });

  it('are found by the name or the number of a class; a name comes first', async () => {
    expect(['cat', 'dog', '1'].map((name) => classNamed(['cat', 'dog'], name, 'class'))).toEqual([0, 1, 1]);
    expect(classNamed(['7', '3'], '7', 'class')).toBe(0);
    for (const name of ['owl', '2', '-1', '1.0'])
      await expectInputError(() => classNamed(['cat', 'dog'], name, 'class'), `class ${name}: `, 'cat, dog');
    await expectInputError(() => classNamed([], 'cat', 'toClass'), 'toClass cat: ', 'trained without classes');
    const many = Array.from({ length: 30 }, (_, index) => `kind ${index}`);
    await expectInputError(() => classNamed(many, 'x', 'class'), 'kind 19 and 10 others');
  });

  it('are drawn as often as in the data, in random order', () => {
    const labels = [...new Array<number>(30).fill(0), ...new Array<number>(10).fill(1)];
    const drawn = labelsLike(labels, 80, randomStream(0, 'labels'));
    expect(drawn.filter((label) => label === 1)).toHaveLength(20);
    expect(new Set(drawn.subarray(0, 20)).size).toBe(2);
    expect(labelsLike(labels, 80, randomStream(0, 'labels'))).toEqual(drawn);
  });
});
