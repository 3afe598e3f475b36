/** Tensors outside the graph, and the plain definitions of their elements that operators are held against. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Shape, sizeOf, type TensorData } from '../../src/engine/index.js';

export type Tensor = TensorData<'float32'>;

/** A float32 tensor of these elements, by default a vector. */
export const tensor = (elements: readonly number[], shape: Shape = [elements.length]): Tensor => ({
  type: 'float32',
  shape,
  data: Float32Array.from(elements),
});

/** A bool tensor of these elements. */
export const bools = (elements: readonly boolean[], shape: Shape = [elements.length]): TensorData<'bool'> => ({
  type: 'bool',
  shape,
  data: Uint8Array.from(elements, Number),
});

/** A tensor each of whose elements is a function of its position. */
export const generate = (shape: Shape, element: (...position: number[]) => number): Tensor =>
  tensor(
    positionsOf(shape).map((position) => element(...position)),
    shape,
  );

/** Every position in a tensor of this shape, in row-major order. */
export const positionsOf = (shape: Shape): number[][] =>
  shape.reduce<number[][]>(
    (heads, size) => heads.flatMap((head) => Array.from({ length: size }, (_, index) => [...head, index])),
    [[]],
  );

/**
 * The element at a position. Where the position has more axes than the tensor the leading ones are ignored, and an axis
 * of size 1 answers for every index: ONNX's broadcasting.
 */
export function at({ shape, data }: TensorData, ...position: number[]): number {
  const own = position.slice(position.length - shape.length);
  const offset = shape.reduce((sum, size, axis) => {
    const index = size === 1 ? 0 : own[axis]!;
    if (index < 0 || index >= size)
      throw new RangeError(`no element ${position.join()} in a tensor of shape ${shape.join()}`);
    return sum * size + index;
  }, 0);
  return Number(data[offset]);
}

/** Sums `term` over every position of a tensor of this shape, in double precision. */
export const total = (shape: Shape, term: (...position: number[]) => number): number =>
  positionsOf(shape).reduce((sum, position) => sum + term(...position), 0);

/** Evenly distributed numbers in [0, 1), the same for the same seed. */
export function uniform(count: number, seed: number): number[] {
  const generator = xoroshiro128plus(seed);
  // The first numbers of small seeds are alike.
  for (let skipped = 0; skipped < 20; skipped++) generator.next();
  return Array.from({ length: count }, () => uniformFloat64(generator));
}

/** Evenly distributed elements between two limits, the same for the same seed. */
export const random = (shape: Shape, seed: number, low = -1, high = 1): Tensor =>
  tensor(
    uniform(sizeOf(shape), seed).map((part) => low + (high - low) * part),
    shape,
  );

/** Random elements of both signs, none nearer to 0 than `gap`: for functions that have a kink or a pole there. */
export function randomAwayFromZero(shape: Shape, seed: number, gap = 0.1): Tensor {
  const { data } = random(shape, seed);
  return tensor(
    Array.from(data, (element) => element + (element < 0 ? -gap : gap)),
    shape,
  );
}

/** The numbers from -1 to 1 in steps that exceed what finite differences move, in an order that only the seed knows. */
export function randomDistinct(shape: Shape, seed: number): Tensor {
  const { data } = random(shape, seed);
  const ranks = Array.from(data, (element) => data.filter((other) => other < element).length);
  return tensor(
    ranks.map((rank) => -1 + (2 * rank) / Math.max(1, data.length - 1)),
    shape,
  );
}
