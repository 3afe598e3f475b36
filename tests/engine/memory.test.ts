import { describe, expect, it } from 'vitest';
import { iterationOf } from '../../src/age/iteration.js';
import { parsePlan } from '../../src/age/plan.js';
import { add, graphOf, input, matMul, type Value } from '../../src/engine/index.js';
import { lower } from '../../src/engine/lowering/lower.js';
import { estimatePeakMemory } from '../../src/engine/memory.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';

const MEGABYTE = 2 ** 20;

/** The estimate for the default recipe. */
function estimateFor(size: 32 | 64, width: number, batch: number, block?: number): number {
  const { graph } = iterationOf({
    pair: ARCHITECTURES[size === 32 ? 'dcgan32' : 'dcgan64'].build({
      channels: 3,
      latentSize: 64,
      width,
      separateStatistics: true,
    }),
    objective: {
      prior: 'sphere',
      divergence: 'qp',
      moment: 'variance',
      reduction: 'mean',
      matchX: 'L1',
      matchZ: 'cos',
    },
    plans: {
      encoder: parsePlan('encoder', '1;KL_fake:3.7,KL_real:4,match_x:52,align:550,uniform:4'),
      generator: parsePlan('generator', '2;KL_fake:4,match_z:1000,match_x:34'),
    },
    batch,
    hasEma: true,
  });
  return estimatePeakMemory(lower(graph, { name: 'cpu', ...(block === undefined ? {} : { block }) })) / MEGABYTE;
}

describe('the estimated memory', () => {
  // As `agenet bench` measured it on a machine with AVX-512.
  it.each([
    [32, 8, 16, 193],
    [32, 16, 256, 659],
    [64, 8, 256, 1520],
    [64, 32, 64, 680],
    [32, 64, 256, 1657],
    [32, 128, 16, 1127],
  ] as const)('is near the measured peak for %d px, width %d and batch %d', (size, width, batch, measured) => {
    const estimate = estimateFor(size, width, batch, 16);
    expect(estimate / measured).toBeGreaterThan(0.9);
    expect(estimate / measured).toBeLessThan(1.1);
  });

  it('grows with width and batch in canonical layouts', () => {
    const estimates = [estimateFor(32, 8, 16), estimateFor(32, 8, 64), estimateFor(32, 16, 64)];
    expect(estimates).toEqual([...estimates].sort((a, b) => a - b));
  });

  /** The estimate for sums of products, apart from the state. */
  const forChain = (build: (x: Value, weights: Value) => Value) => {
    const [x, weights] = [input('x', [512, 512]), input('weights', [512, 512])];
    return estimatePeakMemory(lower(graphOf({ result: build(x, weights) }, [x, weights]), { name: 'plain' }));
  };

  it('counts a value until its last reader', () => {
    const product = (x: Value, count: number, weights: Value): Value =>
      count === 0 ? x : product(matMul(x, weights), count - 1, weights);
    const long = forChain((x, weights) => product(x, 20, weights));
    const kept = forChain((x, weights) => {
      const first = matMul(x, weights);
      return add(product(first, 19, weights), first);
    });
    // One matrix more is alive.
    expect(kept - long).toBeGreaterThan(MEGABYTE);
    expect(kept - long).toBeLessThan(2 * MEGABYTE);
  });
});
