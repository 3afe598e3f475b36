import { describe, expect, it } from 'vitest';
import {
  concat,
  conv,
  expand,
  graphOf,
  leakyRelu,
  reduceMean,
  reshape,
  resize,
  slice,
  square,
  type Value,
} from '../../src/engine/index.js';
import { lower } from '../../src/engine/lowering/lower.js';
import { expectClose } from '../engine/expectations.js';
import { gradientGraph } from '../engine/finiteDifferences.js';
import { type Build, operatorsOf, run, targets } from '../engine/running.js';
import { random, type Tensor } from '../engine/tensors.js';
import { emulateBlocks } from '../engine/lowering/blocked/emulateBlocks.js';

/** An operator between two convolutions, each of which asks for blocked channels. */
const between =
  (middle: (x: Value) => Value): Build =>
  (x, before, after) =>
    square(conv(leakyRelu(middle(conv(x, before, { pads: 1 })), 0.2), after, { pads: 1 }));

const tensors = (inner: number, outer = inner): Tensor[] => [
  random([2, 3, 4, 4], 1),
  random([inner, 3, 3, 3], 2),
  random([2, outer, 3, 3], 3),
];

interface Case {
  build: Build;
  tensors: readonly Tensor[];
  /** Whether it stays on blocked channels, with its gradients. */
  blocked: boolean;
}

const cases: Record<string, Case> = {
  upsampling: { build: between((x) => resize(x, 2)), tensors: tensors(17), blocked: true },
  'a factor of three': { build: between((x) => resize(x, 3)), tensors: tensors(5), blocked: true },
  'means over pixels': { build: between((x) => reduceMean(x, [2, 3])), tensors: tensors(5), blocked: true },
  'a slice of columns': { build: between((x) => slice(x, 3, 1, 4, 2)), tensors: tensors(5), blocked: false },
  'feature maps joined': { build: between((x) => concat([x, x], 1)), tensors: tensors(16, 32), blocked: false },
  'means over channels': {
    build: between((x) => expand(reduceMean(square(x), [1]), x.shape)),
    tensors: tensors(5),
    blocked: false,
  },
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
  operatorsOf(lower(gradientGraph(build, of), { name: 'cpu', block: 16 })).filter((name) => name === 'Transpose')
    .length;

describe.each(Object.entries(cases))(
  'feature maps with blocked channels and %s',
  (_, { build, tensors: of, blocked }) => {
    it('equal those in plain layouts, with their gradients', async () => {
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
  },
);
