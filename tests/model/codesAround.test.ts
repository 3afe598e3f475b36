import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { codeStatistics } from '../../src/metrics/catalog/codeStatistics.js';
import { drawCodesAround } from '../../src/model/codesAround.js';
import { randomStream } from '../../src/random.js';
import { normOf, rowsOf } from '../age/codes.js';
import { expectWithin } from '../expectWithin.js';
import { deviationOf, meanOf } from '../moments.js';
import { expectInputError } from '../rejection.js';

const inner = (a: readonly number[], b: ArrayLike<number>): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0);

describe('codes around a code', () => {
  const code = drawCodes('sphere', 1, 64, randomStream(1, 'code'));
  const around = (spread: number, count = 2000) => rowsOf(drawCodesAround('sphere', code, spread, count, randomStream(2, 'draws')), 64);

  it.each([0.1, 0.3, 0.7, 1])('lie on the sphere, at the angle to the code that the spread %d states', (spread) => {
    const draws = around(spread);
    for (const draw of draws) expectWithin(normOf(draw), 1, 1e-5);
    const angles = draws.map((draw) => Math.acos(inner(draw, code)));
    expectWithin(meanOf(angles), (spread * Math.PI) / 2, 0.05);
  });

  it('are the code itself near spread 0', () => {
    for (const draw of around(1e-6, 20)) for (const [index, value] of draw.entries()) expectWithin(value, code[index]!, 1e-5);
  });

  it('are the prior at spread 1', () => {
    const { rayleigh, bingham } = codeStatistics({ data: drawCodesAround('sphere', code, 1, 3000, randomStream(2, 'draws')), width: 64 });
    for (const { statistic, degreesOfFreedom } of [rayleigh, bingham]) expectWithin(statistic, degreesOfFreedom, 4 * Math.sqrt(2 * degreesOfFreedom));
  });

  it('balance across the code', () => {
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

  it.each([0.3, 1])('under the normal prior have their mean turned towards noise, spread %d', (spread) => {
    const normal = drawCodes('normal', 1, 32, randomStream(1, 'code'));
    const draws = rowsOf(drawCodesAround('normal', normal, spread, 3000, randomStream(2, 'draws')), 32);
    const [kept, noise] = [Math.cos((spread * Math.PI) / 2), Math.sin((spread * Math.PI) / 2)];
    for (let index = 0; index < 32; index++) {
      const column = draws.map((draw) => draw[index]!);
      expectWithin(meanOf(column), kept * normal[index]!, (5 * noise) / Math.sqrt(3000));
      expectWithin(deviationOf(column), noise, 0.07 * noise);
    }
  });

  it('follow from their stream', () => {
    const draw = (seed: number) => drawCodesAround('sphere', code, 0.3, 3, randomStream(seed, 'draws'));
    expect(draw(2)).toEqual(draw(2));
    expect(draw(2)).not.toEqual(draw(3));
  });

  it.each(['sphere', 'normal'] as const)('are rejected if the spread is out of range (%s)', async (prior) => {
    for (const spread of [0, -1, 1.1, NaN]) {
      await expectInputError(() => drawCodesAround(prior, Float32Array.of(1, 0), spread, 1, randomStream(1, 'draws')), 'spread', 'at most 1');
    }
  });
});
