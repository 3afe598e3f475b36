import { describe, expect, it } from 'vitest';
import {
  batchNormalization,
  batchStatistics,
  gradients,
  graphOf,
  input,
  batchNormInference,
  reshape,
  type Shape,
  square,
} from '../../../src/engine/index.js';
import { expectClose, expectShapeError } from '../expectations.js';
import { expectRightGradients, lossOf } from '../finiteDifferences.js';
import { forward, inputsFor, run, runModel } from '../running.js';
import { at, generate, random, type Tensor, tensor, total } from '../tensors.js';
import { batchNormalizationModel } from './batchNormalizationModel.js';

const shapes: Record<string, Shape> = {
  images: [2, 3, 2, 3],
  'a batch of 1': [1, 2, 3, 3],
  vectors: [4, 3],
  'one channel': [3, 1, 2],
};

/** The mean and biased variance of a channel. */
function statistics(x: Tensor, channel: number): { mean: number; variance: number } {
  const others = x.shape.map((size, axis) => (axis === 1 ? 1 : size));
  const count = others.reduce((a, b) => a * b, 1);
  const element = (position: number[]) => at(x, position[0]!, channel, ...position.slice(2));
  const mean = total(others, (...position) => element(position)) / count;
  return { mean, variance: total(others, (...position) => (element(position) - mean) ** 2) / count };
}

