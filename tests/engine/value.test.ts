import { describe, expect, it } from 'vitest';
import { constant, constantTensor, input, ShapeError } from '../../src/engine/index.js';
import { splatValue } from '../../src/engine/value.js';

describe('input', () => {
  it('is float32 by default', () => {
    expect(input('x', [2, 3])).toMatchObject({ kind: 'input', name: 'x', type: 'float32', shape: [2, 3] });
    expect(input('n', [], 'int64').type).toBe('int64');
  });

  it.each([[[2, 0]], [[2, -1]], [[1.5]], [[Number.NaN]]])('rejects the shape %j', (shape) => {
    expect(() => input('x', shape)).toThrow(ShapeError);
    expect(() => input('x', shape)).toThrow(`input x: shape [${shape.join(', ')}]`);
  });
});

describe('constant', () => {
  it('is a scalar for a number and a vector for a list', () => {
    expect(constant(2)).toMatchObject({ type: 'float32', shape: [], data: Float32Array.of(2) });
    expect(constant([1, 2])).toMatchObject({ type: 'float32', shape: [2], data: Float32Array.of(1, 2) });
  });

  it('has the given shape', () => {
    expect(constant([1, 2], [2, 1]).shape).toEqual([2, 1]);
    expect(constant(1, [1, 1]).shape).toEqual([1, 1]);
  });

  it('keeps its elements if the list changes later', () => {
    const elements = Float32Array.of(1, 2);
    const value = constant(elements);
    elements[0] = 9;
    expect(value.data[0]).toBe(1);
  });

  it('rejects elements that do not fill its shape', () => {
    expect(() => constant([1, 2, 3], [2, 2])).toThrow(ShapeError);
    expect(() => constantTensor({ type: 'int64', shape: [2], data: BigInt64Array.of(1n) })).toThrow(
      '1 elements do not fill the shape [2]',
    );
  });
});

describe('splatValue', () => {
  it('is the element of a float32 constant of equal elements', () => {
    expect(splatValue(constant(3))).toBe(3);
    expect(splatValue(constant([2, 2, 2]))).toBe(2);
  });

  it('is undefined for anything else', () => {
    expect(splatValue(constant([2, 3]))).toBeUndefined();
    expect(splatValue(input('x', []))).toBeUndefined();
    expect(splatValue(constantTensor({ type: 'int64', shape: [], data: BigInt64Array.of(1n) }))).toBeUndefined();
  });
});
