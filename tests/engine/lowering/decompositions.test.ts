import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchNormalization, exp, gradients, graphOf, input, lower, sumOf, tanh } from '../../../src/engine/index.js';
import { expandDefinitions } from '../../../src/engine/lowering/decompositions.js';
import type { ComputedValue } from '../../../src/engine/value.js';
import { expectClose } from '../expectations.js';
import { batchNormalizationModel } from '../operators/batchNormalizationModel.js';
import { inputsFor, operatorsOf, run, runModel, targets } from '../running.js';
import { random, tensor } from '../tensors.js';

describe('expand-definitions', () => {
  const [x, scale, bias] = [input('x', [2, 3]), input('scale', [3]), input('bias', [3])];

  it.each(Object.entries(targets))('puts the definition in the place of BatchNormalization for %s', (_, target) => {
    const graph = graphOf({ y: batchNormalization(x, scale, bias) });
    expect(operatorsOf(graph)).toEqual(['BatchNormalization']);
    const lowered = operatorsOf(lower(graph, target));
    expect(lowered).not.toContain('BatchNormalization');
    expect(lowered).toEqual(['Add', 'Add', 'Div', 'Mul', 'Mul', 'ReduceMean', 'ReduceMean', 'ReduceMean', 'Reshape', 'Reshape', 'Sqrt', 'Sub', 'Sub']);
  });

  it('leaves operators that ONNX has as they are', () => {
    expect(expandDefinitions.apply(exp(x) as ComputedValue)).toBeUndefined();
  });

  it('lets the gradient share the statistics of the batch', () => {
    const y = batchNormalization(x, scale, bias);
    const results = gradients(sumOf(tanh(y)), [x, scale, bias]);
    const lowered = operatorsOf(lower(graphOf({ y, gx: results[0]!, gs: results[1]!, gb: results[2]! }), targets.plain));
    expect(lowered.filter((name) => name === 'ReduceMean')).toHaveLength(3);
    expect(lowered.filter((name) => name === 'Sqrt')).toHaveLength(1);
  });

  it("computes what ONNX Runtime's own operator computes, for any shape", async () => {
    const shapes = fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }));
    const property = fc.asyncProperty(shapes, fc.nat(1000), fc.constantFrom(1e-5, 1e-2, 1), async ([batch, channels, space], seed, epsilon) => {
      const shape = [batch, channels, ...space];
      const tensors = [random(shape, seed, -3, 3), random([channels], seed + 1, -2, 2), random([channels], seed + 2)] as const;
      const inputs = inputsFor(tensors);
      const { y } = await run(graphOf({ y: batchNormalization(inputs[0]!, inputs[1]!, inputs[2]!, epsilon) }), tensors);
      const running = { input_mean: tensor(new Array<number>(channels).fill(0)), input_var: tensor(new Array<number>(channels).fill(1)) };
      const reference = await runModel(batchNormalizationModel(shape, epsilon), { x: tensors[0], scale: tensors[1], bias: tensors[2], ...running });
      // A batch of two elements that nearly agree loses digits in both.
      expectClose(y!, reference.y!, 1e-4);
    });
    await fc.assert(property, { seed: 20240602, numRuns: 30 });
  });
});
