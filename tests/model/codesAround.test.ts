import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { drawCodesAround } from '../../src/model/codesAround.js';
import { randomStream } from '../../src/random.js';
import { normOf, rowsOf } from '../age/codes.js';
import { expectWithin } from '../expectWithin.js';
import { deviationOf, meanOf } from '../moments.js';
import { expectInputError } from '../rejection.js';

const inner = (a: readonly number[], b: ArrayLike<number>): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0);

describe('codes around a code', () => {
  it.each([0.1, 0.3, 0.7, 1])('lie on the sphere at the angle that the spread %d says', (spread) => {
    const code = drawCodes('sphere', 1, 64, randomStream(1, 'code'));
    const draws = rowsOf(drawCodesAround('sphere', code, spread, 2000, randomStream(2, 'draws')), 64);
    for (const draw of draws) expectWithin(normOf(draw), 1, 1e-5);
    const cosines = draws.map((draw) => inner(draw, code));
    expectWithin(meanOf(cosines), Math.cos((spread * Math.PI) / 2), (4 * deviationOf(cosines)) / Math.sqrt(2000) + 1e-6);
  });

  it.each([0.3, 1])('under the normal prior have its mean turned towards noise, spread %d', (spread) => {
    const code = drawCodes('normal', 1, 32, randomStream(1, 'code'));
    const draws = rowsOf(drawCodesAround('normal', code, spread, 3000, randomStream(2, 'draws')), 32);
    const [stay, noise] = [Math.cos((spread * Math.PI) / 2), Math.sin((spread * Math.PI) / 2)];
    for (let index = 0; index < 32; index++) {
      const column = draws.map((draw) => draw[index]!);
      expectWithin(meanOf(column), stay * code[index]!, (5 * noise) / Math.sqrt(3000));
      expectWithin(deviationOf(column), noise, 0.07 * noise);
    }
  });

  it('follow from their stream', () => {
    const code = drawCodes('sphere', 1, 8, randomStream(1, 'code'));
    expect(drawCodesAround('sphere', code, 0.3, 3, randomStream(2, 'draws'))).toEqual(drawCodesAround('sphere', code, 0.3, 3, randomStream(2, 'draws')));
  });

  it.each(['sphere', 'normal'] as const)('are refused for a spread that is none (%s)', async (prior) => {
    for (const spread of [0, -1, 1.1, NaN]) {
      await expectInputError(() => drawCodesAround(prior, Float32Array.of(1, 0), spread, 1, randomStream(1, 'draws')), 'spread', 'at most 1');
    }
  });
});
