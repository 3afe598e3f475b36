import { describe, expect, it } from 'vitest';
import {
  augment,
  type AugmentationName,
  AUGMENTATIONS,
  color,
  cutout,
  drawAugmentations,
  parameterCount,
  translation,
} from '../../src/age/augmentation.js';
import { constant, slice, type Value } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';
import { expectClose, expectSame } from '../engine/expectations.js';
import { expectRightGradients } from '../engine/finiteDifferences.js';
import { forward, targets } from '../engine/running.js';
import { at, generate, random, tensor, type Tensor, total } from '../engine/tensors.js';

const SHAPE = [3, 8, 8] as const;
const ALL: readonly AugmentationName[] = ['color', 'translation', 'cutout'];
const draw = (count: number, names = ALL, seed = 1) =>
  drawAugmentations(names, count, SHAPE, randomStream(seed, 'augmentation'));
const parameters = tensor(Array.from(draw(4)), [4, 7]);
const images = random([4, ...SHAPE], 1);

describe('augmentations', () => {
  it('are applied in the order of their names, each with its own parameters', async () => {
    const together = await forward((x, all) => augment(x, ALL, all), [images, parameters]);
    const apart = await forward(
      (x, all) => {
        const colored = augment(x, ['color'], slice(all, 1, 0, 3));
        const moved = augment(colored, ['translation'], slice(all, 1, 3, 5));
        return augment(moved, ['cutout'], slice(all, 1, 5, 7));
      },
      [images, parameters],
    );
    expectSame(together, apart);
    const reversed = await forward(
      (x, all) => augment(x, ['cutout', 'color', 'translation'], all),
      [images, parameters],
    );
    expect(reversed.data).not.toEqual(together.data);
  });

  it('do the same to equal images with equal parameters, whatever else is in the batch', async () => {
    const [whole, single] = [
      await forward((x, all) => augment(x, ALL, all), [images, parameters]),
      await forward((x, all) => augment(slice(x, 0, 2, 3), ALL, slice(all, 0, 2, 3)), [images, parameters]),
    ];
    expectClose(single, tensor(Array.from(whole.data.subarray(2 * 192, 3 * 192), Number), [1, ...SHAPE]), 1e-6);
  });

  it('are the same lowered for every target', async () => {
    const expected = await forward((x, all) => augment(x, ALL, all), [images, parameters], targets.plain);
    for (const target of [targets.cpu, targets.blocked])
      expectClose(await forward((x, all) => augment(x, ALL, all), [images, parameters], target), expected);
  });

  it('together have the gradient of finite differences', async () => {
    await expectRightGradients((x) => augment(x, ALL, constant(draw(2), [2, 7])), [random([2, ...SHAPE], 2)]);
  });

  it.each<readonly [readonly AugmentationName[]]>([[[]], ...AUGMENTATIONS.map((name) => [[name]] as const), [ALL]])(
    '%j draw as many parameters as they take, the same from the same stream',
    (names) => {
      const drawn = draw(5, names);
      expect(drawn).toHaveLength(5 * parameterCount(names));
      expect(draw(5, names)).toEqual(drawn);
      if (names.length > 0) expect(draw(5, names, 2)).not.toEqual(drawn);
    },
  );
});

describe('colors', () => {
  /** Brightness, saturation and contrast of each image. */
  type Change = readonly [brightness: number, saturation: number, contrast: number];
  const colored =
    (...changes: readonly Change[]) =>
    (x: Value): Value =>
      augment(x, ['color'], constant(changes.flat(), [changes.length, 3]));

  const gray = (x: Tensor, n: number, i: number, j: number): number =>
    total([x.shape[1]!], (c) => at(x, n, c, i, j)) / x.shape[1]!;
  const mean = (x: Tensor, n: number): number =>
    total(x.shape.slice(1), (c, i, j) => at(x, n, c, i, j)) / total(x.shape.slice(1), () => 1);

  const x = random([2, 3, 4, 5], 1);

  describe('color', () => {
    it('adds the brightness', async () => {
      const expected = generate(x.shape, (n, c, i, j) => at(x, n, c, i, j) + [0.3, -0.2][n]!);
      for (const target of Object.values(targets))
        expectClose(await forward(colored([0.3, 1, 1], [-0.2, 1, 1]), [x], target), expected);
    });

    it('scales the difference of the channels from their mean by the saturation', async () => {
      const expected = generate(x.shape, (n, c, i, j) => {
        const pixel = gray(x, n, i, j);
        return pixel + [0, 1.7][n]! * (at(x, n, c, i, j) - pixel);
      });
      expectClose(await forward(colored([0, 0, 1], [0, 1.7, 1]), [x]), expected);
    });

    it('scales the difference from the mean of the image by the contrast', async () => {
      const expected = generate(
        x.shape,
        (n, c, i, j) => mean(x, n) + [0.5, 1.4][n]! * (at(x, n, c, i, j) - mean(x, n)),
      );
      expectClose(await forward(colored([0, 1, 0.5], [0, 1, 1.4]), [x]), expected);
    });

    it('leaves the saturation of grayscale images', async () => {
      const one = random([2, 1, 4, 4], 2);
      expectClose(
        await forward(colored([0.1, 0, 0.8], [0, 2, 1]), [one]),
        await forward(colored([0.1, 1, 0.8], [0, 1, 1]), [one]),
        0,
      );
    });

    it('has the gradient of finite differences', async () => {
      await expectRightGradients(colored([0.3, 0.4, 1.2], [-0.1, 1.6, 0.7]), [x]);
    });

    it('draws brightness from -0.5 to 0.5, saturation from 0 to 2 and contrast from 0.5 to 1.5', () => {
      const stream = randomStream(1, 'colors');
      const draws = Array.from({ length: 1000 }, () => color.draw(stream, [3, 8, 8]));
      for (const [index, [low, high]] of [
        [-0.5, 0.5],
        [0, 2],
        [0.5, 1.5],
      ].entries()) {
        const values = draws.map((draw) => draw[index]!);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(low!);
        expect(Math.min(...values)).toBeLessThan(low! + 0.02);
        expect(Math.max(...values)).toBeLessThanOrEqual(high!);
        expect(Math.max(...values)).toBeGreaterThan(high! - 0.02);
      }
    });
  });
});

