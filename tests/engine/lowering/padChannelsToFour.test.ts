import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conv, graphOf, input, lower, square, type Value } from '../../../src/engine/index.js';
import { rewriteGraph } from '../../../src/engine/graph.js';
import { padChannelsToFour } from '../../../src/engine/lowering/padChannelsToFour.js';
import type { ComputedValue } from '../../../src/engine/value.js';
import { expectClose } from '../expectations.js';
import { gradientGraph } from '../finiteDifferences.js';
import { operatorsOf, run, runAsWritten, targets } from '../running.js';
import { random } from '../tensors.js';

const rewrite = (value: Value) => padChannelsToFour.apply(value as ComputedValue);
const convolutionOf = (channels: number) => conv(input('x', [2, channels, 4, 5]), input('w', [2, channels, 3, 2]));

/** The channels that a convolution reads after the rule. */
const channelsOf = (value: Value): number => (value as ComputedValue).inputs[0]!.shape[1]!;

describe('channels-in-fours', () => {
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

  it.each([1, 2, 3, 4, 5, 7, 8, 10, 12, 16, 24, 36])('leaves %i channels alone', (channels) => {
    expect(rewrite(convolutionOf(channels))).toBeUndefined();
  });

  it('leaves other operators alone, and what it made itself', () => {
    expect(rewrite(square(input('x', [2, 6, 4, 5])))).toBeUndefined();
    expect(rewrite(rewrite(convolutionOf(6))!)).toBeUndefined();
  });

  it('computes the same for any geometry and bias', async () => {
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
    const property = fc.asyncProperty(sizes, async ({ batch, channels, outputs, image, kernel, biased, ...options }) => {
      const tensors = [random([batch, channels, ...image], 1), random([outputs, channels, ...kernel], 2), random([outputs], 3)];
      const [x, w, bias] = tensors.map(({ shape }, index) => input(`input${index}`, shape));
      const graph = graphOf({ result: conv(x!, w!, { ...options, ...(biased ? { bias: bias! } : {}) }) }, [x!, w!, bias!]);
      const rewritten = rewriteGraph(graph, (value) => padChannelsToFour.apply(value) ?? value);
      expect(operatorsOf(rewritten).includes('Pad')).toBe(channels > 3 && channels % 3 === 0 && channels % 4 !== 0);
      expectClose((await runAsWritten(rewritten, tensors)).result!, (await runAsWritten(graph, tensors)).result!);
    });
    await fc.assert(property, { seed: 3, numRuns: 60 });
  });

  it('is used for WebGPU, for the gradient of a kernel too, whose channels are the images of a batch', async () => {
    const tensors = [random([6, 2, 5, 5], 1), random([3, 2, 3, 3], 2)];
    const graph = gradientGraph((x, w) => square(conv(x, w, { strides: 2, pads: 1 })), tensors);
    expect(operatorsOf(lower(graph, { name: 'webgpu' }))).toContain('Pad');
    expect(operatorsOf(lower(graph, targets.plain))).not.toContain('Pad');
    // WebGPU's graph has plain operators only, which the processor runs as well.
    const [expected, actual] = [await run(graph, tensors, targets.plain), await run(graph, tensors, { name: 'webgpu' })];
    for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value);
  });
});
