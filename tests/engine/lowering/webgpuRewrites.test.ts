import { expect, it } from 'vitest';
import { graphOf, input, logSoftmax } from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { expectClose } from '../expectations.js';
import { forward, operatorsOf } from '../running.js';
import { tensor } from '../tensors.js';

const WEBGPU = { name: 'webgpu' } as const;

it('LogSoftmax on WebGPU is a difference, also of large elements', async () => {
  const lowered = lower(graphOf({ y: logSoftmax(input('x', [2, 3]), 1) }), WEBGPU);
  expect(operatorsOf(lowered)).not.toContain('LogSoftmax');
  const x = tensor([1000, 1000, -1000, 0], [2, 2]);
  const expected = tensor([-Math.LN2, -Math.LN2, -1000, 0], [2, 2]);
  expectClose(await forward((value) => logSoftmax(value, 1), [x], WEBGPU), expected);
});
