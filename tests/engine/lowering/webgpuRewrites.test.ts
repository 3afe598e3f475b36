import { describe, expect, it } from 'vitest';
import {
  gradients,
  graphOf,
  input,
  logSoftmax,
  maxPool,
  mul,
  type PoolOptions,
  sumOf,
  type Value,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { constantTensor } from '../../../src/engine/value.js';
import { expectClose, expectSame } from '../expectations.js';
import { forward, operatorsOf } from '../running.js';
import { random, tensor } from '../tensors.js';

const WEBGPU = { name: 'webgpu' } as const;

const loweredOperators = (value: Value) => operatorsOf(lower(graphOf({ value }), WEBGPU));

describe('on WebGPU', () => {
  it('LogSoftmax is a difference, also of large elements', async () => {
    expect(loweredOperators(logSoftmax(input('x', [2, 3]), 1))).not.toContain('LogSoftmax');
    const x = tensor([1000, 1000, -1000, 0], [2, 2]);
    const expected = tensor([-Math.LN2, -Math.LN2, -1000, 0], [2, 2]);
    expectClose(await forward((value) => logSoftmax(value, 1), [x], WEBGPU), expected);
  });

  it.each<[string, PoolOptions]>([
    ['blocks', {}],
    ['windows that overlap', { strides: 1, pads: 1 }],
    ['dilations', { strides: 2, dilations: 3, pads: 1 }],
  ])('the gradient of max pooling with %s has no indices', async (_, options) => {
    const x = tensor(
      Array.from(random([2 * 2 * 6 * 6], 1).data, (element) => Math.round(2 * element)),
      [2, 2, 6, 6],
    );
    const gradientOf = (value: Value) => {
      const y = maxPool(value, 2, options);
      return gradients(sumOf(mul(y, constantTensor(random(y.shape, 2)))), [value])[0]!;
    };
    expect(loweredOperators(gradientOf(input('x', x.shape)))).not.toContain('ScatterND');
    expectClose(await forward(gradientOf, [x], WEBGPU), await forward(gradientOf, [x]));
  });

  it('padding is no maximum', async () => {
    const x = tensor([-5, -4, -3, -2], [1, 1, 2, 2]);
    const gradientOf = (value: Value) => gradients(sumOf(maxPool(value, 2, { pads: 1 })), [value])[0]!;
    expectSame(await forward(gradientOf, [x], WEBGPU), tensor([1, 1, 1, 1], [1, 1, 2, 2]));
  });
});
