import { describe, expect, it } from 'vitest';
import {
  batchNormalization,
  batchStatistics,
  constant,
  conv,
  convTranspose,
  gradients,
  graphOf,
  leakyRelu,
  mul,
  type Shape,
  sizeOf,
  sumOf,
  type Value,
} from '../../../../src/engine/index.js';
import { inputsFor, run, targets } from '../../running.js';
import { positionsOf, random, type Tensor, tensor } from '../../tensors.js';

const EPSILON = 1e-5;
/**
 * The largest relative error for each ratio of mean to standard deviation. Rounding of the data alone makes some in
 * proportion to it.
 */
const BOUNDS = [
  [0, 1e-5],
  [10, 1e-4],
  [100, 1e-3],
  [1000, 1e-2],
] as const;

/** A convolution that only picks elements, so that its result is exact: the data x of a batch normalization. */
interface Picking {
  input: Shape;
  kernel: Shape;
  /** The shape of x. */
  picked: Shape;
  build: (input: Value, kernel: Value) => Value;
  /** The position in the input of an element of x, and that of the kernel's element which picks it. */
  source: (position: readonly number[]) => { input: number[]; kernel: number[] };
}

const pointwise = (batch: number, channels: number, height: number, width: number): Picking => ({
  input: [batch, channels, height, width],
  kernel: [channels, channels, 1, 1],
  picked: [batch, channels, height, width],
  build: (input, kernel) => conv(input, kernel),
  source: (position) => ({ input: [...position], kernel: [position[1]!, position[1]!, 0, 0] }),
});

const down = (batch: number, channels: number, size: number): Picking => ({
  input: [batch, channels, 2 * size, 2 * size],
  kernel: [channels, channels, 4, 4],
  picked: [batch, channels, size, size],
  build: (input, kernel) => conv(input, kernel, { strides: 2, pads: 1 }),
  source: ([image, channel, row, column]) => ({
    input: [image!, channel!, 2 * row!, 2 * column!],
    kernel: [channel!, channel!, 1, 1],
  }),
});

/** Each of the four phases of the result comes from channels of its own. */
const up = (batch: number, channels: number, size: number): Picking => ({
  input: [batch, 4 * channels, size, size],
  kernel: [4 * channels, channels, 4, 4],
  picked: [batch, channels, 2 * size, 2 * size],
  build: (input, kernel) => convTranspose(input, kernel, { strides: 2, pads: 1 }),
  source: ([image, channel, row, column]) => {
    const [a, b] = [row! % 2, column! % 2];
    const from = 4 * channel! + 2 * a + b;
    return { input: [image!, from, (row! - a) / 2, (column! - b) / 2], kernel: [from, channel!, 1 + a, 1 + b] };
  },
});

const offsetIn = (shape: Shape, position: readonly number[]): number =>
  shape.reduce((offset, size, axis) => offset * size + position[axis]!, 0);

function kernelOf({ kernel, picked, source }: Picking): Tensor {
  const data = new Array<number>(sizeOf(kernel)).fill(0);
  for (const position of positionsOf(picked)) data[offsetIn(kernel, source(position).kernel)] = 1;
  return tensor(data, kernel);
}

/** Data of standard deviation 1 whose mean is `ratio`, or minus that. */
function dataOf({ input, picked, source }: Picking, ratio: number): Tensor {
  const noise = random(input, 1, -Math.sqrt(3), Math.sqrt(3)).data;
  const data = Array.from(noise);
  for (const position of positionsOf(picked))
    data[offsetIn(input, source(position).input)]! += position[1]! % 2 === 0 ? ratio : -ratio;
  return tensor(data, input);
}

/** Batch normalization and its gradients in double precision. */
function reference(picking: Picking, input: Tensor, scale: Tensor, bias: Tensor, weights: Tensor) {
  const { picked, source } = picking;
  const channels = picked[1]!;
  const count = sizeOf(picked) / channels;
  const positions = positionsOf(picked);
  const x = positions.map((position) => input.data[offsetIn(input.shape, source(position).input)]!);
  const perChannel = (term: (index: number, channel: number) => number): number[] => {
    const sums = new Array<number>(channels).fill(0);
    positions.forEach((position, index) => (sums[position[1]!]! += term(index, position[1]!)));
    return sums;
  };
  const mean = perChannel((index) => x[index]! / count);
  const variance = perChannel((index, c) => (x[index]! - mean[c]!) ** 2 / count);
  const normalized = positions.map(([, c], index) => (x[index]! - mean[c!]!) / Math.sqrt(variance[c!]! + EPSILON));
  const g = Array.from(weights.data);
  const total = perChannel((index) => g[index]!);
  const moment = perChannel((index) => g[index]! * normalized[index]!);
  const dx = new Array<number>(input.data.length).fill(0);
  positions.forEach((position, index) => {
    const c = position[1]!;
    const slope =
      (scale.data[c]! / Math.sqrt(variance[c]! + EPSILON)) *
      (g[index]! - total[c]! / count - (normalized[index]! * moment[c]!) / count);
    dx[offsetIn(input.shape, source(position).input)]! += slope;
  });
  return {
    mean,
    variance,
    y: positions.map(([, c], index) => normalized[index]! * scale.data[c!]! + bias.data[c!]!),
    'gradient of x': dx,
    'gradient of the scale': moment,
    'gradient of the bias': total,
  };
}

