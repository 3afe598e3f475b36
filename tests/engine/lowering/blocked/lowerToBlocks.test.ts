import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchNormalization,
  conv,
  convTranspose,
  gradients,
  graphOf,
  leakyRelu,
  type Shape,
  square,
  topologicalOrder,
  type Value,
} from '../../../../src/engine/index.js';
import { lower } from '../../../../src/engine/lowering/lower.js';
import { expectClose, largestOf } from '../../expectations.js';
import { gradientGraph, lossOf } from '../../finiteDifferences.js';
import { randomNetworks } from '../../randomNetworks.js';
import { type Build, inputsFor, operatorsOf, run, targets } from '../../running.js';
import { random, type Tensor } from '../../tensors.js';
import { emulateBlocks } from './emulateBlocks.js';

/** Expects a value and its gradients to be the same in blocked and in plain layouts. */
async function expectSameNumbers(build: Build, tensors: readonly Tensor[], tolerance = 1e-4): Promise<void> {
  const { inputs, outputs } = gradientGraph(build, tensors);
  const graph = graphOf({ ...outputs, result: build(...inputs) }, inputs);
  const expected = await run(graph, tensors, targets.plain);
  const actual = await run(graph, tensors, targets.blocked);
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  // Some gradients are nothing but rounding, such as that of a bias which normalization takes away again.
  const floor = 0.1 * Math.max(1, ...Object.values(expected).map(({ data }) => largestOf(Array.from(data, Number))));
  for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, tolerance, floor);
}

/** What can be looked at on any processor. */
const blocksOf16 = { name: 'cpu', block: 16 } as const;

/** How many convolutions of a value with its gradients are on blocked channels, and how many are not. */
function convolutionsOf(build: Build, tensors: readonly Tensor[]): { blocked: number; plain: number } {
  const { outputs } = lower(gradientGraph(build, tensors), blocksOf16);
  const convolutions = topologicalOrder(Object.values(outputs)).filter(
    (value) => value.kind === 'computed' && value.operator.name.startsWith('Conv'),
  );
  const blocked = convolutions.filter((value) => value.kind === 'computed' && value.operator.domain !== undefined);
  return { blocked: blocked.length, plain: convolutions.length - blocked.length };
}

interface Case {
  shapes: readonly Shape[];
  build: Build;
}

const cases: Record<string, Case> = {
  'a DCGAN layer down': {
    shapes: [
      [2, 3, 8, 8],
      [5, 3, 4, 4],
    ],
    build: (x, w) => square(conv(x, w, { strides: 2, pads: 1 })),
  },
  'a DCGAN layer up': {
    shapes: [
      [2, 5, 4, 4],
      [5, 3, 4, 4],
    ],
    build: (x, w) => square(convTranspose(x, w, { strides: 2, pads: 1 })),
  },
  'more channels than one block has': {
    shapes: [
      [2, 17, 4, 4],
      [33, 17, 4, 4],
    ],
    build: (x, w) => square(conv(x, w, { strides: 2, pads: 1 })),
  },
  'a bias and an activation behind several phases': {
    shapes: [[2, 17, 4, 4], [3, 17, 4, 4], [3]],
    build: (x, w, bias) => square(leakyRelu(conv(x, w, { strides: 2, pads: 1, bias }), 0.2)),
  },
  'more images than one block has': {
    shapes: [
      [18, 2, 4, 4],
      [3, 2, 4, 4],
    ],
    build: (x, w) => square(conv(x, w, { strides: 2, pads: 1 })),
  },
  'one image': {
    shapes: [
      [1, 2, 4, 4],
      [3, 2, 4, 4],
    ],
    build: (x, w) => square(conv(x, w, { strides: 2, pads: 1 })),
  },
  'a kernel that strides do not divide': {
    shapes: [
      [2, 17, 8, 8],
      [33, 17, 3, 3],
    ],
    build: (x, w) => square(conv(x, w, { strides: 2, pads: 1 })),
  },
  'such a kernel of few channels': {
    shapes: [
      [2, 3, 8, 8],
      [5, 3, 7, 7],
    ],
    build: (x, w) => square(conv(x, w, { strides: 2, pads: 3 })),
  },
  'a kernel that reaches one of four phases': {
    shapes: [[2, 17, 8, 8], [5, 17, 1, 1], [5]],
    build: (x, w, bias) => square(leakyRelu(conv(x, w, { strides: 2, bias }), 0.2)),
  },
  'a transposed one of few pixels, with a bias and an activation': {
    shapes: [[2, 17, 4, 4], [17, 19, 1, 1], [19]],
    build: (x, w, bias) => square(leakyRelu(convTranspose(x, w, { strides: 2, outputPadding: 1, bias }), 0.2)),
  },
  'fewer taps than the stride': {
    shapes: [
      [2, 17, 9, 9],
      [5, 17, 2, 2],
    ],
    build: (x, w) => square(conv(x, w, { strides: 3 })),
  },
  'stride 1': {
    shapes: [
      [2, 3, 5, 4],
      [2, 3, 3, 3],
    ],
    build: (x, w) => square(conv(x, w, { pads: 1 })),
  },
  'padding that a whole row of the kernel falls into': {
    shapes: [
      [1, 1, 1, 2],
      [1, 1, 3, 3],
    ],
    build: (x, w) => square(conv(x, w, { pads: [1, 1, 2, 2] })),
  },
  'a kernel of one pixel': {
    shapes: [
      [2, 3, 4, 4],
      [5, 3, 1, 1],
    ],
    build: (x, w) => square(conv(x, w)),
  },
  'an image to a pixel': {
    shapes: [
      [2, 3, 4, 4],
      [5, 3, 4, 4],
    ],
    build: (x, w) => square(conv(x, w)),
  },
  'a pixel to an image': {
    shapes: [[2, 5, 1, 1], [5, 3, 4, 4], [3]],
    build: (x, w, bias) => square(convTranspose(x, w, { bias })),
  },
  'a layer with everything': {
    shapes: [[3, 3, 8, 8], [20, 3, 4, 4], [20], [20], [20]],
    build: (x, w, bias, scale, shift) =>
      leakyRelu(batchNormalization(conv(x, w, { strides: 2, pads: 1, bias }), scale, shift, 0.01), 0.2),
  },
  'layers whose layouts meet': {
    shapes: [
      [2, 3, 8, 8],
      [5, 3, 4, 4],
      [5, 3, 4, 4],
      [3, 3, 1, 1],
    ],
    build: (x, down, up, pixel) =>
      conv(
        leakyRelu(
          convTranspose(leakyRelu(conv(x, down, { strides: 2, pads: 1 }), 0.2), up, { strides: 2, pads: 1 }),
          0.2,
        ),
        pixel,
      ),
  },
};

