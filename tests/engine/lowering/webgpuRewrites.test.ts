import { expect, it } from 'vitest';
import { conv, convTranspose, graphOf, input, logSoftmax, type Value } from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { expectClose } from '../expectations.js';
import { forward, operatorsOf } from '../running.js';
import { random, tensor } from '../tensors.js';

const WEBGPU = { name: 'webgpu' } as const;

it('LogSoftmax on WebGPU is a difference, also of large elements', async () => {
  const lowered = lower(graphOf({ y: logSoftmax(input('x', [2, 3]), 1) }), WEBGPU);
  expect(operatorsOf(lowered)).not.toContain('LogSoftmax');
  const x = tensor([1000, 1000, -1000, 0], [2, 2]);
  const expected = tensor([-Math.LN2, -Math.LN2, -1000, 0], [2, 2]);
  expectClose(await forward((value) => logSoftmax(value, 1), [x], WEBGPU), expected);
});

it('on WebGPU, groups that it computes incorrectly become convolutions of their own', async () => {
  const build = (x: Value, w: Value, bias: Value) =>
    convTranspose(conv(x, w, { bias, groups: 2 }), w, { groups: 2, strides: 2 });
  const tensors = [random([2, 4, 4, 3], 1), random([12, 2, 3, 2], 2), random([12], 3)];
  const [x, w, bias] = tensors.map(({ shape }, index) => input(`x${index}`, shape)) as [Value, Value, Value];
  const lowered = operatorsOf(lower(graphOf({ y: build(x, w, bias) }), WEBGPU));
  expect(lowered.filter((name) => name.startsWith('Conv'))).toEqual(['Conv', 'Conv', 'ConvTranspose', 'ConvTranspose']);
  expectClose(await forward(build, tensors, WEBGPU), await forward(build, tensors));
});
