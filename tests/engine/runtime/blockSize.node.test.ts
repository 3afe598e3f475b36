import { describe, expect, it, vi } from 'vitest';
import { blockedKernels, probeBlockedKernels } from '../../../src/engine/runtime/blockSize.node.js';

describe('blockedKernels', () => {
  it('returns a size with blocked kernels in ONNX Runtime, or none, and a reason for every size that was rejected', async () => {
    const { block, problems } = await blockedKernels();
    expect([16, 8, undefined]).toContain(block);
    expect(problems).toHaveLength(block === undefined ? 2 : [16, 8].indexOf(block));
    for (const problem of problems) expect(problem).toMatch(/^blocks of \d+: [^\n]+$/);
  });

  it('releases a model that loads but does not run', async () => {
    const release = vi.fn(() => Promise.resolve());
    const broken = { run: () => Promise.reject(new Error('no kernel')), release, endProfiling: () => undefined };
    expect(await probeBlockedKernels(() => Promise.resolve(broken))).toEqual({
      block: undefined,
      problems: ['blocks of 16: no kernel', 'blocks of 8: no kernel'],
    });
    expect(release).toHaveBeenCalledTimes(2);
  });

  it('runs once', () => {
    expect(blockedKernels()).toBe(blockedKernels());
  });
});
