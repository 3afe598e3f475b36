import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { divergence, type DivergenceOptions, minDivergence, MOMENTS, REDUCTIONS } from '../../src/age/divergences.js';
import { type Prior, PRIORS, relativeVariance } from '../../src/age/prior.js';
import { graphOf, input, type Program } from '../../src/engine/index.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';
import { meanOf, varianceOf } from '../moments.js';
import { axisPairs, onSphere, randomCodes, rowsOf } from './codes.js';

const LATENT = 4;
/** One code per direction of the axes. */
const COUNT = 2 * LATENT;

const GAUSSIAN: readonly DivergenceOptions[] = (['qp', 'pq'] as const).flatMap((direction) =>
  MOMENTS.flatMap((moment) => REDUCTIONS.map((reduction) => ({ divergence: direction, moment, reduction }))),
);
const NEAREST: DivergenceOptions = { divergence: 'nearest', moment: 'std', reduction: 'mean' };
const nameOf = ({ divergence: direction, moment, reduction }: DivergenceOptions) =>
  `${direction}_${moment}_${reduction}`;

/** The definitions of docs/method.md, in double precision. */
function plainDivergence(
  codes: ArrayLike<number>,
  latent: number,
  { divergence: direction, moment, reduction }: DivergenceOptions,
): number {
  const rows = rowsOf(codes, latent);
  if (direction === 'nearest') return plainNearest(rows, latent);
  const terms = [...Array(latent).keys()].map((coordinate) => {
    const column = rows.map((row) => row[coordinate]!);
    const m = meanOf(column);
    const s = moment === 'std' ? Math.sqrt(varianceOf(column)) : varianceOf(column);
    return direction === 'qp'
      ? (s ** 2 + m ** 2) / 2 - Math.log(s) - 1 / 2
      : (1 + m ** 2) / (2 * s ** 2) + Math.log(s) - 1 / 2;
  });
  const sum = terms.reduce((a, b) => a + b);
  return reduction === 'sum' ? sum : sum / latent;
}

function plainNearest(rows: readonly number[][], latent: number): number {
  const squares = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0);
  const nearest = rows.map((row, index) =>
    Math.min(...rows.filter((_, other) => other !== index).map((other) => squares(row, other))),
  );
  const entropy = (latent / rows.length) * nearest.reduce((sum, distance) => sum + Math.log(distance + 1e-4), 0);
  return meanOf(rows.flat().map((value) => value ** 2)) / 2 - entropy;
}