const normalized = (x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor =>
  generate(x.shape, (...position) => {
    const { mean, variance } = statistics(x, position[1]!);
    return (
      ((at(x, ...position) - mean) / Math.sqrt(variance + epsilon)) * at(scale, position[1]!) + at(bias, position[1]!)
    );
  });

const exampleOf = (shape: Shape) =>
  [random(shape, 1, -1, 3), random([shape[1]!], 2, 0.5, 2), random([shape[1]!], 3)] as const;

describe('batchStatistics', () => {
  it.each(Object.entries(shapes))('are the mean and the biased variance of each channel of %s', async (_, shape) => {
    const x = random(shape, 1, -1, 3);
    const inputs = inputsFor([x]);
    const results = await run(graphOf({ ...batchStatistics(inputs[0]!) }), [x]);
    const perChannel = shape.map((size, axis) => (axis === 1 ? size : 1));
    expectClose(
      results.mean!,
      generate(perChannel, (...position) => statistics(x, position[1]!).mean),
    );
    expectClose(
      results.variance!,
      generate(perChannel, (...position) => statistics(x, position[1]!).variance),
    );
  });

  it('have correct gradients', async () => {
    const x = random([2, 2, 3], 1);
    await expectRightGradients((value) => batchStatistics(value).mean, [x]);
    await expectRightGradients((value) => batchStatistics(value).variance, [x]);
  });
});

describe('BatchNormalization', () => {
  it.each(Object.entries(shapes))('normalizes, scales and shifts each channel of %s', async (_, shape) => {
    const tensors = exampleOf(shape);
    expectClose(
      await forward((x, scale, bias) => batchNormalization(x, scale, bias, 0.01), tensors),
      normalized(...tensors, 0.01),
    );
    await expectRightGradients((x, scale, bias) => batchNormalization(x, scale, bias, 0.01), tensors);
  });

  it('has epsilon 1e-5 by default', async () => {
    const tensors = [tensor([1e-3, -1e-3], [2, 1]), tensor([1]), tensor([0])] as const;
    expectClose(
      await forward((x, scale, bias) => batchNormalization(x, scale, bias), tensors),
      normalized(...tensors, 1e-5),
    );
  });

  it('returns the bias for a channel of one element, with a zero gradient of the data', async () => {
    const tensors = [tensor([3, -7], [1, 2]), tensor([2, 2]), tensor([0.5, 0.25])];
    expectClose(
      await forward((x, scale, bias) => batchNormalization(x, scale, bias), tensors),
      tensor([0.5, 0.25], [1, 2]),
    );
    await expectRightGradients((x, scale, bias) => batchNormalization(x, scale, bias), tensors);
  });

  it('has gradients that can be differentiated again', async () => {
    const tensors = exampleOf([3, 2, 2]);
    for (const which of [0, 1]) {
      await expectRightGradients(
        (...inputs) =>
          gradients(lossOf(square(batchNormalization(inputs[0]!, inputs[1]!, inputs[2]!, 0.1))), inputs)[which]!,
        tensors,
      );
    }
  });

  it("agrees with ONNX Runtime's own operator in training mode, including the batch statistics", async () => {
    const [x, scale, bias] = exampleOf([2, 3, 2, 3]);
    const running = { input_mean: tensor([0, 0, 0]), input_var: tensor([1, 1, 1]) };
    const reference = await runModel(batchNormalizationModel(x.shape, 1e-3), { x, scale, bias, ...running });
    const inputs = inputsFor([x, scale, bias]);
    const { mean, variance } = batchStatistics(inputs[0]!);
    const outputs = {
      y: batchNormalization(inputs[0]!, inputs[1]!, inputs[2]!, 1e-3),
      mean: reshape(mean, [3]),
      variance: reshape(variance, [3]),
    };
    const results = await run(graphOf(outputs), [x, scale, bias]);
    expectClose(results.y!, reference.y!);
    expectClose(results.mean!, reference.running_mean!);
    expectClose(results.variance!, reference.running_var!);
  });

  it('rejects operands that do not match', () => {
    const [x, vector] = [input('x', [4, 3, 2]), input('vector', [3])];
    expectShapeError(
      () => batchNormalization(x, input('scale', [4]), vector),
      'BatchNormalization',
      '[4, 3, 2]',
      '[4]',
    );
    expectShapeError(
      () => batchNormalization(x, vector, input('bias', [3, 1])),
      'BatchNormalization',
      '[4, 3, 2]',
      '[3, 1]',
    );
    expectShapeError(() => batchNormalization(vector, vector, vector), 'BatchNormalization', '[3]');
    expectShapeError(
      () => batchNormalization(input('x', [4, 3], 'int64'), vector, vector),
      'BatchNormalization',
      'int64 [4, 3]',
    );
  });
});

describe('batchNormInference', () => {
  it.each(Object.entries(shapes))('normalizes %s by given statistics', async (_, shape) => {
    const channels = shape[1]!;
    const [x, scale, bias] = exampleOf(shape);
    const [mean, variance] = [random([channels], 4), random([channels], 5, 0.5, 2)];
    const tensors = [x, scale, bias, mean, variance];
    const expected = generate(shape, (...position) => {
      const c = position[1]!;
      return ((at(x, ...position) - at(mean, c)) / Math.sqrt(at(variance, c) + 0.01)) * at(scale, c) + at(bias, c);
    });
    expectClose(
      await forward(
        (...inputs) => batchNormInference(inputs[0]!, inputs[1]!, inputs[2]!, inputs[3]!, inputs[4]!, 0.01),
        tensors,
      ),
      expected,
    );
    await expectRightGradients(
      (...inputs) => batchNormInference(inputs[0]!, inputs[1]!, inputs[2]!, inputs[3]!, inputs[4]!, 0.01),
      tensors,
    );
  });

  it('agrees with batch normalization for the batch statistics', async () => {
    const tensors = exampleOf([4, 3, 2]);
    const withBatch = await forward((x, scale, bias) => {
      const { mean, variance } = batchStatistics(x);
      return batchNormInference(x, scale, bias, reshape(mean, [3]), reshape(variance, [3]));
    }, tensors);
    expectClose(withBatch, await forward((x, scale, bias) => batchNormalization(x, scale, bias), tensors));
  });

  it('rejects vectors of a different length', () => {
    const [x, vector, longer] = [input('x', [4, 3, 2]), input('vector', [3]), input('longer', [4])];
    expect(() => batchNormInference(x, longer, vector, vector, vector)).toThrow('[4]');
    expect(() => batchNormInference(x, vector, vector, longer, vector)).toThrow('[4]');
  });
});
