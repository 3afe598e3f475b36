import { describe, expect, it } from 'vitest';
import { classCondition, classNamed, oneHot } from '../../src/conditions/classes.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';

describe('conditions on classes', () => {
  it('are 1 at the class, or 0 everywhere for any class', () => {
    expect(oneHot([1, null, 0], 3)).toEqual(Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0, 0));
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

  it('of images are their classes; training does not tell a tenth of them', async () => {
    const x = new Uint8Array(0);
    const { shape, of } = classCondition(2);
    expect(shape).toEqual([2]);
    expect(of({ x, labels: Uint8Array.of(1, 0) })).toEqual(Float32Array.of(0, 1, 1, 0));
    const labels = new Uint8Array(5000);
    const told = of({ x, labels }, randomStream(0, 'told')).reduce((sum, value) => sum + value, 0);
    expect(told / labels.length).toBeGreaterThan(0.88);
    expect(told / labels.length).toBeLessThan(0.92);
    await expectInputError(() => of({ x, labels: null }), 'condition class: the images have no labels');
  });
});
