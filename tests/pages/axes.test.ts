import { describe, expect, it } from 'vitest';
import { alignedAxes } from '../../pages/studio/run/axes.js';
import { expectWithin } from '../expectWithin.js';

describe('the axes of a view', () => {
  const before = Float64Array.of(1, 0, 0, 0, 1, 0);

  it.each([
    ['turned', [Math.cos(2), Math.sin(2), 0, -Math.sin(2), Math.cos(2), 0]],
    ['mirrored', [0, 1, 0, 1, 0, 0]],
    ['reversed', [-1, 0, 0, 0, -1, 0]],
  ] as const)('return to themselves if the plane was only %s', (_, axes) => {
    alignedAxes(Float64Array.from(axes), before).forEach((value, index) => expectWithin(value, before[index]!, 1e-12));
  });

  it('stay orthonormal, and nearer than any turn of them', () => {
    const tilted = Float64Array.of(0.6, 0, 0.8, 0.8, 0, -0.6);
    const aligned = alignedAxes(tilted, before);
    const rows = [aligned.subarray(0, 3), aligned.subarray(3)] as const;
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
    for (const [a, b, product] of [
      [rows[0], rows[0], 1],
      [rows[1], rows[1], 1],
      [rows[0], rows[1], 0],
    ] as const)
      expectWithin(dot(a, b), product, 1e-12);
    const nearness = (axes: Float64Array) => dot(axes, before);
    for (let angle = 0; angle < 6; angle += 0.5) {
      const turned = Float64Array.from(
        [0, 1].flatMap((row) =>
          [0, 1, 2].map(
            (index) =>
              Math.cos(angle + (row * Math.PI) / 2) * rows[0][index]! +
              Math.sin(angle + (row * Math.PI) / 2) * rows[1][index]!,
          ),
        ),
      );
      expect(nearness(aligned)).toBeGreaterThanOrEqual(nearness(turned) - 1e-12);
    }
  });
});