describe('the divergence of a batch of codes', () => {
  let program: Program;
  beforeAll(async () => {
    const codes = input('codes', [COUNT, LATENT]);
    program = await compileSmall(
      graphOf(
        Object.fromEntries([...GAUSSIAN, NEAREST].map((options) => [nameOf(options), divergence(codes, options)])),
      ),
    );
  });
  afterAll(() => program.release());

  const divergencesOf = async (codes: Float32Array): Promise<Record<string, number>> => {
    const results = await program.run({ codes });
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]));
  };
  const seeds = fc.integer({ min: 0, max: 1e6 });
  const spreads = fc.double({ min: 0.1, max: 2, noNaN: true });

  it('matches its formula, for both directions, moments and reductions, and for nearest codes', async () => {
    await fc.assert(
      // Not too narrow, or float32 has no digits left of the variances.
      fc.asyncProperty(seeds, fc.double({ min: 0.5, max: 2, noNaN: true }), async (seed, spread) => {
        const codes = randomCodes(COUNT, LATENT, seed, spread);
        const found = await divergencesOf(codes);
        for (const options of [...GAUSSIAN, NEAREST]) {
          expectCloseElements([found[nameOf(options)]!], [plainDivergence(codes, LATENT, options)], 1e-4, 1);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('of nearest codes is finite for coincident codes', async () => {
    const codes = randomCodes(COUNT, LATENT, 1);
    codes.copyWithin(LATENT, 0, LATENT);
    const { [nameOf(NEAREST)]: found } = await divergencesOf(codes);
    expectCloseElements([found!], [plainDivergence(codes, LATENT, NEAREST)], 1e-4);
    const { [nameOf(NEAREST)]: collapsed } = await divergencesOf(new Float32Array(COUNT * LATENT));
    expectCloseElements([collapsed!], [-LATENT * Math.log(1e-4)], 1e-5);
  });

  it('has the lower bound 1/2 + (M/2) log M - M/2 on the sphere as a sum, divided by M as a mean', () => {
    for (const latent of [2, 3, 64, 128, 1000]) {
      const expected = 1 / 2 + (latent / 2) * Math.log(latent) - latent / 2;
      expectWithin(
        minDivergence({ divergence: 'qp', moment: 'std', reduction: 'sum' }, 'sphere', latent)!,
        expected,
        1e-9 * latent,
      );
      expectWithin(
        minDivergence({ divergence: 'qp', moment: 'std', reduction: 'mean' }, 'sphere', latent)!,
        expected / latent,
        1e-9,
      );
    }
  });

  it('has the lower bound 0 for the normal prior', () => {
    for (const options of GAUSSIAN) expectWithin(minDivergence(options, 'normal', 5)!, 0, 1e-12);
  });

  it('has no lower bound for nearest codes', () => {
    for (const prior of PRIORS) expect(minDivergence(NEAREST, prior, LATENT)).toBeUndefined();
  });

  it.each([
    ['sphere', 1],
    ['normal', Math.sqrt(LATENT)],
  ] as const)(
    'reaches the lower bound for the %s if the mean is 0 and the variances are those of the prior',
    async (prior, length) => {
      const found = await divergencesOf(axisPairs(LATENT, length));
      for (const options of GAUSSIAN)
        expectWithin(found[nameOf(options)]!, minDivergence(options, prior, LATENT)!, 1e-5);
    },
  );

  it('is never below the lower bound on the sphere', async () => {
    const bounds = GAUSSIAN.map((options) => [nameOf(options), minDivergence(options, 'sphere', LATENT)!] as const);
    await fc.assert(
      fc.asyncProperty(seeds, spreads, async (seed, spread) => {
        const found = await divergencesOf(onSphere(randomCodes(COUNT, LATENT, seed, spread), LATENT));
        for (const [name, bound] of bounds) expect(found[name], name).toBeGreaterThanOrEqual(bound - 1e-5);
      }),
    );
  });

  it('is never below the lower bound near the batch that reaches it', async () => {
    const best = axisPairs(LATENT);
    await fc.assert(
      fc.asyncProperty(seeds, fc.double({ min: 0.01, max: 0.5, noNaN: true }), async (seed, distance) => {
        const moved = randomCodes(COUNT, LATENT, seed).map((draw, index) => best[index]! + distance * draw);
        const found = await divergencesOf(onSphere(moved, LATENT));
        for (const options of GAUSSIAN)
          expect(found[nameOf(options)], nameOf(options)).toBeGreaterThan(
            minDivergence(options, 'sphere', LATENT)! - 1e-6,
          );
      }),
      { numRuns: 50 },
    );
  });

  it('is never below 0 off the sphere', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, spreads, async (seed, spread) => {
        const found = await divergencesOf(randomCodes(COUNT, LATENT, seed, spread));
        for (const options of GAUSSIAN) expect(found[nameOf(options)], nameOf(options)).toBeGreaterThanOrEqual(-1e-5);
      }),
      { numRuns: 50 },
    );
  });

  it('does not depend on the order of the codes', async () => {
    const codes = randomCodes(COUNT, LATENT, 3);
    const reversed = Float32Array.from(rowsOf(codes, LATENT).reverse().flat());
    const [found, other] = [await divergencesOf(codes), await divergencesOf(reversed)];
    for (const [name, value] of Object.entries(found)) expectCloseElements([other[name]!], [value], 1e-5);
  });
});

describe('the relative variance of a batch of codes', () => {
  let program: Program;
  beforeAll(async () => {
    const codes = input('codes', [COUNT, LATENT]);
    program = await compileSmall(
      graphOf(Object.fromEntries(PRIORS.map((prior) => [prior, relativeVariance(codes, prior)]))),
    );
  });
  afterAll(() => program.release());

  const relativeVarianceOf = async (codes: Float32Array, prior: Prior): Promise<number> =>
    Number((await program.run({ codes }))[prior]!.data[0]);
  const seeds = fc.integer({ min: 0, max: 1e6 });

  it('is 1 if the mean is 0 and the variances are those of the prior', async () => {
    expectWithin(await relativeVarianceOf(axisPairs(LATENT), 'sphere'), 1, 1e-6);
    expectWithin(await relativeVarianceOf(axisPairs(LATENT, Math.sqrt(LATENT)), 'normal'), 1, 1e-6);
  });

  it('is 1 for any codes of mean 0 on the sphere, such as opposite ones', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const half = onSphere(randomCodes(COUNT / 2, LATENT, seed), LATENT);
        expectWithin(
          await relativeVarianceOf(Float32Array.of(...half, ...half.map((value) => -value)), 'sphere'),
          1,
          1e-5,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('is 0 if all codes are equal', async () => {
    const codes = onSphere(randomCodes(COUNT, LATENT, 1, 0), LATENT);
    for (const prior of PRIORS) expectWithin(await relativeVarianceOf(codes, prior), 0, 1e-6);
  });

  it('on the sphere is 1 minus the squared length of the mean code', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.double({ min: 0, max: 2, noNaN: true }), async (seed, width) => {
        const codes = onSphere(randomCodes(COUNT, LATENT, seed, width), LATENT);
        const rows = rowsOf(codes, LATENT);
        const mean = [...Array(LATENT).keys()].map((coordinate) => meanOf(rows.map((row) => row[coordinate]!)));
        expectWithin(await relativeVarianceOf(codes, 'sphere'), 1 - Math.hypot(...mean) ** 2, 1e-5);
      }),
    );
  });

  it('is proportional to the squared codes, and invariant to a common shift', async () => {
    await fc.assert(
      fc.asyncProperty(
        seeds,
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        fc.constantFrom(...PRIORS),
        async (seed, scale, prior) => {
          const codes = randomCodes(COUNT, LATENT, seed);
          const before = await relativeVarianceOf(codes, prior);
          expectCloseElements(
            [
              await relativeVarianceOf(
                codes.map((value) => scale * value),
                prior,
              ),
            ],
            [scale ** 2 * before],
            1e-4,
          );
          expectCloseElements(
            [
              await relativeVarianceOf(
                codes.map((value, index) => value + (index % LATENT)),
                prior,
              ),
            ],
            [before],
            1e-3,
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});
