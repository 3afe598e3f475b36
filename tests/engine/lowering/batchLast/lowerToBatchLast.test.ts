import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchNormalization,
  conv,
  convTranspose,
  type Graph,
  graphOf,
  leakyRelu,
  relu,
  type Shape,
  topologicalOrder,
} from '../../../../src/engine/index.js';
import { lower } from '../../../../src/engine/lowering/lower.js';
import { expectClose } from '../../expectations.js';
import { gradientGraph } from '../../finiteDifferences.js';
import { type Build, inputsFor, run, targets } from '../../running.js';
import { random } from '../../tensors.js';

/** Expects a value and its gradients to be those of the plain form. */
async function expectSame(build: Build, shapes: readonly Shape[]): Promise<void> {
  const tensors = shapes.map((shape, seed) => random(shape, seed + 1));
  const { inputs, outputs } = gradientGraph(build, tensors);
  const graph = graphOf({ ...outputs, result: build(...inputs) }, inputs);
  const [expected, actual] = [await run(graph, tensors, targets.plain), await run(graph, tensors, targets.wasm)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, 1e-4, 1);
}

/** The operators of a lowered graph. */
const operatorsOf = (graph: Graph): string[] =>
  topologicalOrder(Object.values(lower(graph, targets.wasm).outputs)).flatMap((value) =>
    value.kind === 'computed' ? [value.operator.name] : [],
  );
const countOf = (graph: Graph, name: string): number => operatorsOf(graph).filter((found) => found === name).length;

const geometry = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    inner: fc.integer({ min: 1, max: 4 }),
    outer: fc.integer({ min: 1, max: 4 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    size: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
    hasBias: fc.boolean(),
  })
  .filter(({ kernel, pads, size }) =>
    [0, 1].every((axis) => size[axis]! + pads[axis]! + pads[axis + 2]! >= kernel[axis]!),
  );

describe('feature maps with the batch last', () => {
  it('compute convolutions of any geometry and their gradients', () =>
    fc.assert(
      fc.asyncProperty(geometry, ({ batch, inner, outer, kernel, strides, pads, size, hasBias }) =>
        expectSame(
          (x, w, bias) => conv(x, w, { strides, pads, ...(hasBias ? { bias: bias } : {}) }),
          [[batch, inner, ...size], [outer, inner, ...kernel], ...(hasBias ? [[outer]] : [])],
        ),
      ),
      { numRuns: 60 },
    ));

  it('compute transposed convolutions of any geometry and their gradients', () =>
    fc.assert(
      fc.asyncProperty(
        geometry.filter(({ kernel, strides, pads, size }) =>
          [0, 1].every((axis) => (size[axis]! - 1) * strides[axis]! + kernel[axis]! > pads[axis]! + pads[axis + 2]!),
        ),
        ({ batch, inner, outer, kernel, strides, pads, size, hasBias }) =>
          expectSame(
            (x, w, bias) => convTranspose(x, w, { strides, pads, ...(hasBias ? { bias: bias } : {}) }),
            [[batch, inner, ...size], [inner, outer, ...kernel], ...(hasBias ? [[outer]] : [])],
          ),
      ),
      { numRuns: 60 },
    ));

  const layer: Build = (x, w, scale, bias) =>
    leakyRelu(batchNormalization(conv(x, w, { strides: 2, pads: 1 }), scale, bias), 0.2);
  const shapes = [[2, 3, 8, 8], [4, 3, 4, 4], [4], [4], [2, 4, 4, 4]] as const;
  const network: Build = (x, w, scale, bias, second) =>
    relu(conv(layer(x, w, scale, bias), second, { strides: 2, pads: 1 }));

  it('compute whole layers with normalization', () => expectSame(network, shapes));

  it('stay between layers, and share their columns with the gradient of the kernel', () => {
    const inputs = inputsFor(shapes.map((shape) => random(shape, 1)));
    const forward = graphOf({ y: network(...inputs) });
    // The images, and the result.
    expect(countOf(forward, 'Transpose')).toBe(2);
    expect(operatorsOf(forward).filter((name) => name.startsWith('Conv'))).toEqual([]);
    const trained = gradientGraph(
      network,
      shapes.map((shape) => random(shape, 1)),
    );
    // Columns of two convolutions; four addends for each pixel of the gradients of both data.
    expect(countOf(trained, 'Gather')).toBe(2 + 2 * 4);
  });

  it('need no gathering for kernels of one pixel, or as large as the map', () => {
    for (const [x, w] of [
      [
        [2, 3, 4, 4],
        [5, 3, 1, 1],
      ],
      [
        [2, 3, 4, 4],
        [5, 3, 4, 4],
      ],
    ] as const) {
      const [image, kernel] = inputsFor([random(x, 1), random(w, 2)]);
      expect(countOf(graphOf({ y: conv(image!, kernel!) }), 'Gather')).toBe(0);
    }
  });
});
