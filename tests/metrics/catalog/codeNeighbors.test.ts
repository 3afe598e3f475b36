import { describe, expect, it } from 'vitest';
import { medianNearest } from '../../../src/metrics/catalog/codeNeighbors.js';
import { axisPairs } from '../../age/codes.js';
import { expectWithin } from '../../expectWithin.js';
import { featuresOf, reference } from '../samples.js';

describe('the median distance between nearest codes', () => {
  it('agrees with SciPy', () => {
    const { codes, width, nearest } = reference.codes;
    const sorted = nearest.toSorted((a, b) => a - b);
    const middle = sorted.length / 2;
    expectWithin(
      medianNearest(featuresOf(codes, width)),
      (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2,
      1e-7,
    );
  });

  it('is that of a right angle for both directions of every axis', () => {
    expect(medianNearest({ data: axisPairs(5), width: 5 })).toBe(Math.sqrt(2));
  });
});
