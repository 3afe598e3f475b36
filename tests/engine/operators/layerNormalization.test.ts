import { describe, it } from 'vitest';
import {
  gradients,
  groupNormalization,
  input,
  instanceNormalization,
  layerNormalization,
  localResponseNormalization,
  type Shape,
  square,
  type Value,
} from '../../../src/engine/index.js';
import { expectClose, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { forward, targets } from '../running.js';
import { at, generate, positionsOf, random, type Tensor } from '../tensors.js';

type Build = (x: Value, scale: Value, bias: Value) => Value;

/** The definition: elements of one set have a common mean and variance. */
function normalized(
  [x, scale, bias]: readonly Tensor[],
  setOf: (position: number[]) => unknown,
  scaleOf: (position: number[]) => number[],
) {
  const sets = new Map<string, number[]>();
  for (const position of positionsOf(x!.shape)) {
    const key = String(setOf(position));
    sets.set(key, [...(sets.get(key) ?? []), at(x!, ...position)]);
  }
  return generate(x!.shape, (...position) => {
    const elements = sets.get(String(setOf(position)))!;
    const mean = elements.reduce((a, b) => a + b) / elements.length;
    const variance = elements.reduce((sum, element) => sum + (element - mean) ** 2, 0) / elements.length;
    const where = scaleOf(position);
    return ((at(x!, ...position) - mean) / Math.sqrt(variance + 0.01)) * at(scale!, ...where) + at(bias!, ...where);
  });
}

const exampleOf = (shape: Shape, parameters: Shape) => [
  random(shape, 1, -1, 3),
  random(parameters, 2, 0.5, 2),
  random(parameters, 3),
];

interface Case {
  build: Build;
  tensors: readonly Tensor[];
  setOf: (position: number[]) => unknown;
  scaleOf: (position: number[]) => number[];
}

const cases: Record<string, Case> = {
  'LayerNormalization of the last axis': {
    build: (...values) => layerNormalization(...values, { epsilon: 0.01 }),
    tensors: exampleOf([2, 3, 5], [5]),
    setOf: ([i, j]) => [i, j],
    scaleOf: ([, , k]) => [k!],
  },
  'LayerNormalization of several axes': {
    build: (...values) => layerNormalization(...values, { axis: 1, epsilon: 0.01 }),
    tensors: exampleOf([2, 3, 4], [3, 4]),
    setOf: ([i]) => i,
    scaleOf: ([, ...rest]) => rest,
  },
  InstanceNormalization: {
    build: (...values) => instanceNormalization(...values, 0.01),
    tensors: exampleOf([2, 3, 2, 3], [3]),
    setOf: ([n, c]) => [n, c],
    scaleOf: ([, c]) => [c!],
  },
  GroupNormalization: {
    build: (x, scale, bias) => groupNormalization(x, 2, scale, bias, 0.01),
    tensors: exampleOf([2, 4, 3, 2], [4]),
    setOf: ([n, c]) => [n, Math.floor(c! / 2)],
    scaleOf: ([, c]) => [c!],
  },
};

describe.each(Object.entries(cases))('%s', (_, { build, tensors, setOf, scaleOf }) => {
  it('normalizes, scales and shifts', async () => {
    expectClose(await forward(build, tensors), normalized(tensors, setOf, scaleOf));
  });

  it('has the correct gradients', async () => {
    await expectRightGradients(build, tensors);
  });

  it('has the correct second derivatives', async () => {
    for (const which of [0, 1]) {
      const second: Build = (...inputs) => gradients(lossOf(square(build(...inputs))), inputs)[which]!;
      await expectRightGradients(second, tensors);
    }
  });

  it.each(Object.entries(targets))('has the same gradients for %s', async (__, target) => {
    const [actual, expected] = [await gradientsAt(build, tensors, { target }), await gradientsAt(build, tensors)];
    for (const [index, gradient] of actual.entries()) expectClose(gradient!, expected[index]!, 1e-4);
  });
});

describe('LRN', () => {
  it.each([1, 3, 5])('has the result of ONNX, and the correct gradient, with %i channels', async (size) => {
    const options = { alpha: 0.5, beta: 0.6, bias: 1.5 };
    const x = random([2, 4, 2, 2], size);
    const build = (value: Value) => localResponseNormalization(value, size, options);
    await expectGenuine(
      build,
      { name: 'LRN', attributes: { ...options, size }, floatAttributes: ['alpha', 'beta', 'bias'] },
      [x],
    );
    await expectRightGradients(build, [x]);
  });
});

it('parameters must fit the data', () => {
  const [x, vector] = [input('x', [2, 4, 3]), input('scale', [4])];
  expectShapeError(() => layerNormalization(x, vector, vector), 'LayerNormalization', '[3]');
  expectShapeError(() => layerNormalization(x, vector, vector, { axis: 3 }), 'LayerNormalization', 'axis 3');
  expectShapeError(() => instanceNormalization(x, input('scale', [3]), vector), 'InstanceNormalization', '4 values');
  expectShapeError(
    () => instanceNormalization(input('x', [2, 4]), vector, vector),
    'InstanceNormalization',
    'three axes',
  );
  expectShapeError(() => groupNormalization(x, 3, vector, vector), 'GroupNormalization', '3 groups', '4 channels');
});
