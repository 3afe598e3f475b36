import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TOLERANCE } from '../../../src/golden/verification.js';
import { verifyOnThreads } from './threadRanks.mjs';

const folder = fileURLToPath(new URL('../../golden/', import.meta.url));

describe('ranks that exchange tensors while they run', () => {
  it.each([
    ['dcgan32-uniform', 2],
    ['dcgan32-nearest', 4],
  ] as const)('compute the update of %s on %i threads', async (name, ranks) => {
    expect(readdirSync(folder)).toContain(`${name}.safetensors`);
    const results = await verifyOnThreads(`${folder}${name}.safetensors`, ranks);
    expect(results).toHaveLength(ranks);
    for (const { max_error } of results) expect(max_error).toBeLessThanOrEqual(TOLERANCE);
    // Every rank has the same bits.
    for (const result of results) expect(result).toEqual(results[0]);
  });
});
