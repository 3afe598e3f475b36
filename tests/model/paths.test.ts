import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { greatCircle, moveCodes, pathThrough, tangentAt } from '../../src/model/paths.js';
import { interpolateCodes } from '../../src/model/slerp.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { expectInputError } from '../rejection.js';
import { normOf, rowsOf } from '../age/codes.js';

const latents = fc.integer({ min: 2, max: 64 });
const angles = fc.double({ min: -3, max: 3, noNaN: true });
const draw = (latent: number, seed: number, purpose: string, count = 1) => drawCodes('sphere', count, latent, randomStream(seed, purpose));

/** The angle between two directions, exact also where it is small. */
function angleBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [u, v] = [Array.from(a), Array.from(b)];
  return 2 * Math.atan2(normOf(u.map((value, index) => value - v[index]!)), normOf(u.map((value, index) => value + v[index]!)));
}

const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);

describe('a great circle', () => {
  it('goes evenly around the sphere, from the first code through the second, and closes', () => {
    fc.assert(
      fc.property(latents, fc.integer({ min: 3, max: 40 }), fc.nat(), (latent, steps, seed) => {
        const [a, b] = [draw(latent, seed, 'a'), draw(latent, seed, 'b')];
        const whole = angleBetween(a, b);
        fc.pre(whole > 0.05 && whole < 3.1);
        const circle = rowsOf(greatCircle(a, b, steps), latent);
        expect(circle).toHaveLength(steps);
        for (const code of circle) expectWithin(normOf(code), 1, 1e-4);
        circle.forEach((code, step) => expectWithin(angleBetween(code, circle[(step + 1) % steps]!), (2 * Math.PI) / steps, 1e-3));
        expectWithin(angleBetween(circle[0]!, a), 0, 1e-5);
      }),
    );
  });

  it('passes through the second code the shorter way', () => {
    const circle = rowsOf(greatCircle(Float32Array.of(1, 0, 0), Float32Array.of(Math.SQRT1_2, Math.SQRT1_2, 0), 8), 3);
    expectWithin(
      angleBetween(
        circle[1]!,
        [1, 1, 0].map((value) => value * Math.SQRT1_2),
      ),
      0,
      1e-6,
    );
    expectWithin(angleBetween(circle[4]!, [-1, 0, 0]), 0, 1e-6);
  });

  it('is refused through codes that are equal or opposite', async () => {
    const a = draw(8, 1, 'a');
    await expectInputError(() => greatCircle(a, a, 5), 'equal or opposite');
    await expectInputError(
      () =>
        greatCircle(
          a,
          a.map((value) => -value),
          5,
        ),
      'equal or opposite',
    );
  });
});

describe('a path through points', () => {
  it('of two points is the arc between them', () => {
    const points = draw(16, 1, 'points', 2);
    expect(pathThrough('sphere', points, 16, 7)).toEqual(interpolateCodes('sphere', points.subarray(0, 16), points.subarray(16), 7));
  });

  it.each([false, true])('passes through each at its time, and does not repeat any (closed: %s)', (closed) => {
    const [latent, steps] = [8, 5];
    const points = draw(latent, 2, 'points', 4);
    const path = rowsOf(pathThrough('sphere', points, latent, steps, closed), latent);
    expect(path).toHaveLength(closed ? 4 * 4 : 3 * 4 + 1);
    rowsOf(points, latent).forEach((point, index) => expect(path[index * (steps - 1)]).toEqual(point));
    const moves = path.slice(closed ? 0 : 1).map((code, index) => angleBetween(code, closed ? path[(index + 1) % path.length]! : path[index]!));
    for (const move of moves) expect(move).toBeGreaterThan(0.01);
  });

  it('under the normal prior goes straight', () => {
    expect(pathThrough('normal', Float32Array.of(0, 0, 2, 0, 2, 2), 2, 3)).toEqual(Float32Array.of(0, 0, 1, 0, 2, 0, 2, 1, 2, 2));
    expect(pathThrough('normal', Float32Array.of(0, 0, 2, 0), 2, 3, true)).toEqual(Float32Array.of(0, 0, 1, 0, 2, 0, 1, 0));
  });

  it('is refused for one point or one step', async () => {
    await expectInputError(() => pathThrough('sphere', draw(4, 1, 'one'), 4, 5), '1 points');
    await expectInputError(() => pathThrough('sphere', draw(4, 1, 'two', 2), 4, 1), '1 steps');
  });
});

