import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { iterationOf } from '../../src/age/iteration.js';
import { drawCodes } from '../../src/age/prior.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { encodeTraining } from '../../src/export/trainingFile.js';
import { randomStream } from '../../src/random.js';
import { iterationSpec } from '../../src/training/configuration.js';
import { tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';
import { expectClose } from '../engine/expectations.js';

const configuration = tinyConfiguration({
  ema: 0.9,
  length: { epochs: 3 },
  stages: [{ epoch: 1, encoderUpdates: '2;KL_fake:1,KL_real:1,match_x:10' }],
});
const state = tinyCheckpoint(configuration, 7);

describe('a training iteration as a file', () => {
  it('computes what training computes, from the inputs that its description names', async () => {
    const { model, manifest } = await encodeTraining(configuration, state, 18, {});
    const stream = randomStream(1, 'feeds');
    const { images, codes } = manifest.inputs;
    const data = {
      images: Uint8Array.from({ length: images!.shape.reduce((a, b) => a * b) }, () => stream.below(256)),
      codes: drawCodes('sphere', codes!.shape[0]! * codes!.shape[1]!, codes!.shape[2]!, stream),
      'encoder.schedule': Float32Array.of(0.01, 1, 0.02, 1),
      'generator.schedule': Float32Array.of(0.01, 1, 0.01, 1.5),
      ema_decay: Float32Array.of(0.9),
    };
    const feeds = { ...state.vectors, ...data };
    expect(Object.keys(feeds).sort()).toEqual(Object.keys(manifest.inputs).sort());
    const session = await InferenceSession.create(model);
    expect([...session.inputNames].sort()).toEqual(Object.keys(manifest.inputs).sort());
    const tensors = Object.entries(manifest.inputs).map(
      ([name, { type, shape }]) =>
        [name, new Tensor(type as 'float32', feeds[name as 'codes'] as never, shape)] as const,
    );
    const results = await session.run(Object.fromEntries(tensors));
    await session.release();

    const { encoder } = manifest.updates;
    expect(encoder).toEqual({ per_iteration: 2, done: 10 });
    const spec = iterationSpec({ ...configuration, encoderUpdates: configuration.stages[0]!.encoderUpdates! });
    const program = await compile(iterationOf(spec).graph, { threads: 1, target: { name: 'plain' } });
    const expected = await program.run(feeds);
    await program.release();
    expect(Object.keys(manifest.outputs.state).sort()).toEqual(Object.keys(state.vectors).sort());
    for (const output of [...Object.values(manifest.outputs.state), manifest.outputs.report]) {
      expectClose(
        { type: 'float32', shape: expected[output]!.shape, data: results[output]!.data as Float32Array },
        expected[output]!,
        1e-4,
      );
    }
    expect(results.report!.dims).toEqual([manifest.report.length]);
  });

  it('states where its training stands', async () => {
    const { manifest } = await encodeTraining(configuration, state, 18, { seed: 5 });
    // 4 batches of 4 in 18 images; from the second epoch on, two per iteration.
    expect(manifest).toMatchObject({
      step: 7,
      rate_scale: 1,
      total_steps: 8,
      batches_per_epoch: 4,
      training_images: 18,
      configuration: { seed: 5 },
    });
    const [first] = manifest.tensors['encoder.parameters'];
    expect(first).toEqual({ name: 'encoder.conv1.weight', shape: [4, 1, 4, 4], offset: 0 });
  });
});
