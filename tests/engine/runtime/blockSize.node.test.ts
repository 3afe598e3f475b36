import { describe, expect, it } from 'vitest';
import { blockedKernels, detectBlockSize } from '../../../src/engine/runtime/blockSize.node.js';

describe('blockSizeOfProcessor', () => {
  it('is a size that ONNX Runtime has blocked kernels for, or none', async () => {
    expect([16, 8, undefined]).toContain(await detectBlockSize());
  });

  it('comes with a reason for every size that was tried before', async () => {
    const { block, problems } = await blockedKernels();
    expect(block).toBe(await detectBlockSize());
    expect(problems).toHaveLength(block === undefined ? 2 : [16, 8].indexOf(block));
    for (const problem of problems) expect(problem).toMatch(/^blocks of \d+: [^\n]+$/);
  });

  it('is tried only once', () => {
    expect(detectBlockSize()).toBe(detectBlockSize());
  });
});
