import { describe, expect, it } from 'vitest';
import { drawHole } from '../../src/conditions/holes.js';
import { randomStream } from '../../src/random.js';

describe('holes', () => {
  const stream = randomStream(1, 'holes');
  const shares = Array.from({ length: 2000 }, () => drawHole(32, stream).reduce((sum, value) => sum + value, 0) / 1024);

  it('hide a part of the image, and everything one time in ten', () => {
    const everything = shares.filter((share) => share === 1).length / shares.length;
    expect(everything).toBeGreaterThan(0.08);
    expect(everything).toBeLessThan(0.12);
    expect(Math.min(...shares)).toBeGreaterThan(0.005);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    expect(mean).toBeGreaterThan(0.25);
    expect(mean).toBeLessThan(0.5);
  });

  it('of a seed are the same', () => {
    expect(drawHole(16, randomStream(2, 'holes'))).toEqual(drawHole(16, randomStream(2, 'holes')));
  });
});
