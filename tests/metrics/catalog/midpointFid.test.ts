import { describe, expect, it } from 'vitest';
import { midpointsOf } from '../../../src/metrics/catalog/midpointFid.js';
import { randomStream } from '../../../src/random.js';
import { expectWithin } from '../../expectWithin.js';
import { featuresOf } from '../samples.js';

const stream = () => randomStream(1, 'pairs');
const rowsOf = ({ data, width }: { data: ArrayLike<number>; width: number }) =>
  Array.from({ length: data.length / width }, (_, row) => Array.from(data).slice(row * width, (row + 1) * width));

describe('midpoints of codes', () => {
  it('on the sphere have length 1 and equal angles to both codes', () => {
    const [a, b] = [
      [0.6, 0.8, 0],
      [0, 0.28, 0.96],
    ];
    for (const midpoint of rowsOf(midpointsOf(featuresOf([...a, ...b], 3), 'sphere', 5, stream()).midpoints)) {
      const cosine = (code: readonly number[]) => midpoint.reduce((sum, value, index) => sum + value * code[index]!, 0);
      expectWithin(Math.hypot(...midpoint), 1, 1e-6);
      expectWithin(cosine(a), cosine(b), 1e-6);
      expect(cosine(a)).toBeGreaterThan(0);
    }
  });

  it('under the normal prior are means', () => {
    expect(rowsOf(midpointsOf(featuresOf([1, 3, 5, -3], 2), 'normal', 2, stream()).midpoints)).toEqual([
      [3, 0],
      [3, 0],
    ]);
  });

  it('are at a mean distance of the squared sine of half the angle between their codes', () => {
    for (const angle of [0.2, Math.PI / 2, 2]) {
      const pair = featuresOf([1, 0, Math.cos(angle), Math.sin(angle)], 2);
      expectWithin(midpointsOf(pair, 'sphere', 3, stream()).distance, Math.sin(angle / 2) ** 2, 1e-6);
    }
  });

  it('pair each code with every other, never with itself', () => {
    const axes = featuresOf([1, 0, 0, 0, 1, 0, 0, 0, 1], 3);
    const pairs = new Set(rowsOf(midpointsOf(axes, 'normal', 100, stream()).midpoints).map(String));
    expect([...pairs].sort()).toEqual(['0,0.5,0.5', '0.5,0,0.5', '0.5,0.5,0']);
  });
});
