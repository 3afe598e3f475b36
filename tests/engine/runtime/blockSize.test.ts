import { describe, expect, it } from 'vitest';
import { blockSizeOfProcessor } from '../../../src/engine/runtime/blockSize.js';

describe('blockSizeOfProcessor', () => {
  it('is a size that ONNX Runtime has blocked kernels for, or none', async () => {
    expect([16, 8, undefined]).toContain(await blockSizeOfProcessor());
  });

  it('is tried only once', () => {
    expect(blockSizeOfProcessor()).toBe(blockSizeOfProcessor());
  });
});
