import { describe, it } from 'vitest';
import { type DistanceName, distance, DISTANCES } from '../../src/age/distances.js';
import { expectCloseElements } from '../engine/expectations.js';
import { forward } from '../engine/running.js';
import { at, positionsOf, random, type Tensor, tensor } from '../engine/tensors.js';
import { meanOf } from '../moments.js';

const distanceOf = async (kind: DistanceName, a: Tensor, b: Tensor): Promise<number> =>
  Number((await forward((x, y) => distance(kind, x, y), [a, b])).data[0]);

/** The norm along axis 1 at a position. */
const normAt = (x: Tensor, position: readonly number[]): number => {
  const [first, , ...rest] = position;
  return Math.hypot(...[...Array(x.shape[1]).keys()].map((index) => at(x, first!, index, ...rest)));
};

/** The definitions of docs/method.md, in double precision. */
const PLAIN: Record<DistanceName, (a: Tensor, b: Tensor) => number> = {
  L1: (a, b) => meanOf(positionsOf(a.shape).map((position) => Math.abs(at(a, ...position) - at(b, ...position)))),
  L2: (a, b) => meanOf(positionsOf(a.shape).map((position) => (at(a, ...position) - at(b, ...position)) ** 2)),
  cos: (a, b) =>
    2 -
    meanOf(
      positionsOf(a.shape).map(
        (position) => (at(a, ...position) * at(b, ...position)) / (normAt(a, position) * normAt(b, position)),
      ),
    ),
};

describe.each(DISTANCES)('the distance %s', (kind) => {
  it.each([
    ['codes', [5, 7]],
    ['images', [2, 3, 4, 4]],
  ])('of %s matches its formula', async (_, shape) => {
    const [a, b] = [random(shape, 1, -2, 2), random(shape, 2)];
    expectCloseElements([await distanceOf(kind, a, b)], [PLAIN[kind](a, b)], 1e-5);
  });
});

describe('distances at their limits', () => {
  const codes = random([4, 8], 3);
  const opposite = tensor(
    Array.from(codes.data, (value) => -value),
    [4, 8],
  );

  it.each([
    ['L1', 0],
    ['L2', 0],
    // The mean runs over coordinates too, so that equal codes are 1/M below 2.
    ['cos', 2 - 1 / 8],
  ] as const)('%s of equal codes is %f', async (kind, expected) => {
    expectCloseElements([await distanceOf(kind, codes, codes)], [expected], 1e-6, 1);
  });

  it('cos of opposite codes is 1/M above 2', async () => {
    expectCloseElements([await distanceOf('cos', codes, opposite)], [2 + 1 / 8], 1e-6);
  });

  it('cos does not depend on the lengths of codes', async () => {
    const longer = tensor(
      Array.from(codes.data, (value, index) => value * (1 + Math.floor(index / 8))),
      [4, 8],
    );
    const other = random([4, 8], 4);
    expectCloseElements([await distanceOf('cos', longer, other)], [await distanceOf('cos', codes, other)], 1e-6);
  });

  it('cos with a code of length 0 is 2, not NaN', async () => {
    expectCloseElements(
      [await distanceOf('cos', tensor(new Array<number>(8).fill(0), [1, 8]), random([1, 8], 5))],
      [2],
    );
  });
});
