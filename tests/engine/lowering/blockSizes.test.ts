import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphOf, lower } from '../../../src/engine/index.js';
import { expectClose, largestOf } from '../expectations.js';
import { gradientGraph } from '../finiteDifferences.js';
import { randomNetworks } from '../randomNetworks.js';
import { run, targets } from '../running.js';
import { emulateBlocks } from './emulateBlocks.js';

describe.each([4, 8, 16])('graphs lowered for blocks of %d', (block) => {
  it('compute what plain ones do, on processors with such blocks', async () => {
    await fc.assert(
      fc.asyncProperty(randomNetworks, async ({ build, tensors }) => {
        const { inputs, outputs } = gradientGraph(build, tensors);
        const graph = graphOf({ ...outputs, result: build(...inputs) }, inputs);
        const expected = await run(graph, tensors, targets.plain);
        const actual = await run(emulateBlocks(lower(graph, { name: 'cpu', block }), block), tensors, targets.plain);
        expect(Object.keys(actual)).toEqual(Object.keys(expected));
        const floor = 0.1 * Math.max(1, ...Object.values(expected).map(({ data }) => largestOf(Array.from(data, Number))));
        for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, 1e-4, floor);
      }),
      { numRuns: 12, seed: 20 + block },
    );
  });
});
