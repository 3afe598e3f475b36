import { describe, expect, it } from 'vitest';
import {
  concat,
  conv,
  expand,
  graphOf,
  leakyRelu,
  lower,
  pad,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  square,
  type Value,
} from '../../../../src/engine/index.js';
import { apply, type Operator } from '../../../../src/engine/operator.js';
import { expectClose } from '../../expectations.js';
import { gradientGraph } from '../../finiteDifferences.js';
import { type Build, operatorsOf, run, targets } from '../../running.js';
import { random, type Tensor } from '../../tensors.js';
import { emulateBlocks } from './emulateBlocks.js';

/** Repeats each pixel `factor` times along rows and columns: an operator as a contributor would write it, whose blocked form changes sizes. */
const Repeat: Operator<{ factor: number }> = {
  name: 'Repeat',
  domain: 'example',
  infer: ([x], { factor }) => ({ type: 'float32', shape: [x!.shape[0]!, x!.shape[1]!, x!.shape[2]! * factor, x!.shape[3]! * factor] }),
  gradient: ({ gradient, attributes }) => [() => apply(SumBlocks, [gradient], attributes)],
  decomposition: ([x], { factor }) => repeatPixels(x!, factor),
  blocked: ([x], { attributes: { factor } }) => repeatRows(x!, factor),
};
const SumBlocks: Operator<{ factor: number }> = {
  name: 'SumBlocks',
  domain: 'example',
  infer: ([x], { factor }) => ({ type: 'float32', shape: [x!.shape[0]!, x!.shape[1]!, x!.shape[2]! / factor, x!.shape[3]! / factor] }),
  gradient: ({ gradient, attributes }) => [() => apply(Repeat, [gradient], attributes)],
  decomposition: ([x], { factor }) => {
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    return reduceSum(reshape(x!, [batch, channels, height / factor, factor, width / factor, factor]), [3, 5], { keepAxes: false });
  },
  blocked: ([x], { attributes: { factor } }) => {
    const [blocks, height, width, inner] = x!.shape as [number, number, number, number];
    return reduceSum(reshape(x!, [blocks, height / factor, factor, width / factor, factor, inner]), [2, 4], { keepAxes: false });
  },
};
const repeat = (x: Value, factor: number): Value => apply(Repeat, [x], { factor });

/** Along the last two axes of [N, C, H, W]. */
function repeatPixels(x: Value, factor: number): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const repeated = expand(reshape(x, [batch * channels, height, 1, width, 1]), [batch * channels, height, factor, width, factor]);
  return reshape(repeated, [batch, channels, height * factor, width * factor]);
}

/** Along the second and third of four axes. */
function repeatRows(x: Value, factor: number): Value {
  const [blocks, height, width, inner] = x.shape as [number, number, number, number];
  const repeated = expand(reshape(x, [blocks, height, 1, width, 1, inner]), [blocks, height, factor, width, factor, inner]);
  return reshape(repeated, [blocks, height * factor, width * factor, inner]);
}

/** An operator between two convolutions, each of which asks for blocked channels. */
const between =
  (middle: (x: Value) => Value): Build =>
  (x, before, after) =>
    square(conv(leakyRelu(middle(conv(x, before, { pads: 1 })), 0.2), after, { pads: 1 }));

const tensors = (inner: number, outer = inner): Tensor[] => [random([2, 3, 4, 4], 1), random([inner, 3, 3, 3], 2), random([2, outer, 3, 3], 3)];

interface Case {
  readonly build: Build;
  readonly tensors: readonly Tensor[];
  /** Whether it stays on blocked channels, with its gradients. */
  readonly blocked: boolean;
}

const cases: Record<string, Case> = {
  'an operator with a blocked form of its own': { build: between((x) => repeat(x, 2)), tensors: tensors(17), blocked: true },
  'a factor of three': { build: between((x) => repeat(x, 3)), tensors: tensors(5), blocked: true },
  'a slice of whole blocks': { build: between((x) => slice(x, 1, 16, 24)), tensors: tensors(32, 8), blocked: false },
  'a slice inside a block': { build: between((x) => slice(x, 1, 3, 9)), tensors: tensors(20, 6), blocked: false },
  'a slice of columns': { build: between((x) => slice(x, 3, 1, 4, 2)), tensors: tensors(5), blocked: false },
  'a slice of images': { build: between((x) => slice(x, 0, 1, 2)), tensors: tensors(5), blocked: false },
  'whole blocks joined': { build: between((x) => concat([x, x], 1)), tensors: tensors(16, 32), blocked: true },
  'parts of blocks joined': { build: between((x) => concat([x, x], 1)), tensors: tensors(5, 10), blocked: false },
  'rows joined': { build: between((x) => concat([x, x], 2)), tensors: tensors(5), blocked: true },
  'images joined': { build: between((x) => concat([x, x], 0)), tensors: tensors(5), blocked: false },
  'padding around images': { build: between((x) => pad(x, [0, 0, 1, 0], [0, 0, 0, 2])), tensors: tensors(5), blocked: true },
  'channels of zeros': { build: between((x) => pad(x, [0, 1, 0, 0], [0, 2, 0, 0])), tensors: tensors(5, 8), blocked: false },
  'means over channels': { build: between((x) => expand(reduceMean(square(x), [1]), x.shape)), tensors: tensors(5), blocked: false },
  'means over groups of channels': {
    build: between((x) => {
      const [batch, channels, height, width] = x.shape as [number, number, number, number];
      const groups = reshape(x, [batch, 2, channels / 2, height, width]);
      return reshape(expand(reduceMean(groups, [2, 3, 4]), groups.shape), x.shape);
    }),
    tensors: tensors(6),
    blocked: false,
  },
};

/** Operators that convert between layouts by moving elements within pixels. */
const conversionsOf = (build: Build, of: readonly Tensor[]): number =>
  operatorsOf(lower(gradientGraph(build, of), { name: 'cpu', block: 16 })).filter((name) => name === 'Transpose').length;

describe.each(Object.entries(cases))('feature maps with blocked channels and %s', (_, { build, tensors: of, blocked }) => {
  it('compute what plain layouts compute, with their gradients', async () => {
    const { inputs, outputs } = gradientGraph(build, of);
    const graph = graphOf({ ...outputs, result: build(...inputs) }, inputs);
    const expected = await run(graph, of, targets.plain);
    const emulated = await run(emulateBlocks(lower(graph, { name: 'cpu', block: 16 }), 16), of, targets.plain);
    for (const actual of [await run(graph, of, targets.blocked), emulated])
      for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, 1e-4, 0.1);
  });

  it(blocked ? 'are converted no more often than without' : 'are converted', () => {
    const without = conversionsOf(
      between((x) => x),
      [of[0]!, of[1]!, random([2, of[1]!.shape[0]!, 3, 3], 3)],
    );
    expect(conversionsOf(build, of) > without).toBe(!blocked);
  });
});
