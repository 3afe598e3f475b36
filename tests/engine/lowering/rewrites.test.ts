import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteGraph } from '../../../src/engine/graph.js';
import {
  batchNormalization,
  conv,
  exp,
  gradients,
  graphOf,
  input,
  square,
  sumOf,
  tanh,
  type Value,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { expandDecompositions, padChannelsToFour } from '../../../src/engine/lowering/rewrites.js';
import type { ComputedValue } from '../../../src/engine/value.js';
import { expectClose } from '../expectations.js';
import { gradientGraph } from '../finiteDifferences.js';
import { batchNormalizationModel } from '../operators/batchNormalizationModel.js';
import { inputsFor, operatorsOf, run, runAsWritten, runModel, targets } from '../running.js';
import { random, tensor } from '../tensors.js';

const rewrite = (value: Value) => padChannelsToFour(value as ComputedValue);
const convolutionOf = (channels: number) => conv(input('x', [2, channels, 4, 5]), input('w', [2, channels, 3, 2]));

/** The channels that a convolution reads after the rule. */
const channelsOf = (value: Value): number => (value as ComputedValue).inputs[0].shape[1]!;

describe('padChannelsToFour', () => {
  it.each([
    [6, 8],
    [9, 12],
    [15, 16],
    [18, 20],
    [21, 24],
    [27, 28],
  ])('convolves %i channels as %i', (channels, whole) => {
    const rewritten = rewrite(convolutionOf(channels))!;
    expect(channelsOf(rewritten)).toBe(whole);
    expect(rewritten.shape).toEqual(convolutionOf(channels).shape);
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 10, 12, 16, 24, 36])('skips %i channels', (channels) => {
    expect(rewrite(convolutionOf(channels))).toBeUndefined();
  });

  it('skips other operators, and its own results', () => {
    expect(rewrite(square(input('x', [2, 6, 4, 5])))).toBeUndefined();
    expect(rewrite(rewrite(convolutionOf(6))!)).toBeUndefined();
  });

  it('preserves results for any geometry and bias', async () => {
    const sizes = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 1, max: 27 }),
      outputs: fc.integer({ min: 1, max: 4 }),
      image: fc.tuple(fc.integer({ min: 4, max: 6 }), fc.integer({ min: 4, max: 6 })),
      kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
      strides: fc.integer({ min: 1, max: 2 }),
      pads: fc.nat(1),
      biased: fc.boolean(),
    });
    const property = fc.asyncProperty(
      sizes,
      async ({ batch, channels, outputs, image, kernel, biased, ...options }) => {
        const tensors = [
          random([batch, channels, ...image], 1),
          random([outputs, channels, ...kernel], 2),
          random([outputs], 3),
        ];
        const [x, w, bias] = tensors.map(({ shape }, index) => input(`input${index}`, shape));
        const graph = graphOf({ result: conv(x!, w!, { ...options, ...(biased ? { bias: bias! } : {}) }) }, [
          x!,
          w!,
          bias!,
        ]);
        const rewritten = rewriteGraph(graph, (value) => padChannelsToFour(value) ?? value);
        expect(operatorsOf(rewritten).includes('Pad')).toBe(channels > 3 && channels % 3 === 0 && channels % 4 !== 0);
        expectClose((await runAsWritten(rewritten, tensors)).result!, (await runAsWritten(graph, tensors)).result!);
      },
    );
    await fc.assert(property, { seed: 3, numRuns: 60 });
  });

  it('is used for WebGPU, also for kernel gradients, whose channels are the images of a batch', async () => {
    const tensors = [random([6, 2, 5, 5], 1), random([3, 2, 3, 3], 2)];
    const graph = gradientGraph((x, w) => square(conv(x, w, { strides: 2, pads: 1 })), tensors);
    expect(operatorsOf(lower(graph, { name: 'webgpu' }))).toContain('Pad');
    expect(operatorsOf(lower(graph, targets.plain))).not.toContain('Pad');
    // WebGPU's graph has plain operators only, which the processor runs as well.
    const [expected, actual] = [
      await run(graph, tensors, targets.plain),
      await run(graph, tensors, { name: 'webgpu' }),
    ];
    for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value);
  });
});

describe('expandDecompositions', () => {
  const [x, scale, bias] = [input('x', [2, 3]), input('scale', [3]), input('bias', [3])];

  it.each(Object.entries(targets))('replaces BatchNormalization by its decomposition for %s', (_, target) => {
    const graph = graphOf({ y: batchNormalization(x, scale, bias) });
    expect(operatorsOf(graph)).toEqual(['BatchNormalization']);
    const lowered = operatorsOf(lower(graph, target));
    expect(lowered).not.toContain('BatchNormalization');
    expect(lowered).toEqual([
      'Add',
      'Add',
      'Div',
      'Mul',
      'Mul',
      'ReduceMean',
      'ReduceMean',
      'ReduceMean',
      'Reshape',
      'Reshape',
      'Sqrt',
      'Sub',
      'Sub',
    ]);
  });

  it('skips operators of ONNX', () => {
    expect(expandDecompositions(exp(x) as ComputedValue)).toBeUndefined();
  });

  it('lets the gradient share the batch statistics', () => {
    const y = batchNormalization(x, scale, bias);
    const results = gradients(sumOf(tanh(y)), [x, scale, bias]);
    const lowered = operatorsOf(
      lower(graphOf({ y, gx: results[0]!, gs: results[1]!, gb: results[2]! }), targets.plain),
    );
    expect(lowered.filter((name) => name === 'ReduceMean')).toHaveLength(3);
    expect(lowered.filter((name) => name === 'Sqrt')).toHaveLength(1);
  });

  it("agrees with ONNX Runtime's own operator, for any shape", async () => {
    const shapes = fc.tuple(
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
    );
    const property = fc.asyncProperty(
      shapes,
      fc.nat(1000),
      fc.constantFrom(1e-5, 1e-2, 1),
      async ([batch, channels, space], seed, epsilon) => {
        const shape = [batch, channels, ...space];
        const tensors = [
          random(shape, seed, -3, 3),
          random([channels], seed + 1, -2, 2),
          random([channels], seed + 2),
        ] as const;
        const inputs = inputsFor(tensors);
        const { y } = await run(
          graphOf({ y: batchNormalization(inputs[0]!, inputs[1]!, inputs[2]!, epsilon) }),
          tensors,
        );
        const running = {
          input_mean: tensor(new Array<number>(channels).fill(0)),
          input_var: tensor(new Array<number>(channels).fill(1)),
        };
        const reference = await runModel(batchNormalizationModel(shape, epsilon), {
          x: tensors[0],
          scale: tensors[1],
          bias: tensors[2],
          ...running,
        });
        // A batch of two elements that nearly agree loses digits in both.
        expectClose(y!, reference.y!, 1e-4);
      },
    );
    await fc.assert(property, { seed: 20240602, numRuns: 30 });
  });
});
