import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conv, type ConvOptions, graphOf, input, square, type Value } from '../../../src/engine/index.js';
import { rewriteGraph } from '../../../src/engine/graph.js';
import { KernelGradient, recognizeKernelGradients } from '../../../src/engine/lowering/kernelGradient.js';
import { convToMatMul } from '../../../src/engine/lowering/convToMatMul.js';
import type { Rule } from '../../../src/engine/lowering/rule.js';
import type { ComputedValue } from '../../../src/engine/value.js';
import { expectClose } from '../expectations.js';
import { gradientGraph } from '../finiteDifferences.js';
import { type Build, inputsFor, operatorsOf, runAsWritten } from '../running.js';
import { random, type Tensor } from '../tensors.js';

const rewrite = (rule: Rule, value: Value) => rule.apply(value as ComputedValue);

/** The result of a build before and after a rule was applied to all of it. */
async function expectUnchanged(rule: Rule, build: Build, tensors: readonly Tensor[]): Promise<void> {
  const graph = graphOf({ result: build(...inputsFor(tensors)) });
  const rewritten = rewriteGraph(graph, (value) => rule.apply(value) ?? value);
  expectClose((await runAsWritten(rewritten, tensors)).result!, (await runAsWritten(graph, tensors)).result!);
}

describe('narrow-convolutions', () => {
  const x = input('x', [2, 3, 6, 5]);

  it('makes a convolution whose result is smaller than its kernel one matrix product', () => {
    const rewritten = rewrite(convToMatMul, conv(x, input('w', [4, 3, 5, 4]), { strides: [1, 1] }))!;
    expect(operatorsOf(rewritten)).toContain('MatMul');
    expect(operatorsOf(rewritten)).not.toContain('Conv');
    expect(rewritten.shape).toEqual([2, 4, 2, 2]);
  });

  it('computes the same for any geometry', async () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
    const space = fc.tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 3, max: 6 }));
    const geometry = fc.record({
      strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      pads: fc.tuple(fc.nat(1), fc.nat(2), fc.nat(2), fc.nat(1)),
    });
    const property = fc.asyncProperty(sizes, space, geometry, async ([batch, inner, outer], [height, width], options) => {
      const shapes = { data: [batch, inner, height, width], kernel: [outer, inner, height - 1, width - 1] };
      const tensors = [random(shapes.data, 1), random(shapes.kernel, 2)];
      const value = conv(input('x', shapes.data), input('w', shapes.kernel), options);
      const isNarrow = value.shape[2]! * value.shape[3]! <= (height - 1) * (width - 1);
      expect(rewrite(convToMatMul, value) !== undefined).toBe(isNarrow);
      await expectUnchanged(convToMatMul, (data, kernel) => conv(data, kernel, options), tensors);
    });
    await fc.assert(property, { seed: 20240603, numRuns: 40 });
  });

  const others: Record<string, Value> = {
    'results larger than the kernel': conv(x, input('w', [4, 3, 3, 2])),
    'dilated windows': conv(x, input('w', [4, 3, 3, 2]), { dilations: [2, 3] }),
    'a bias': conv(x, input('w', [4, 3, 6, 5]), { bias: input('b', [4]) }),
    'large results': conv(input('x', [1, 1, 20, 20]), input('w', [1, 1, 12, 12])),
    'other operators': square(x),
  };

  it.each(Object.entries(others))('leaves %s', (_, value) => {
    expect(rewrite(convToMatMul, value)).toBeUndefined();
  });
});

describe('recognize-kernel-gradients', () => {
  const options: ConvOptions = { strides: 2, pads: [1, 0, 2, 1], dilations: [1, 2] };
  const tensors = [random([2, 3, 6, 7], 1), random([4, 3, 3, 2], 2)];
  const gradientOf = (build: Build) => gradientGraph(build, tensors).outputs.gradient1!;
  const kernelGradient = gradientOf((x, w) => square(conv(x, w, options)));

  it('finds the gradient of a kernel and its geometry', () => {
    const found = rewrite(recognizeKernelGradients, kernelGradient);
    expect(found).toMatchObject({ operator: KernelGradient, attributes: { strides: [2, 2], pads: [1, 0, 2, 1], dilations: [1, 2], kernel: [4, 3, 3, 2] } });
    expect(found!.shape).toEqual([4, 3, 3, 2]);
  });

  it('finds something whose definition is the same convolution', async () => {
    const graph = gradientGraph((x, w) => square(conv(x, w, options)), tensors);
    const rewritten = rewriteGraph(graph, (value) => recognizeKernelGradients.apply(value) ?? value);
    expect(operatorsOf(rewritten)).toContain('KernelGradient');
    // Not an operator of ONNX: running it as written puts its definition in its place.
    const [actual, expected] = [await runAsWritten(rewritten, tensors), await runAsWritten(graph, tensors)];
    expectClose(actual.gradient1!, expected.gradient1!);
  });

  it('leaves convolutions that are not transposed', () => {
    expect(rewrite(recognizeKernelGradients, conv(input('x', [2, 3, 6, 7]), input('w', [4, 3, 3, 2])))).toBeUndefined();
    expect(rewrite(recognizeKernelGradients, gradientGraph((x, w) => square(conv(x, w)), tensors).outputs.gradient0!)).toBeUndefined();
  });
});
