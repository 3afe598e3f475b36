import { expect } from 'vitest';

/** Expects a number at most `distance` away from another. */
export function expectWithin(actual: number, expected: number, distance: number): void {
  // Written so that NaN, which compares as false, is wrong.
  expect(Math.abs(actual - expected) <= distance, `${actual} is not within ${distance} of ${expected}`).toBe(true);
}
