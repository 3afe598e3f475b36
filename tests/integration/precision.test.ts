import { describe, expect, it } from 'vitest';
import { verify } from '../../src/golden/verification.js';
import type { Program } from '../../src/engine/index.js';
import { readGolden } from '../age/goldenFiles.js';
import { evaluateInFloat64 } from '../engine/float64.js';
import { targets } from '../engine/running.js';
import { drawCase, type Errors, largestError, measureErrors } from '../golden/precision.js';

/**
 * Cheap cases of both networks, and one (260) in which blocked layouts change the sign of an activation's input on CPUs
 * with AVX-512.
 */
const SEEDS = [3, 9, 10, 260, 273];

describe('a lowered graph', () => {
  it('is as near to float64 as the plain one, apart from changed signs', async () => {
    const ratios: number[] = [];
    for (const seed of SEEDS) {
      const { plain, lowered } = (await measureErrors(drawCase(seed), {
        plain: targets.plain,
        lowered: targets.blocked,
      })) as Record<'plain' | 'lowered', Errors>;
      expect(plain.changes + lowered.changes, `seed ${seed}`).toBeLessThan(3);
      if (plain.changes + lowered.changes > 0) continue;
      expect(largestError(lowered), `seed ${seed}`).toBeLessThan(1e-4);
      ratios.push(largestError(lowered) / largestError(plain));
    }
    expect(ratios.length).toBeGreaterThan(SEEDS.length / 2);
    // Each error is luck within a factor of some units, so that their geometric mean is compared.
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    expect(mean).toBeLessThan(2);
  });
});

describe('evaluation in float64', () => {
  it('agrees with PyTorch to the float32 of the golden files', async () => {
    const golden = await readGolden('dcgan32-nearest');
    const { max_error } = await verify(golden, 'golden', (graph) => {
      const run = (feeds: Record<string, Float32Array>) =>
        Promise.resolve(
          Object.fromEntries(
            Object.entries(evaluateInFloat64(graph, feeds)).map(([name, data]) => [
              name,
              { ...graph.outputs[name]!, data: Float32Array.from(data) },
            ]),
          ),
        );
      return Promise.resolve({ run, release: () => Promise.resolve() } as unknown as Program);
    });
    expect(max_error).toBeLessThan(2e-7);
  });
});
