import { execFileSync } from 'node:child_process';
import { encode } from '../../../src/engine/onnx.js';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  add,
  exp,
  type Graph,
  gradients,
  graphOf,
  input,
  matMul,
  mul,
  nextName,
  reduceSum,
  StatefulProgram,
  tanh,
  type TensorData,
} from '../../../src/engine/index.js';
import { CApiRuntime, openCApi } from '../../../src/engine/runtime/cApi.node.js';
import { CApiUnavailableError } from '../../../src/engine/runtime/ortApi.node.js';
import { compile } from '../../../src/engine/runtime/native.node.js';
import { randomNetworks } from '../randomNetworks.js';
import { feedsOf, inputsFor, targets } from '../running.js';
import { random } from '../tensors.js';

/** Through the C API, and through the binding. */
const WAYS = [true, false];

async function resultsOf(graph: Graph, tensors: readonly TensorData[], useCApi: boolean) {
  const program = await compile(graph, { threads: 1, target: targets.blocked, useCApi });
  const results = await program.run(feedsOf(tensors));
  await program.release();
  return results;
}

/** If the platform has no C API, both run through the binding and are equal for that reason. */
describe('a program that runs through the C API', () => {
  it('is the default on supported platforms', async () => {
    expect((await openCApi()).reason?.code).toBe(process.platform === 'linux' ? undefined : 'platform');
  });

  it('is bitwise identical to the Node binding, for networks and their gradients', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomNetworks, async ({ tensors, build }) => {
        const inputs = inputsFor(tensors);
        const result = build(...inputs);
        const loss = reduceSum(mul(result, result), [0, 1, 2, 3], { keepAxes: false });
        const slopes = gradients(loss, inputs).map((slope, index) => [`slope${index}`, slope] as const);
        const graph = graphOf({ result, ...Object.fromEntries(slopes) }, inputs);
        const [useCApi, binding] = [await resultsOf(graph, tensors, true), await resultsOf(graph, tensors, false)];
        expect(useCApi).toEqual(binding);
      }),
      { numRuns: 25 },
    );
  });

  it('carries state like the Node binding, updated in place', async () => {
    const [state, weight] = [input('state', [1, 8]), input('weight', [8, 8])];
    const graph = graphOf({ [nextName('state')]: tanh(matMul(state, mul(weight, 3))), seen: add(state, 1) });
    const [useCApi, binding] = await Promise.all(
      WAYS.map(async (way) => {
        const program = new StatefulProgram(await compile(graph, { threads: 1, useCApi: way }), {
          state: random([1, 8], 6).data,
        });
        const seen = [];
        for (let step = 0; step < 20; step++) seen.push(await program.step({ weight: random([8, 8], 5).data }));
        const last = await program.readState();
        await program.release();
        return { seen, last };
      }),
    );
    expect(useCApi).toEqual(binding);
  });

  it('returns new results for every run', async () => {
    const program = await compile(graphOf({ y: mul(input('x', [2]), 2) }), { threads: 1 });
    const first = await program.run({ x: Float32Array.of(1, 2) });
    await program.run({ x: Float32Array.of(3, 4) });
    expect(first.y!.data).toEqual(Float32Array.of(2, 4));
    await program.release();
  });

  it.each(WAYS)('lets threads sleep soon after a run, as the binding does (C API: %s)', async (useCApi) => {
    const [pauses, pause] = [20, 10];
    const x = input('x', [256, 256]);
    const program = await compile(graphOf({ y: matMul(x, x) }), {
      threads: 2,
      useCApi,
    });
    const busy: number[] = [];
    for (let run = 0; run < pauses; run++) {
      await program.run({ x: new Float32Array(256 * 256).fill(1) });
      const before = process.cpuUsage();
      await setTimeout(pause);
      const { user, system } = process.cpuUsage(before);
      busy.push((user + system) / 1000);
    }
    await program.release();
    // Threads that spin for milliseconds use most of each pause; other work of this process, such as compiling functions, uses some.
    expect(busy.sort((a, b) => a - b)[pauses / 2]).toBeLessThan(pause / 5);
  });

  it('keeps the memory of a run alive until it is done', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const [size, fill] = [1 << 20, 0.5];
    const program = await compile(graphOf({ y: exp(tanh(exp(input('x', [size])))) }), { threads: 1 });
    for (let repeat = 0; repeat < 5; repeat++) {
      const running = program.run({ x: new Float32Array(size).fill(fill) });
      for (let times = 0; times < 5; times++) {
        collect();
        new Float32Array(size).fill(repeat);
      }
      const { y } = await running;
      expect(new Set(y!.data as Float32Array).size).toBe(1);
      expect(y!.data[0]).toBeCloseTo(Math.exp(Math.tanh(Math.exp(fill))), 5);
    }
    await program.release();
  });

  it("reports the library's message if a model cannot be loaded, or a run is rejected", async () => {
    const { runtime } = await openCApi();
    if (runtime === undefined) return;
    await expect(runtime.load(new Uint8Array(100), { threads: 1, optimize: true })).rejects.toThrow(/protobuf/i);
    const executor = await runtime.load(await encode(graphOf({ y: mul(input('x', [2]), 2) })), {
      threads: 1,
      optimize: true,
    });
    const operand = { type: 'float32', shape: [2], data: Float32Array.of(1, 2) } as const;
    await expect(executor.run({ other: operand }, { y: { type: 'float32', shape: [2] } })).rejects.toThrow(/other/);
    expect(await executor.run({ x: operand }, { y: { type: 'float32', shape: [2] } })).toEqual({
      y: Float32Array.of(2, 4),
    });
    await executor.release();
  });

  it.each([
    ['version', { version: '1.31.0' }, /1\.30\.0.*1\.31\.0/],
    ['platform', { platform: 'darwin' }, /darwin/],
  ] as const)('is not created with a library of a different %s, and reports it', async (code, expected, message) => {
    const refused: unknown = await CApiRuntime.connect(expected).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CApiUnavailableError);
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
  });

  it('falls back to the Node binding if unavailable, and the reason is reported', async () => {
    const reason = new CApiUnavailableError('version', 'another library');
    const open = vi.spyOn(CApiRuntime, 'open').mockRejectedValue(reason);
    try {
      expect(await openCApi()).toEqual({ reason });
      const reasons: unknown[] = [];
      const graph = graphOf({ y: mul(input('x', [2]), 2) });
      const program = await compile(graph, { threads: 1, onFallback: (found) => reasons.push(found) });
      expect((await program.run({ x: Float32Array.of(1, 2) })).y!.data).toEqual(Float32Array.of(2, 4));
      await program.release();
      await (
        await compile(graph, { threads: 1, useCApi: false, onFallback: (found) => reasons.push(found) })
      ).release();
      expect(reasons).toEqual([reason]);
    } finally {
      open.mockRestore();
    }
  });

  it('does not hide a defect behind the fallback', async () => {
    const open = vi.spyOn(CApiRuntime, 'open').mockRejectedValue(new TypeError('a defect'));
    try {
      await expect(openCApi()).rejects.toThrow('a defect');
    } finally {
      open.mockRestore();
    }
  });

  it('can be opened again after a failure', async () => {
    if (process.platform !== 'linux') return;
    await openCApi();
    const runtime = await CApiRuntime.connect();
    const executor = await runtime.load(await encode(graphOf({ y: mul(input('x', [2]), 2) })), {
      threads: 1,
      optimize: true,
    });
    const x = { type: 'float32', shape: [2], data: Float32Array.of(1, 2) } as const;
    expect(await executor.run({ x }, { y: { type: 'float32', shape: [2] } })).toEqual({ y: Float32Array.of(2, 4) });
    await executor.release();
  });

  it('stays loaded after garbage collection, although nothing else has loaded it', () => {
    const program = `
      const { compile } = await import('./dist/engine/runtime/native.node.js');
      const { graphOf, input, mul } = await import('./dist/engine/index.js');
      const double = await compile(graphOf({ y: mul(input('x', [2]), 2) }), { threads: 1 });
      for (let round = 0; round < 5; round++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        gc();
        console.log(...(await double.run({ x: Float32Array.of(round, 1) })).y.data);
      }`;
    const output = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(output).toBe('0 2\n2 2\n4 2\n6 2\n8 2\n');
  });

  it('opens the library once', () => {
    expect(CApiRuntime.open()).toBe(CApiRuntime.open());
  });
});
