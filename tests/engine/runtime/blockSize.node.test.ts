import { describe, expect, it } from 'vitest';
import { blockedKernels, detectBlockSize } from '../../../src/engine/runtime/blockSize.node.js';

describe('detectBlockSize', () => {
  it('returns a size with blocked kernels in ONNX Runtime, or none', async () => {
    expect([16, 8, undefined]).toContain(await detectBlockSize());
  });

  it('reports a reason for every size that was rejected', async () => {
    const { block, problems } = await blockedKernels();
    expect(block).toBe(await detectBlockSize());
    expect(problems).toHaveLength(block === undefined ? 2 : [16, 8].indexOf(block));
    for (const problem of problems) expect(problem).toMatch(/^blocks of \d+: [^\n]+$/);
  });

  it('runs once', () => {
    expect(detectBlockSize()).toBe(detectBlockSize());
  });
});
