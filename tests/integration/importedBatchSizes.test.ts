import { describe, expect, it } from 'vitest';
import { constantTensor, gradients, graphOf, importOnnx, mul, sumOf } from '../../src/engine/index.js';
import { compileSmall, targets } from '../engine/running.js';
import { errorOf, feedOf, goldenOf, MODELS, modelBytes } from '../engine/import/goldenModels.js';

/** Of the golden files. */
const BATCH = 2;

/** The first rows of a batch that is repeated. */
function rowsOf<T extends Float32Array | BigInt64Array>(data: T, batch: number): T {
  const row = data.length / BATCH;
  const rows = new (data.constructor as new (length: number) => T)(batch * row);
  for (let index = 0; index < rows.length; index++) rows[index] = data[index % data.length]!;
  return rows;
}

describe.each(MODELS)('the imported model %s', (name) => {
  // Rows are independent, so those of PyTorch's results are known for other batches. Four rows are the batch twice.
  it.each([
    [1, targets.blocked],
    [4, targets.plain],
  ])('computes outputs and gradients of PyTorch for a batch of %d', async (batch, target) => {
    const golden = goldenOf(name);
    const { inputs, parameters, outputs } = await importOnnx(modelBytes(name), { name, dimensions: { batch } });
    const y = outputs.y!;
    const { shape, data } = golden.projection!;
    const projection = constantTensor({ type: 'float32', shape: shape.with(0, batch), data: rowsOf(data, batch) });
    const isKnown = ([each]: [string, unknown]) => `gradient/${each}` in golden;
    const wrt = [...Object.entries(inputs), ...(batch % BATCH === 0 ? Object.entries(parameters) : [])].filter(isKnown);
    const found = gradients(
      sumOf(mul(y, projection)),
      wrt.map(([, value]) => value),
    );
    const named = Object.fromEntries(wrt.map(([each], index) => [`gradient/${each}`, found[index]!]));
    const program = await compileSmall(graphOf({ 'output/y': y, ...named }, Object.values(inputs)), target);
    const feed = Object.entries(feedOf(name)).map(([each, rows]) => [each, rowsOf(rows, batch)]);
    const results = await program.run(Object.fromEntries(feed) as Record<string, Float32Array>);
    await program.release();
    for (const [each, result] of Object.entries(results)) {
      const expected = golden[each]!.data;
      const isParameter = each.slice('gradient/'.length) in parameters;
      const scaled = isParameter ? expected.map((element) => (element * batch) / BATCH) : rowsOf(expected, batch);
      expect(errorOf(result.data as Float32Array, scaled), each).toBeLessThan(each === 'output/y' ? 1e-5 : 1e-4);
    }
  });
});
