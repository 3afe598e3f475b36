import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { interpolateCodes } from '../../src/model/slerp.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { errorOf } from '../rejection.js';
import { normOf, rowsOf } from '../age/codes.js';

const latents = fc.integer({ min: 2, max: 64 });
const steps = fc.integer({ min: 2, max: 12 });
const draw = (latent: number, seed: number, end: string) => drawCodes('sphere', 1, latent, randomStream(seed, end));

/** The angle between two directions, exact also where it is small. */
function angleBetween(a: readonly number[], b: readonly number[]): number {
  return 2 * Math.atan2(normOf(a.map((value, index) => value - b[index]!)), normOf(a.map((value, index) => value + b[index]!)));
}

describe('interpolation on the sphere', () => {
  it('stays on the sphere, in even steps of the shorter arc, from end to end exactly', () => {
    fc.assert(
      fc.property(latents, steps, fc.nat(), (latent, count, seed) => {
        const [a, b] = [draw(latent, seed, 'from'), draw(latent, seed, 'to')];
        const path = rowsOf(interpolateCodes('sphere', a, b, count), latent);
        expect(path).toHaveLength(count);
        expect(path[0]).toEqual(Array.from(a));
        expect(path.at(-1)).toEqual(Array.from(b));
        const whole = angleBetween(Array.from(a), Array.from(b));
        // Near the opposite point the arc itself is uncertain by float32's rounding.
        fc.pre(whole < 3.1);
        for (const code of path) expectWithin(normOf(code), 1, 1e-4);
        for (let step = 1; step < count; step++) expectWithin(angleBetween(path[step - 1]!, path[step]!), whole / (count - 1), 1e-4);
      }),
    );
  });

  it('turns a quarter through the point between', () => {
    const path = interpolateCodes('sphere', Float32Array.of(1, 0), Float32Array.of(0, 1), 3);
    expect(path).toEqual(Float32Array.of(1, 0, Math.SQRT1_2, Math.SQRT1_2, 0, 1));
  });

  it('stays where it is between equal codes', () => {
    const a = draw(16, 1, 'same');
    for (const code of rowsOf(interpolateCodes('sphere', a, a, 5), 16)) for (const [index, value] of code.entries()) expectWithin(value, a[index]!, 1e-6);
  });

  it('is even between codes so near that they differ by rounding', () => {
    const a = draw(8, 2, 'near');
    const b = a.map((value, index) => value + (index === 0 ? 1e-6 : 0));
    for (const code of rowsOf(interpolateCodes('sphere', a, b, 4), 8)) expectWithin(normOf(code), 1, 1e-5);
  });

  it('refuses opposite codes, between which no arc is the shortest', () => {
    return fc.assert(
      fc.asyncProperty(latents, fc.nat(), async (latent, seed) => {
        const a = draw(latent, seed, 'from');
        const error = await errorOf(() =>
          interpolateCodes(
            'sphere',
            a,
            a.map((value) => -value),
            3,
          ),
        );
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).message).toContain('opposite');
      }),
    );
  });
});

describe('interpolation under the normal prior', () => {
  it('divides the straight line evenly', () => {
    expect(interpolateCodes('normal', Float32Array.of(0, 4), Float32Array.of(4, -4), 5)).toEqual(Float32Array.of(0, 4, 1, 2, 2, 0, 3, -2, 4, -4));
  });

  it('goes through the middle of opposite codes', () => {
    expect(interpolateCodes('normal', Float32Array.of(1, 2), Float32Array.of(-1, -2), 3)).toEqual(Float32Array.of(1, 2, 0, 0, -1, -2));
  });
});
