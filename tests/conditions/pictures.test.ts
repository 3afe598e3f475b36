import { describe, expect, it } from 'vitest';
import { conditionOf } from '../../src/conditions/condition.js';
import { shownOutside } from '../../src/conditions/observations.js';
import { pictureOf } from '../../src/conditions/pictures.js';
import { graphOf, input } from '../../src/engine/index.js';
import { fromBytes } from '../../src/images/raster.js';
import { randomStream } from '../../src/random.js';
import { compileSmall } from '../engine/running.js';
import { expectCloseElements } from '../engine/expectations.js';
import { expectInputError } from '../rejection.js';

const SIZE = 32;
const AREA = SIZE * SIZE;
const conditionFor = (condition: string, channels = 3) =>
  conditionOf({ condition, classes: [], attributes: [], channels, size: SIZE })!;

function randomBytes(length: number, seed: number) {
  const stream = randomStream(seed, 'bytes');
  return Uint8Array.from({ length }, () => stream.below(256));
}

/** Puts the conditions into generated images. */
async function completed(condition: string, generated: Float32Array, y: Float32Array) {
  const { complete, shape } = conditionFor(condition);
  const count = generated.length / (3 * AREA);
  const [x, known] = [input('x', [count, 3, SIZE, SIZE]), input('y', [count, ...shape])];
  const program = await compileSmall(graphOf({ result: complete!(x, known) }));
  return (await program.run({ x: generated, y }).finally(() => program.release())).result!.data as Float32Array;
}

describe.each(['gray', 'mask', 'small:8', 'small:16'])('the condition %s', (name) => {
  const x = randomBytes(2 * 3 * AREA, 1);
  const y = conditionFor(name).of({ x, labels: null });

  it('is a picture of the size of the images', () => {
    expect(y.length).toBe(2 * conditionFor(name).shape.reduce((a, b) => a * b));
    expect(Math.max(...y)).toBeLessThanOrEqual(1 + 1e-6);
    expect(Math.min(...y)).toBeGreaterThanOrEqual(-1 - 1e-6);
  });

  it('leaves an image as it is that has what the condition shows', async () => {
    expectCloseElements(Array.from(await completed(name, fromBytes(x), y)), Array.from(fromBytes(x)), 1e-5);
  });

  it('gives every image what it shows: the completion has the same condition', async () => {
    const other = fromBytes(randomBytes(x.length, 2)).map((value) => value / 4);
    const result = await completed(name, other, y);
    expectCloseElements(Array.from(await completed(name, result, y)), Array.from(result), 1e-5);
    expect(result).not.toEqual(fromBytes(x));
  });
});

describe('pictures as conditions', () => {
  it('show the luminance', () => {
    const x = new Uint8Array(3 * AREA).fill(255, 0, AREA);
    expectCloseElements(
      Array.from(conditionFor('gray').of({ x, labels: null }).slice(0, 2)),
      [2 * 0.299 - 1, 2 * 0.299 - 1],
      1e-6,
    );
  });

  it('show what is outside of holes', () => {
    const hole = Uint8Array.from({ length: AREA }, (_, at) => (at < 5 ? 1 : 0));
    const y = shownOutside(new Uint8Array(AREA).fill(255), { channels: 1, size: SIZE }, [hole]);
    expect(Array.from(y.slice(3, 7))).toEqual([0, 0, 1, 1]);
    expect(Array.from(y.slice(AREA + 3, AREA + 7))).toEqual([0, 0, 1, 1]);
  });

  it('show the means of blocks', () => {
    const x = Uint8Array.from({ length: 3 * AREA }, (_, at) => (at % 2 === 0 ? 255 : 0));
    expect(Array.from(conditionFor('small:8').of({ x, labels: null })).every((value) => Math.abs(value) < 1e-6)).toBe(
      true,
    );
  });

  it('are put into photos: the luminance exactly, wherever the color can be shown', () => {
    const { merge } = pictureOf({ condition: 'gray' })!;
    const [photo, completion] = [randomBytes(3 * 500, 3), randomBytes(3 * 500, 4)];
    const merged = merge(photo, completion, new Uint8Array(0));
    const lightOf = (pixels: Uint8Array, at: number) =>
      0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
    for (let at = 0; at < photo.length; at += 3)
      expect(Math.abs(lightOf(merged, at) - lightOf(photo, at))).toBeLessThanOrEqual(0.51);
  });

  it('are put into photos: everything but the hole stays as it is', () => {
    const { merge } = pictureOf({ condition: 'mask' })!;
    expect(merge(Uint8Array.of(1, 2, 3, 4), Uint8Array.of(9, 8, 7, 6), Uint8Array.of(0, 1))).toEqual(
      Uint8Array.of(1, 2, 7, 6),
    );
  });

  it.each([
    ['pink', 3, 'condition pink: unknown'],
    ['toString', 3, 'condition toString: unknown'],
    ['gray', 1, 'requires color images'],
    ['gray:2', 3, 'takes no argument'],
    ['mask:2', 3, 'takes no argument'],
    ['small', 3, 'expected a side that divides 32'],
    ['small:5', 3, 'expected a side that divides 32, such as small:8'],
    ['small:32', 3, 'expected a side'],
  ])('are refused: %s of images with %i channels', async (name, channels, problem) => {
    await expectInputError(() => conditionFor(name, channels), problem);
  });
});
