import { describe, expect, it } from 'vitest';
import { meanDifference } from '../../src/model/meanDifference.js';
import { expectInputError } from '../rejection.js';

describe('the direction of an attribute', () => {
  const codes = Float32Array.of(1, 0, 3, 2, 0, 8, -1, 4);

  it('is the mean code with it minus the mean code without', () => {
    const { direction, meanWith, meanWithout } = meanDifference(codes, 2, [0, 1], Uint32Array.of(3, 2));
    expect(meanWith).toEqual(Float32Array.of(2, 1));
    expect(meanWithout).toEqual(Float32Array.of(-0.5, 6));
    expect(direction).toEqual(Float32Array.of(2.5, -5));
  });

  it('leaves out codes that are on neither side', () => {
    expect(meanDifference(codes, 2, [0], [2]).direction).toEqual(Float32Array.of(1, -8));
  });

  it('needs codes on both sides', async () => {
    await expectInputError(() => meanDifference(codes, 2, [], [1]), 'no codes with');
    await expectInputError(() => meanDifference(codes, 2, [1], []), 'no codes without');
  });
});
