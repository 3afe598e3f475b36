import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { imagesByClass, meanDifference, moveCodes } from '../../src/model/attribute.js';
import { type ImageSource, splitInMemory } from '../../src/data/source.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { expectInputError } from '../rejection.js';
import { normOf, rowsOf } from '../age/codes.js';

const latents = fc.integer({ min: 2, max: 64 });
const angles = fc.double({ min: -3, max: 3, noNaN: true });
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

describe('meanDifference', () => {
  it('is the mean code with the attribute minus the mean code without it', () => {
    expect(meanDifference(Float32Array.of(1, 0, 3, 2), Float32Array.of(0, 8, -1, 4), 2)).toEqual(
      Float32Array.of(2.5, -5),
    );
  });

  it('requires codes on both sides', async () => {
    await expectInputError(() => meanDifference(new Float32Array(0), Float32Array.of(1), 1), 'no codes with');
    await expectInputError(() => meanDifference(Float32Array.of(1), new Float32Array(0), 1), 'no codes without');
  });
});

describe('images of classes', () => {
  const split = splitInMemory(new Uint8Array(6), 1, Uint8Array.of(0, 2, 1, 0, 2, 2));
  const source: ImageSource = {
    name: 'six',
    size: [1, 1],
    channels: 1,
    train: split,
    test: split,
    classes: 4,
    classNames: ['3', 'cat', 'dog', 'none'],
  };

  it('are found by name first, then by index, and against the rest', () => {
    expect(imagesByClass(source, split, { with: 'cat', without: 'dog' })).toEqual([[2], [1, 4, 5]]);
    expect(imagesByClass(source, split, { with: '3', without: '2' })).toEqual([
      [0, 3],
      [1, 4, 5],
    ]);
    expect(imagesByClass(source, split, { with: 'dog', without: 'rest' })).toEqual([
      [1, 4, 5],
      [0, 2, 3],
    ]);
  });

  it('are rejected without labels, for an unknown, empty or equal class', async () => {
    await expectInputError(
      () => imagesByClass(source, { ...split, labels: null }, { with: 'cat', without: 'rest' }),
      'six: no labels',
    );
    await expectInputError(
      () => imagesByClass(source, split, { with: 'cta', without: 'rest' }),
      'with cta',
      'did you mean cat?',
    );
    await expectInputError(() => imagesByClass(source, split, { with: 'cat', without: '4' }), 'without 4', '0 to 3');
    await expectInputError(
      () => imagesByClass(source, split, { with: 'cat', without: '1' }),
      'without 1',
      'same class',
    );
    await expectInputError(
      () => imagesByClass(source, split, { with: 'cat', without: 'none' }),
      'without none',
      'no images',
    );
  });
});

describe('moving codes along a direction', () => {
  const direction = randomStream(3, 'direction');

  it('keeps codes on the sphere and moves each by the requested angle', () => {
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

  it('moves codes closer to the direction, or away from it, in the plane of both', () => {
    const along = direction.fillNormal(new Float32Array(16));
    const codes = draw(16, 5, 'codes', 20);
    const cosines = [-0.4, 0, 0.4].map((angle) =>
      rowsOf(moveCodes('sphere', codes, along, angle), 16).map((code) => inner(code, along)),
    );
    cosines[1]!.forEach((middle, row) => {
      expect(cosines[0]![row]).toBeLessThan(middle);
      expect(cosines[2]![row]).toBeGreaterThan(middle);
    });
  });

  it('by 0 is bitwise identical', () => {
    const along = direction.fillNormal(new Float32Array(8));
    for (const prior of ['sphere', 'normal'] as const) {
      const codes = drawCodes(prior, 6, 8, randomStream(1, 'codes'));
      expect(moveCodes(prior, codes, along, 0)).toEqual(codes);
    }
  });

  it('forward and backward returns to the start', () => {
    const along = direction.fillNormal(new Float32Array(8));
    const codes = draw(8, 7, 'codes', 10);
    const back = moveCodes('sphere', moveCodes('sphere', codes, along, 0.3), along, -0.3);
    back.forEach((value, index) => expectWithin(value, codes[index]!, 1e-5));
  });

  it('ignores the length of the direction on the sphere, and adds it under the normal prior', () => {
    const codes = draw(8, 9, 'codes', 3);
    const along = direction.fillNormal(new Float32Array(8));
    const longer = along.map((value) => 100 * value);
    moveCodes('sphere', codes, longer, 0.5).forEach((value, index) =>
      expectWithin(value, moveCodes('sphere', codes, along, 0.5)[index]!, 1e-5),
    );
    expect(moveCodes('normal', Float32Array.of(1, 2, 3, 4), Float32Array.of(10, -10), 0.5)).toEqual(
      Float32Array.of(6, -3, 8, -1),
    );
  });

  it('does not modify its input', () => {
    const codes = draw(4, 11, 'codes', 2);
    const copy = codes.slice();
    moveCodes('sphere', codes, Float32Array.of(1, 2, 3, 4), 1);
    expect(codes).toEqual(copy);
  });

  it('rejects undefined directions', async () => {
    const codes = draw(4, 1, 'codes', 2);
    await expectInputError(() => moveCodes('sphere', codes, new Float32Array(4), 1), 'norm is 0');
    await expectInputError(() => moveCodes('sphere', codes, Float32Array.of(1, 2, 3), 1), '3 coordinates');
    await expectInputError(() => moveCodes('sphere', codes, codes.subarray(4), 1), 'code 1', 'equals the direction');
    await expectInputError(() => moveCodes('normal', codes, codes.subarray(4), NaN), 'amount');
  });
});