const cut =
  (...centers: readonly (readonly [row: number, column: number])[]) =>
  (x: Value): Value =>
    augment(x, ['cutout'], constant(centers.flat(), [centers.length, 2]));

describe('cutout', () => {
  it('sets a square of half the size around the center to 0, and nothing else', async () => {
    const x = random([2, 3, 8, 8], 1);
    // The squares of 4x4 pixels begin two pixels before their centers.
    const starts = [
      [2, 1],
      [4, 3],
    ] as const;
    const isCut = (n: number, i: number, j: number) =>
      [i - starts[n]![0], j - starts[n]![1]].every((offset) => offset >= 0 && offset < 4);
    const expected = generate(x.shape, (n, c, i, j) => (isCut(n, i, j) ? 0 : at(x, n, c, i, j)));
    for (const target of Object.values(targets))
      expectClose(await forward(cut([4, 3], [6, 5]), [x], target), expected, 0);
  });

  it.each([
    ['in the middle', 8, [4, 4], 16],
    ['at a corner', 8, [0, 0], 4],
    ['at the end of the border', 8, [8, 4], 8],
    ['of odd size in the middle', 6, [3, 3], 9],
    ['of odd size at a corner', 6, [0, 0], 4],
  ] as const)('%s covers that part of its area that lies in the image', async (_, size, center, area) => {
    const ones = generate([1, 1, size, size], () => 1);
    const { data } = await forward(cut(center), [ones]);
    expect(Array.from(data, Number).filter((pixel) => pixel === 0)).toHaveLength(area);
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(cut([1, 4], [5, 2]), [random([2, 2, 6, 6], 2)]);
  });

  it('draws centers from the whole image', () => {
    const stream = randomStream(1, 'centers');
    const draws = Array.from({ length: 1000 }, () => cutout.draw(stream, [1, 8, 6]));
    const valuesOf = (axis: number) => [...new Set(draws.map((draw) => draw[axis]!))].sort((a, b) => a - b);
    expect(valuesOf(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(valuesOf(1)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

/** Shifts of two images, down and to the right. */
const SHIFTS = [
  [1, -2],
  [-3, 0],
] as const;
const shifted =
  (shifts: readonly (readonly [number, number])[] = SHIFTS) =>
  (x: Value): Value =>
    augment(x, ['translation'], constant(shifts.flat(), [shifts.length, 2]));
const clamp = (index: number, size: number): number => Math.min(Math.max(index, 0), size - 1);

describe('translation', () => {
  it('moves each image by its own rows and columns, and repeats the border', async () => {
    const x = random([2, 3, 8, 6], 1);
    const expected = generate(x.shape, (n, c, i, j) =>
      at(x, n, c, clamp(i - SHIFTS[n]![0], 8), clamp(j - SHIFTS[n]![1], 6)),
    );
    for (const target of Object.values(targets)) expectSame(await forward(shifted(), [x], target), expected);
  });

  it('by 0 is the identity', async () => {
    const x = random([2, 1, 8, 8], 2);
    expectSame(
      await forward(
        shifted([
          [0, 0],
          [0, 0],
        ]),
        [x],
      ),
      x,
    );
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(shifted(), [random([2, 2, 5, 4], 3)]);
  });

  it('draws whole shifts of up to an eighth of the size, all equally likely', () => {
    const stream = randomStream(1, 'shifts');
    const draws = Array.from({ length: 2000 }, () => translation.draw(stream, [1, 32, 16]));
    for (const [axis, most] of [4, 2].entries()) {
      const shifts = Array.from({ length: 2 * most + 1 }, (_, index) => index - most);
      expect(draws.every((draw) => shifts.includes(draw[axis]!))).toBe(true);
      for (const shift of shifts)
        expect(Math.abs(draws.filter((draw) => draw[axis] === shift).length * shifts.length - 2000)).toBeLessThan(700);
    }
  });
});
