import { describe, expect, it } from 'vitest';
import { constantTensor, gradients, graphOf, ModelTraining, mul, sumOf } from '../../../src/engine/index.js';
import { compileSmall, targets } from '../running.js';
import { errorOf, feedOf, goldenOf, importGolden, MODELS } from './goldenModels.js';

/** Prefixes of golden changes. Models with dropout have none in training mode. */
const MODES = [
  ['eval', 'change/'],
  ['train', 'train/'],
] as const;

describe.each(MODELS)('the imported model %s', (name) => {
  it.each(Object.entries(targets))('computes outputs and gradients of PyTorch on the target %s', async (_, target) => {
    const golden = goldenOf(name);
    const model = await importGolden(name);
    const y = model.outputs.y!;
    const projection = constantTensor({ type: 'float32', ...golden.projection! });
    const wrt = Object.entries({ ...model.parameters, ...model.inputs }).filter(
      ([each]) => `gradient/${each}` in golden,
    );
    expect(wrt).toHaveLength(Object.keys(golden).filter((each) => each.startsWith('gradient/')).length);
    const found = gradients(
      sumOf(mul(y, projection)),
      wrt.map(([, value]) => value),
    );
    const outputs = Object.fromEntries(wrt.map(([each], index) => [`gradient/${each}`, found[index]!]));
    const program = await compileSmall(graphOf({ 'output/y': y, ...outputs }, Object.values(model.inputs)), target);
    const results = await program.run(feedOf(name));
    await program.release();
    for (const [each, { data, shape }] of Object.entries(results)) {
      expect(shape).toEqual(golden[each]!.shape);
      const error = errorOf(data as Float32Array, golden[each]!.data);
      expect(error, each).toBeLessThan(each === 'output/y' ? 1e-5 : 1e-4);
    }
  });

  it.each(MODES)('takes ten steps of Adam in the mode %s as PyTorch does', async (mode, prefix) => {
    const expected = Object.entries(goldenOf(name)).filter(([each]) => each.startsWith(prefix));
    if (expected.length === 0) return;
    const model = await importGolden(name);
    const loss = sumOf(mul(model.outputs.y!, constantTensor({ type: 'float32', ...goldenOf(name).projection! })));
    const training = await ModelTraining.start(model, {
      loss,
      learningRate: 0.01,
      optimizer: { name: 'adam', epsilon: 1e-3 },
      mode,
      compile: compileSmall,
    });
    for (let step = 0; step < 10; step++) await training.step(feedOf(name));
    const trained = await training.readParameters();
    await training.release();
    expect(Object.keys(trained).sort()).toEqual(expected.map(([each]) => each.slice(prefix.length)).sort());
    for (const [each, { data }] of expected) {
      const tensor = each.slice(prefix.length);
      const before = { ...model.parameters, ...model.statistics }[tensor]!.data as Float32Array;
      const change = trained[tensor]!.map((element, index) => element - before[index]!);
      expect(errorOf(change, data), tensor).toBeLessThan(1e-3);
    }
  });
});
