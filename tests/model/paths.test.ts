import fc from 'fast-check';
import { drawCodes } from '../../src/age/prior.js';
import { codeStatistics } from '../../src/metrics/catalog/codeStatistics.js';
import {
  distanceFromCodes,
  drawCodesAround,
  greatCircle,
  interpolateCodes,
  pathThrough,
  tangentAt,
} from '../../src/model/paths.js';
import { randomStream } from '../../src/random.js';
import { normOf, rowsOf } from '../age/codes.js';
import { expectWithin } from '../expectWithin.js';
import { deviationOf, meanOf } from '../moments.js';
import { errorOf, expectInputError } from '../rejection.js';
import { describe, expect, it } from 'vitest';

const steps = fc.integer({ min: 2, max: 12 });
const latents = fc.integer({ min: 2, max: 64 });
const draw = (latent: number, seed: number, purpose: string, count = 1) =>
  drawCodes('sphere', count, latent, randomStream(seed, purpose));

/** The angle between two directions, exact also where it is small. */
function angleBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [u, v] = [Array.from(a), Array.from(b)];
  return (
    2 *
    Math.atan2(normOf(u.map((value, index) => value - v[index]!)), normOf(u.map((value, index) => value + v[index]!)))
  );
}

const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);

describe('the distance from codes', () => {
  const at = (angle: number, length = 1) => Float32Array.of(length * Math.cos(angle), length * Math.sin(angle), 0);

  it('is the squared sine of the angle to the nearest code, or 1 beyond a right angle', () => {
    expect(distanceFromCodes(at(0.4), [at(2), at(0.4)])).toBe(0);
    expectWithin(distanceFromCodes(at(0.4), [at(0), at(1)]), Math.sin(0.4) ** 2, 1e-6);
    expectWithin(distanceFromCodes(at(0.4, 3), [at(0, 0.5)]), Math.sin(0.4) ** 2, 1e-6);
    expectWithin(distanceFromCodes(at(Math.PI / 4), [at(0), at(Math.PI / 2)]), 1 / 2, 1e-6);
    expect(distanceFromCodes(at(Math.PI), [at(0), at(Math.PI / 2 - 0.001)])).toBe(1);
  });

  it('is the part of the variance that the farther of two independent codes contributes', () => {
    const [a, b] = [
      drawCodes('sphere', 1, 4000, randomStream(1, 'from')),
      drawCodes('sphere', 1, 4000, randomStream(2, 'to')),
    ];
    for (const position of [0.1, 0.3, 0.5]) {
      const between = Float32Array.from(
        interpolateCodes('sphere', a, b, 11)
          .subarray(Math.round(10 * position) * 4000)
          .subarray(0, 4000),
      );
      expectWithin(distanceFromCodes(between, [a, b]), inner(between, b) ** 2, 0.05);
    }
  });
});

describe('interpolation on the sphere', () => {
  it('stays on the sphere, in equal steps of the shorter arc, with exact ends', () => {
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
        for (let step = 1; step < count; step++)
          expectWithin(angleBetween(path[step - 1]!, path[step]!), whole / (count - 1), 1e-4);
      }),
    );
  });

  it('rotates a quarter turn through the midpoint', () => {
    const path = interpolateCodes('sphere', Float32Array.of(1, 0), Float32Array.of(0, 1), 3);
    expect(path).toEqual(Float32Array.of(1, 0, Math.SQRT1_2, Math.SQRT1_2, 0, 1));
  });

  it('is constant between equal codes', () => {
    const a = draw(16, 1, 'same');
    for (const code of rowsOf(interpolateCodes('sphere', a, a, 5), 16))
      for (const [index, value] of code.entries()) expectWithin(value, a[index]!, 1e-6);
  });

  it('is even between codes that differ only by rounding', () => {
    const a = draw(8, 2, 'near');
    const b = a.map((value, index) => value + (index === 0 ? 1e-6 : 0));
    for (const code of rowsOf(interpolateCodes('sphere', a, b, 4), 8)) expectWithin(normOf(code), 1, 1e-5);
  });

  it('rejects opposite codes, between which no arc is the shortest', () => {
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
    expect(interpolateCodes('normal', Float32Array.of(0, 4), Float32Array.of(4, -4), 5)).toEqual(
      Float32Array.of(0, 4, 1, 2, 2, 0, 3, -2, 4, -4),
    );
  });

  it('passes the middle of opposite codes', () => {
    expect(interpolateCodes('normal', Float32Array.of(1, 2), Float32Array.of(-1, -2), 3)).toEqual(
      Float32Array.of(1, 2, 0, 0, -1, -2),
    );
  });
});

