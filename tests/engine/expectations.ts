import { expect } from 'vitest';
import { ShapeError, type TensorData } from '../../src/engine/index.js';

/**
 * Expects the same shape, and elements that differ by at most `tolerance` times the largest expected one; infinities
 * must be the same. Where all expected elements are below `floor`, they may differ by `tolerance` times that.
 */
export function expectClose(actual: TensorData, expected: TensorData, tolerance = 1e-5, floor = 0): void {
  expect(actual.type).toBe(expected.type);
  expect(actual.shape).toEqual(expected.shape);
  expectCloseElements(Array.from(actual.data, Number), Array.from(expected.data, Number), tolerance, floor);
}

/** The same of elements alone. */
export function expectCloseElements(
  actual: readonly number[],
  expected: readonly number[],
  tolerance = 1e-5,
  floor = 0,
): void {
  expect(actual).toHaveLength(expected.length);
  const limit = tolerance * Math.max(floor, largestOf(expected));
  // Written so that NaN, which compares as false, is wrong.
  const isClose = (element: number, index: number) =>
    actual[index] === element || Math.abs(actual[index]! - element) <= limit;
  const wrong = expected.flatMap((element, index) =>
    isClose(element, index) ? [] : [{ index, actual: actual[index], expected: element }],
  );
  expect(wrong.slice(0, 5), `${wrong.length} of ${expected.length} elements differ by more than ${limit}`).toEqual([]);
}

/** The magnitude of the largest finite element. */
export const largestOf = (elements: readonly number[]): number =>
  elements.filter(Number.isFinite).reduce((largest, element) => Math.max(largest, Math.abs(element)), 0);

/** Expects the same shape and bits. */
export function expectSame(actual: TensorData, expected: TensorData): void {
  expect(actual.type).toBe(expected.type);
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.data).toEqual(expected.data);
}

/**
 * Expects a ShapeError, while the graph is built, that begins with the operator's name and holds every one of the
 * texts.
 */
export function expectShapeError(build: () => unknown, operator: string, ...texts: readonly string[]): void {
  const error = errorOf(build);
  expect(error).toBeInstanceOf(ShapeError);
  const { message } = error as ShapeError;
  expect(message).toMatch(new RegExp(`^${operator}: `));
  for (const text of texts) expect(message).toContain(text);
}

function errorOf(build: () => unknown): unknown {
  try {
    build();
  } catch (error) {
    return error;
  }
  return undefined;
}