/** The norm of the difference, relative to that of what is expected. */
function errorOf(actual: ArrayLike<number | bigint>, expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  const norm = (elements: readonly number[]) => Math.sqrt(elements.reduce((sum, element) => sum + element ** 2, 0));
  return norm(expected.map((element, index) => Number(actual[index]) - element)) / norm(expected);
}

async function errorsOf(
  picking: Picking,
  ratio: number,
  target: (typeof targets)[keyof typeof targets],
): Promise<Record<string, number>> {
  const channels = picking.picked[1]!;
  const tensors = [
    dataOf(picking, ratio),
    kernelOf(picking),
    random([channels], 2, 0.5, 1.5),
    random([channels], 3),
  ] as const;
  const weights = random(picking.picked, 4, 0.5, 1.5);
  const [input, kernel, scale, bias] = inputsFor(tensors) as [Value, Value, Value, Value];
  const x = picking.build(input, kernel);
  const y = batchNormalization(x, scale, bias, EPSILON);
  const slopes = gradients(sumOf(mul(y, constant(weights.data, weights.shape))), [input, scale, bias]);
  const names = ['gradient of x', 'gradient of the scale', 'gradient of the bias'];
  const outputs = {
    ...batchStatistics(x),
    y,
    ...Object.fromEntries(names.map((name, index) => [name, slopes[index]!])),
  };
  const results = await run(graphOf(outputs, inputsOf(input, kernel, scale, bias)), tensors, target);
  const expected = reference(picking, tensors[0], tensors[2], tensors[3], weights);
  const errors = Object.entries(expected).map(
    ([name, elements]) => [name, errorOf(results[name]!.data, elements)] as const,
  );
  const variances = expected.variance.map((variance, channel) =>
    Math.abs(Number(results.variance!.data[channel]) / variance - 1),
  );
  return { ...Object.fromEntries(errors), variance: Math.max(...variances) };
}

const inputsOf = (...values: Value[]) => values.filter((value) => value.kind === 'input');

const PICKINGS: Record<string, Picking> = {
  'a 1x1 convolution': pointwise(8, 5, 8, 8),
  'a 1x1 convolution of a large map': pointwise(3, 16, 40, 24),
  'a 1x1 convolution to one pixel': pointwise(64, 20, 1, 2),
  'a strided convolution': down(16, 17, 8),
  'a strided convolution of few channels': down(5, 3, 4),
  'a strided convolution of one image': down(1, 4, 16),
  'a transposed convolution': up(16, 5, 8),
  'a transposed convolution of more channels than a block has': up(4, 19, 4),
  'a transposed convolution of few channels': up(7, 3, 8),
};

describe.each(Object.entries(PICKINGS))('batch statistics of %s', (_, picking) => {
  it.each(
    Object.entries(targets).flatMap(([name, target]) =>
      BOUNDS.map(([ratio, bound]) => ({ name, target, ratio, bound })),
    ),
  )(
    'are as exact for $name at a mean of $ratio standard deviations as float32 allows, including gradients',
    async ({ target, ratio, bound }) => {
      const { mean, ...errors } = await errorsOf(picking, ratio, target);
      if (ratio > 0) expect(mean).toBeLessThan(1e-6);
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(bound);
    },
  );
});

describe('a feature map whose statistics are computed', () => {
  it('can also be input of other operators', async () => {
    const picking = up(4, 5, 4);
    const tensors = [dataOf(picking, 10), kernelOf(picking)] as const;
    const [input, kernel] = inputsFor(tensors) as [Value, Value];
    const x = picking.build(input, kernel);
    const graph = graphOf(
      { ...batchStatistics(x), sum: sumOf(mul(x, x)), x, y: leakyRelu(x, 0.2) },
      inputsOf(input, kernel),
    );
    const [expected, actual] = [await run(graph, tensors, targets.plain), await run(graph, tensors, targets.blocked)];
    for (const [name, { data }] of Object.entries(expected))
      expect(errorOf(actual[name]!.data, Array.from(data, Number)), name).toBeLessThan(1e-5);
  });
});
