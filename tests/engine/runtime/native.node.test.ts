import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listSupportedBackends } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { greater, graphOf, input, leakyRelu, mul, relu } from '../../../src/engine/index.js';
import { blockedKernels, targetOf } from '../../../src/engine/runtime/blockSize.node.js';
import { type Device, DEVICES, compile } from '../../../src/engine/runtime/native.node.js';
import { InputError } from '../../../src/errors.js';
import { targets } from '../running.js';
import { bools, tensor } from '../tensors.js';

const x = input('x', [2, 2]);

describe('compile', () => {
  it('returns a program that can run many times', async () => {
    const program = await compile(graphOf({ doubled: mul(x, 2) }), { threads: 1 });
    expect(await program.run({ x: Float32Array.of(1, 2, 3, 4) })).toEqual({ doubled: tensor([2, 4, 6, 8], [2, 2]) });
    expect(await program.run({ x: Float32Array.of(-1, 0, 0, 0) })).toEqual({ doubled: tensor([-2, 0, 0, 0], [2, 2]) });
    await program.release();
  });

  it('supports integers, bytes and booleans', async () => {
    const [n, byte, bit] = [input('n', [1], 'int64'), input('byte', [1], 'uint8'), input('bit', [1], 'bool')];
    const program = await compile(graphOf({ nOut: n, byteOut: byte, bitOut: bit, positive: greater(n, n) }), {
      threads: 1,
    });
    expect(
      await program.run({ n: BigInt64Array.of(-(2n ** 60n)), byte: Uint8Array.of(200), bit: Uint8Array.of(1) }),
    ).toEqual({
      nOut: { type: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 60n)) },
      byteOut: { type: 'uint8', shape: [1], data: Uint8Array.of(200) },
      bitOut: bools([true]),
      positive: bools([false]),
    });
    await program.release();
  });

  it('computes the same with the rules of another target and with several threads', async () => {
    const graph = graphOf({ y: leakyRelu(x, 0.2) });
    for (const options of [
      { target: targets.plain, threads: 1 },
      { target: targets.cpu, threads: 2 },
      { target: targets.blocked },
      {},
    ]) {
      const program = await compile(graph, options);
      expect((await program.run({ x: Float32Array.of(-1, 0, 1, 2) })).y!.data).toEqual(Float32Array.of(-0.2, 0, 1, 2));
      await program.release();
    }
  });

  it('accepts unused inputs', async () => {
    const program = await compile(graphOf({ y: relu(x) }, [input('unread', [3]), x]), { threads: 1 });
    const { y } = await program.run({ x: Float32Array.of(-1, 0, 1, 2), unread: new Float32Array(3) });
    expect(y!.data).toEqual(Float32Array.of(0, 0, 1, 2));
    await program.release();
  });

  it('writes a profile of every operator on request', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agenet-profile-'));
    try {
      const program = await compile(graphOf({ y: relu(x) }), { threads: 1, profilePrefix: join(folder, 'run') });
      await program.run({ x: new Float32Array(4) });
      program.endProfiling();
      await program.release();
      const [file] = await readdir(folder);
      expect(file).toMatch(/^run.*\.json$/);
      expect(await readFile(join(folder, file!), 'utf8')).toContain('"op_name" : "Relu"');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  const offered = listSupportedBackends().map(({ name }) => name);
  it.each(DEVICES.filter((device) => !offered.includes(device)).concat('tpu' as Device))(
    'rejects the unavailable device %s with the available ones',
    async (device) => {
      const compiling = compile(graphOf({ y: relu(x) }), { device });
      await expect(compiling).rejects.toThrow(InputError);
      await expect(compiling).rejects.toThrow(
        `device ${device}: not in this build of ONNX Runtime; choose from ${offered.join(', ')}`,
      );
    },
  );

  it.each([
    ['threads', -1],
    ['threads', NaN],
    ['threads', 1.5],
    ['threads', 1e9],
    ['threads', Infinity],
    ['threads', '2'],
    ['threads', null],
    ['device', 3],
    ['device', null],
    ['useCApi', 'yes'],
    ['profilePrefix', ''],
    ['target', 'plain'],
    ['target', null],
    ['target', { name: 'gpu' }],
    ['target', { name: 'toString' }],
    ['target', { name: 'cpu', block: 7 }],
    ['onFallback', true],
  ])('rejects %s %s in one line, before any work', async (name, value) => {
    const untouched = new Proxy(graphOf({ y: relu(x) }), {
      get: () => {
        throw new Error('the graph was looked at');
      },
    });
    const refused: unknown = await compile(untouched, { [name]: value }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InputError);
    expect((refused as InputError).message).toMatch(new RegExp(`^compile: ${name}: expected [^\\n]+ but got [^\\n]+$`));
  });

  it('lowers for the CPU and its block size only on the CPU', async () => {
    const { block } = await blockedKernels();
    expect(await targetOf('cpu')).toEqual({ name: 'cpu', ...(block === undefined ? {} : { block }) });
    expect(await targetOf('webgpu')).toEqual({ name: 'webgpu' });
    expect(await targetOf('cuda')).toEqual({ name: 'plain' });
  });
});

describe('Program', () => {
  it('rejects feeds that are unknown, missing, or of the wrong size or type', async () => {
    const program = await compile(graphOf({ y: relu(x) }), { threads: 1 });
    const good = new Float32Array(4);
    await expect(program.run({ x: good, z: good })).rejects.toThrow('program: unknown input z');
    await expect(program.run({})).rejects.toThrow("'x'");
    await expect(program.run({ x: new Float32Array(3) })).rejects.toThrow(/size/);
    await expect(program.run({ x: new BigInt64Array(4) })).rejects.toThrow(TypeError);
    await program.release();
  });

  it('is not compiled from invalid graphs', async () => {
    for (const graph of [undefined, null, {}, 'graph', { inputs: [], outputs: null }]) {
      await expect(compile(graph as never)).rejects.toThrow(/^compile: graph: expected what graphOf returns but got /);
    }
  });

  it('can be released twice, and does not run afterwards', async () => {
    for (const useCApi of [true, false]) {
      const program = await compile(graphOf({ y: relu(x) }), { threads: 1, useCApi });
      await program.release();
      await program.release();
      await expect(program.run({ x: new Float32Array(4) })).rejects.toThrow('released');
    }
  });
});
