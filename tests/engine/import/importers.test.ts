import { describe, expect, it } from 'vitest';
import { constantTensor, gradients, graphOf, ModelTraining, mul, sumOf } from '../../../src/engine/index.js';
import { compileSmall, targets } from '../running.js';
import { errorOf, feedOf, goldenOf, importGolden, MODELS } from './goldenModels.js';

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

  it('takes ten steps of Adam as PyTorch does', async () => {
    const golden = goldenOf(name);
    const model = await importGolden(name);
    const loss = sumOf(mul(model.outputs.y!, constantTensor({ type: 'float32', ...golden.projection! })));
    const training = await ModelTraining.start(model, {
      loss,
      learningRate: 0.01,
      optimizer: { name: 'adam', epsilon: 1e-3 },
      compile: compileSmall,
    });
    for (let step = 0; step < 10; step++) await training.step(feedOf(name));
    const trained = await training.readParameters();
    await training.release();
    for (const [each, { data }] of Object.entries(golden)) {
      if (!each.startsWith('change/')) continue;
      const parameter = each.slice('change/'.length);
      const before = model.parameters[parameter]!.data as Float32Array;
      const change = trained[parameter]!.map((element, index) => element - before[index]!);
      expect(errorOf(change, data), parameter).toBeLessThan(1e-3);
    }
  });
});