describe('moving codes along a direction', () => {
  const direction = randomStream(3, 'direction');

  it('keeps them on the sphere, each as far from where it was as was asked', () => {
    fc.assert(
      fc.property(latents, angles, fc.nat(), (latent, angle, seed) => {
        const codes = draw(latent, seed, 'codes', 5);
        const along = randomStream(seed, 'direction').fillNormal(new Float32Array(latent));
        const before = rowsOf(codes, latent);
        fc.pre(before.every((code) => Math.abs(inner(code, along)) < 0.999 * normOf(Array.from(along))));
        rowsOf(moveCodes('sphere', codes, along, angle), latent).forEach((code, row) => {
          expectWithin(normOf(code), 1, 1e-5);
          expectWithin(angleBetween(code, before[row]!), Math.abs(angle), 1e-3);
        });
      }),
    );
  });

  it('towards it comes nearer, and away from it farther, in the plane of both', () => {
    const along = direction.fillNormal(new Float32Array(16));
    const codes = draw(16, 5, 'codes', 20);
    const cosines = [-0.4, 0, 0.4].map((angle) => rowsOf(moveCodes('sphere', codes, along, angle), 16).map((code) => inner(code, along)));
    cosines[1]!.forEach((middle, row) => {
      expect(cosines[0]![row]).toBeLessThan(middle);
      expect(cosines[2]![row]).toBeGreaterThan(middle);
    });
  });

  it('by 0 changes nothing, bit for bit', () => {
    const along = direction.fillNormal(new Float32Array(8));
    for (const prior of ['sphere', 'normal'] as const) {
      const codes = drawCodes(prior, 6, 8, randomStream(1, 'codes'));
      expect(moveCodes(prior, codes, along, 0)).toEqual(codes);
    }
  });

  it('there and back leads to where it began', () => {
    const along = direction.fillNormal(new Float32Array(8));
    const codes = draw(8, 7, 'codes', 10);
    const back = moveCodes('sphere', moveCodes('sphere', codes, along, 0.3), along, -0.3);
    back.forEach((value, index) => expectWithin(value, codes[index]!, 1e-5));
  });

  it('does not know the length of the direction on the sphere, and adds it under the normal prior', () => {
    const codes = draw(8, 9, 'codes', 3);
    const along = direction.fillNormal(new Float32Array(8));
    const longer = along.map((value) => 100 * value);
    moveCodes('sphere', codes, longer, 0.5).forEach((value, index) => expectWithin(value, moveCodes('sphere', codes, along, 0.5)[index]!, 1e-5));
    expect(moveCodes('normal', Float32Array.of(1, 2, 3, 4), Float32Array.of(10, -10), 0.5)).toEqual(Float32Array.of(6, -3, 8, -1));
  });

  it('does not change the codes that it is given', () => {
    const codes = draw(4, 11, 'codes', 2);
    const copy = codes.slice();
    moveCodes('sphere', codes, Float32Array.of(1, 2, 3, 4), 1);
    expect(codes).toEqual(copy);
  });

  it('is refused where there is no way', async () => {
    const codes = draw(4, 1, 'codes', 2);
    await expectInputError(() => moveCodes('sphere', codes, new Float32Array(4), 1), 'no length');
    await expectInputError(() => moveCodes('sphere', codes, Float32Array.of(1, 2, 3), 1), '3 coordinates');
    await expectInputError(() => moveCodes('sphere', codes, codes.subarray(4), 1), 'code 1', 'on the direction');
    await expectInputError(() => moveCodes('normal', codes, codes.subarray(4), NaN), 'amount: is NaN');
  });
});

describe('the tangent at a code', () => {
  it('is what of the direction is square to it', () => {
    fc.assert(
      fc.property(latents, fc.nat(), (latent, seed) => {
        const code = draw(latent, seed, 'code');
        const along = draw(latent, seed, 'direction');
        const tangent = tangentAt(code, along);
        expectWithin(inner(tangent, code), 0, 1e-9);
        const rest = Array.from(along, (value, index) => value - tangent[index]!);
        expectWithin(Math.abs(inner(rest, code)), normOf(rest), 1e-6);
      }),
    );
  });
});