describe('blocked layouts', () => {
  describe.each(Object.entries(cases))('of %s', (_, { shapes, build }) => {
    const tensors = shapes.map((shape, index) => random(shape, index + 1));

    it('preserve results and gradients', async () => {
      await expectSameNumbers(build, tensors);
    });

    it('leave no plain convolution', () => {
      expect(convolutionsOf(build, tensors).plain).toBe(0);
      expect(convolutionsOf(build, tensors).blocked).toBeGreaterThan(0);
    });
  });

  const others: Record<string, Case> = {
    dilations: {
      shapes: [
        [2, 3, 6, 6],
        [2, 3, 3, 3],
      ],
      build: (x, w) => square(conv(x, w, { dilations: 2 })),
    },
    'strides that differ': {
      shapes: [
        [2, 3, 6, 6],
        [2, 3, 2, 2],
      ],
      build: (x, w) => square(conv(x, w, { strides: [1, 2] })),
    },
    'sizes that strides do not divide': {
      shapes: [
        [2, 3, 7, 7],
        [2, 3, 4, 4],
      ],
      build: (x, w) => square(conv(x, w, { strides: 2, pads: 1 })),
    },
  };

  it.each(Object.entries(others))('are not used for %s', async (_, { shapes, build }) => {
    const tensors = shapes.map((shape, index) => random(shape, index + 1));
    expect(convolutionsOf(build, tensors).blocked).toBe(0);
    await expectSameNumbers(build, tensors);
  });

  it('are not used without convolutions', () => {
    const build = (x: Value): Value => leakyRelu(x, 0.2);
    const graph = gradientGraph(build, [random([2, 3, 4, 4], 1)]);
    expect(operatorsOf(lower(graph, blocksOf16))).toEqual(operatorsOf(lower(graph, targets.cpu)));
  });

  it('preserve second derivatives', async () => {
    const tensors = [random([2, 3, 8, 8], 1), random([5, 3, 4, 4], 2)];
    const slope: Build = (x, w) => gradients(lossOf(square(conv(x, w, { strides: 2, pads: 1 }))), [x])[0]!;
    await expectSameNumbers((x, w) => square(slope(x, w)), tensors);
  });

  it('keep an output that is an intermediate value of a network', async () => {
    const tensors = [random([2, 3, 8, 8], 1), random([5, 3, 4, 4], 2)];
    const [x, w] = inputsFor(tensors);
    const inside = conv(x!, w!, { strides: 2, pads: 1 });
    const graph = graphOf({ inside, outside: leakyRelu(inside, 0.2) });
    const [expected, actual] = [await run(graph, tensors, targets.plain), await run(graph, tensors, targets.blocked)];
    expectClose(actual.inside!, expected.inside!);
    expectClose(actual.outside!, expected.outside!);
  });

  it('preserve results of random networks', async () => {
    await fc.assert(
      fc.asyncProperty(randomNetworks, ({ build, tensors }) => expectSameNumbers(build, tensors, 1e-3)),
      { seed: 11, numRuns: 100 },
    );
  });
});

describe.each([4, 8, 16])('graphs lowered for blocks of %d', (block) => {
  it('equal plain graphs, on CPUs with such blocks', async () => {
    await fc.assert(
      fc.asyncProperty(randomNetworks, async ({ build, tensors }) => {
        const { inputs, outputs } = gradientGraph(build, tensors);
        const graph = graphOf({ ...outputs, result: build(...inputs) }, inputs);
        const expected = await run(graph, tensors, targets.plain);
        const actual = await run(emulateBlocks(lower(graph, { name: 'cpu', block }), block), tensors, targets.plain);
        expect(Object.keys(actual)).toEqual(Object.keys(expected));
        const floor =
          0.1 * Math.max(1, ...Object.values(expected).map(({ data }) => largestOf(Array.from(data, Number))));
        for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, 1e-4, floor);
      }),
      { numRuns: 12, seed: 20 + block },
    );
  });
});
