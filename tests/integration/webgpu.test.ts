import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { add, graphOf, input, mul, nextName, sizeOf, StatefulProgram } from '../../src/engine/index.js';
import { tryDevice } from '../../src/engine/runtime/deviceTrial.node.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { initialState, Trainer } from '../../src/training/trainer.js';
import { expectWithin } from '../expectWithin.js';
import { noiseSource, tinyConfiguration } from '../training/tinyTraining.js';

// Without a GPU, Chromium's software Vulkan serves.
const SOFTWARE = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(SOFTWARE)) process.env.VK_ICD_FILENAMES ??= SOFTWARE;
// The script as it is built: it runs in a process of its own.
const script = fileURLToPath(new URL('../../dist/engine/runtime/deviceTrialProcess.node.js', import.meta.url));
const { works } = await tryDevice('webgpu', { script });

const onGpu = { device: 'webgpu', threads: 1 } as const;

describe.skipIf(!works)('WebGPU', () => {
  it('keeps state on the device from step to step', async () => {
    const [sum, step] = [input('sum', [3]), input('step', [3])];
    const graph = graphOf({ [nextName('sum')]: add(sum, step), doubled: mul(sum, 2) });
    const compiled = await compile(graph, onGpu);
    const run = vi.spyOn(compiled, 'runOnDevice');
    const program = new StatefulProgram(compiled, { sum: Float32Array.of(1, 2, 3) });
    for (const doubled of [
      [2, 4, 6],
      [4, 6, 8],
      [6, 8, 10],
    ] as const) {
      const results = await program.step({ step: Float32Array.of(1, 1, 1) });
      expect(Object.keys(results)).toEqual(['doubled']);
      expect(Array.from(results.doubled!.data as Float32Array)).toEqual(doubled);
    }
    expect(await program.readState()).toEqual({ sum: Float32Array.of(4, 5, 6) });
    // Reading does not disturb the state.
    await program.step({ step: Float32Array.of(1, 0, 0) });
    expect(await program.readState()).toEqual({ sum: Float32Array.of(5, 5, 6) });
    // All runs but the first were given tensors of the device.
    expect(run.mock.calls.map(([feeds]) => feeds.sum instanceof Float32Array)).toEqual([true, false, false, false]);
    await program.release();
  });

  it.each([[[]], [[2, 2]], [[1, 3]]] as const)('reads state of the shape %j', async (shape) => {
    const sum = input('sum', shape);
    const start = new Float32Array(sizeOf(shape)).fill(2);
    const program = new StatefulProgram(await compile(graphOf({ [nextName('sum')]: add(sum, 1) }), onGpu), {
      sum: start,
    });
    await program.step({});
    expect(await program.readState()).toEqual({ sum: start.map((value) => value + 1) });
    await program.release();
  });

  it('returns next states in memory if they are requested as outputs', async () => {
    const sum = input('sum', [2]);
    const program = await compile(graphOf({ [nextName('sum')]: add(sum, 1) }), onGpu);
    const results = await program.run({ sum: Float32Array.of(1, 2) });
    expect(results[nextName('sum')]!.data).toEqual(Float32Array.of(2, 3));
    await program.release();
  });

  it('trains as the CPU does', async () => {
    const configuration = tinyConfiguration({ ema: 0.9, batchNormStats: 'separate' });
    const { train } = noiseSource();
    const trainers = await Promise.all(
      [onGpu, { device: 'cpu', threads: 1 } as const].map((options) =>
        Trainer.create(configuration, train, (graph) => compile(graph, options), initialState(configuration)),
      ),
    );
    for (let step = 0; step < 3; step++) {
      const [gpu, cpu] = (await Promise.all(trainers.map((trainer) => trainer.iterate()))).map(
        ({ scalars }) => scalars,
      ) as [Record<string, number>, Record<string, number>];
      for (const [name, value] of Object.entries(cpu))
        expectWithin(gpu[name]!, value, 3e-3 * Math.max(1e-3, Math.abs(value)));
    }
    const [gpu, cpu] = (await Promise.all(trainers.map((trainer) => trainer.readState()))).map(
      ({ vectors }) => vectors['generator.ema_parameters']!,
    ) as [Float32Array, Float32Array];
    expect(gpu.length).toBe(cpu.length);
    for (const [index, value] of cpu.entries()) expectWithin(gpu[index]!, value, 1e-3);
    await Promise.all(trainers.map((trainer) => trainer.release()));
  });
});
