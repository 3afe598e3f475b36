import { describe, expect, it } from 'vitest';
import { codeOnPlane, drawTangentPlane } from '../../pages/components/explore/tangentPlane.js';
import { expectWithin } from '../expectWithin.js';

describe('a tangent plane', () => {
  const origin = { code: Float32Array.of(0.6, 0, 0.8, 0), distance: 0.25 };
  const plane = drawTangentPlane(origin, 1);
  const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);

  it('has orthonormal directions, and others for each seed', () => {
    for (const [a, b, expected] of [
      [plane.right, plane.right, 1],
      [plane.up, plane.up, 1],
      [plane.right, plane.up, 0],
      [plane.right, origin.code, 0],
      [plane.up, origin.code, 0],
    ] as const)
      expectWithin(inner(a, b), expected, 1e-7);
    expect(drawTangentPlane(origin, 2).right).not.toEqual(plane.right);
  });

  it('is mapped to the sphere: lengths become angles', () => {
    expect(codeOnPlane('sphere', plane, 0, 0)).toBe(origin);
    const { code, distance } = codeOnPlane('sphere', plane, 0.3, -0.4);
    expectWithin(inner(code, code), 1, 1e-6);
    expectWithin(inner(code, origin.code), Math.cos(0.5), 1e-6);
    expectWithin(distance, 1 - 0.75 * Math.cos(0.5) ** 2, 1e-6);
  });

  it('is the plane itself under the normal prior', () => {
    const { code } = codeOnPlane('normal', plane, 2, 0);
    code.forEach((value, index) => expectWithin(value, origin.code[index]! + 2 * plane.right[index]!, 1e-6));
  });
});