describe('a great circle', () => {
  it('follows the sphere evenly from the first code through the second, and closes', () => {
    fc.assert(
      fc.property(latents, fc.integer({ min: 3, max: 40 }), fc.nat(), (latent, steps, seed) => {
        const [a, b] = [draw(latent, seed, 'a'), draw(latent, seed, 'b')];
        const whole = angleBetween(a, b);
        fc.pre(whole > 0.05 && whole < 3.1);
        const circle = rowsOf(greatCircle(a, b, steps), latent);
        expect(circle).toHaveLength(steps);
        for (const code of circle) expectWithin(normOf(code), 1, 1e-4);
        circle.forEach((code, step) =>
          expectWithin(angleBetween(code, circle[(step + 1) % steps]!), (2 * Math.PI) / steps, 1e-3),
        );
        expectWithin(angleBetween(circle[0]!, a), 0, 1e-5);
      }),
    );
  });

  it('reaches the second code by the shorter way', () => {
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

  it('is rejected through equal or opposite codes', async () => {
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
    expect(pathThrough('sphere', points, 16, 7)).toEqual(
      interpolateCodes('sphere', points.subarray(0, 16), points.subarray(16), 7),
    );
  });

  it.each([false, true])('passes through each on schedule without repeating any (closed: %s)', (closed) => {
    const [latent, steps] = [8, 5];
    const points = draw(latent, 2, 'points', 4);
    const path = rowsOf(pathThrough('sphere', points, latent, steps, closed), latent);
    expect(path).toHaveLength(closed ? 4 * 4 : 3 * 4 + 1);
    rowsOf(points, latent).forEach((point, index) => expect(path[index * (steps - 1)]).toEqual(point));
    const moves = path
      .slice(closed ? 0 : 1)
      .map((code, index) => angleBetween(code, closed ? path[(index + 1) % path.length]! : path[index]!));
    for (const move of moves) expect(move).toBeGreaterThan(0.01);
  });

  it('under the normal prior is straight', () => {
    expect(pathThrough('normal', Float32Array.of(0, 0, 2, 0, 2, 2), 2, 3)).toEqual(
      Float32Array.of(0, 0, 1, 0, 2, 0, 2, 1, 2, 2),
    );
    expect(pathThrough('normal', Float32Array.of(0, 0, 2, 0), 2, 3, true)).toEqual(
      Float32Array.of(0, 0, 1, 0, 2, 0, 1, 0),
    );
  });

  it('rejects one point or one step', async () => {
    await expectInputError(() => pathThrough('sphere', draw(4, 1, 'one'), 4, 5), '2 points', 'got 1');
    await expectInputError(() => pathThrough('sphere', draw(4, 1, 'two', 2), 4, 1), '2 steps', 'got 1');
  });
});

describe('the tangent at a code', () => {
  it('is the component of the direction orthogonal to it', () => {
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

describe('samples around a code', () => {
  const code = drawCodes('sphere', 1, 64, randomStream(1, 'code'));
  const around = (spread: number, count = 2000) =>
    rowsOf(drawCodesAround('sphere', code, spread, count, randomStream(2, 'draws')), 64);

  it.each([0.1, 0.3, 0.7, 1])('are on the sphere, at the angle that the spread %d defines', (spread) => {
    const draws = around(spread);
    for (const draw of draws) expectWithin(normOf(draw), 1, 1e-5);
    const angles = draws.map((draw) => Math.acos(inner(draw, code)));
    expectWithin(meanOf(angles), (spread * Math.PI) / 2, 0.05);
  });

  it('equal the code near spread 0', () => {
    for (const draw of around(1e-6, 20))
      for (const [index, value] of draw.entries()) expectWithin(value, code[index]!, 1e-5);
  });

  it('equal the prior at spread 1', () => {
    const { rayleigh, bingham } = codeStatistics({
      data: drawCodesAround('sphere', code, 1, 3000, randomStream(2, 'draws')),
      width: 64,
    });
    for (const { statistic, degreesOfFreedom } of [rayleigh, bingham])
      expectWithin(statistic, degreesOfFreedom, 4 * Math.sqrt(2 * degreesOfFreedom));
  });

  it('are symmetric around the code', () => {
    const across = drawCodes('sphere', 1, 64, randomStream(3, 'across'));
    const along = inner(Array.from(across), code);
    const sides = around(0.5).map((draw) =>
      inner(
        draw,
        across.map((value, index) => value - along * code[index]!),
      ),
    );
    expectWithin(meanOf(sides), 0, (4 * deviationOf(sides)) / Math.sqrt(2000));
  });

  it.each([0.3, 1])('under the normal prior shift their mean toward the prior, spread %d', (spread) => {
    const normal = drawCodes('normal', 1, 32, randomStream(1, 'code'));
    const draws = rowsOf(drawCodesAround('normal', normal, spread, 3000, randomStream(2, 'draws')), 32);
    const [kept, noise] = [Math.cos((spread * Math.PI) / 2), Math.sin((spread * Math.PI) / 2)];
    for (let index = 0; index < 32; index++) {
      const column = draws.map((draw) => draw[index]!);
      expectWithin(meanOf(column), kept * normal[index]!, (5 * noise) / Math.sqrt(3000));
      expectWithin(deviationOf(column), noise, 0.07 * noise);
    }
  });

  it('depend only on their stream', () => {
    const draw = (seed: number) => drawCodesAround('sphere', code, 0.3, 3, randomStream(seed, 'draws'));
    expect(draw(2)).toEqual(draw(2));
    expect(draw(2)).not.toEqual(draw(3));
  });

  it.each(['sphere', 'normal'] as const)('are rejected if the spread is out of range (%s)', async (prior) => {
    for (const spread of [0, -1, 1.1, NaN]) {
      await expectInputError(
        () => drawCodesAround(prior, Float32Array.of(1, 0), spread, 1, randomStream(1, 'draws')),
        'spread',
        'at most 1',
      );
    }
  });
});
