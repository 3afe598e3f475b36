/**
 * Compiles graphs for the devices of this machine with ONNX Runtime's native library.
 * @module agenet/native
 */
import { createHash } from 'node:crypto';
import { InputError } from '../../errors.js';
import type { Graph } from '../graph.js';
import { lower, rulesOf, type Target } from '../lowering/lower.js';
import { type LoweredGraph, nextStates } from '../lowering/state.js';
import { estimatePeakMemory } from '../memory.js';
import { encode } from '../onnx.js';
import { type LoadModel, targetOf } from './blockSize.node.js';
import { openCApi } from './cApi.node.js';
import { type Communicator, requireSame } from './communicator.js';
import { availableDevices, loadInBinding } from './nodeBinding.node.js';
import type { CApiUnavailableError } from './ortApi.node.js';
import { Program, signatureOf } from './program.js';

export { lower, type Target } from '../lowering/lower.js';
export { importOnnxFile } from '../import/importOnnxFile.node.js';
export { prepareProcess } from './onnxRuntime.node.js';

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

export interface CompileOptions {
  /** Where to compute (default: cpu). */
  device?: Device;
  /** Threads of one operator (default: 0, one per core). */
  threads?: number;
  /**
   * What to lower for (default: what suits device and CPU best); `{ name: 'plain' }`: no CPU-specific optimizations.
   */
  target?: Target;
  /**
   * Whether the CPU runs through ONNX Runtime's C API if available (default: true). The Node binding copies results.
   */
  useCApi?: boolean;
  /**
   * The processes that compute the graph together, each on its part of the batch (default: this one alone). All compile
   * the same graph with the same options. On the CPU only.
   */
  communicator?: Communicator | undefined;
  /** Prefix of the file into which `Program.endProfiling` writes a profile of operators. Implies the Node binding. */
  profilePrefix?: string | undefined;
  /** Called with the reason if the C API should be used but is unavailable. */
  onFallback?: (reason: CApiUnavailableError) => void;
}

/**
 * Compiles a graph for a device of this machine.
 * @throws {InputError} if an option is invalid or the device is unavailable; nothing has been done then
 * @example
 * const x = input('x', [2]);
 * const program = await compile(graphOf({ y: mul(x, x) }));
 * const { y } = await program.run({ x: Float32Array.of(2, 3) }); // y.data is [4, 9]
 * await program.release();
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
  requireOptions(options);
  requireGraph(graph);
  const { device = 'cpu', threads = 0, profilePrefix, communicator } = options;
  await requireDevice(device);
  if (communicator) requireDivisible(graph, communicator);
  const load = await loaderOf(options);
  const target = options.target ?? (await targetOf(device, load));
  const lowered = lowerOnce(graph, target, communicator?.size);
  estimated.delete(graph);
  // Lowering to blocks leaves nothing to optimize, and the attempt takes as long as the rest of loading.
  const optimize = target.name !== 'cpu' || target.block === undefined;
  const model = await encode(lowered);
  if (communicator) {
    const remedy = 'start all processes with the same options, on processors of one kind';
    requireSame(communicator, createHash('sha256').update(model).digest(), 'compiled graphs', remedy);
  }
  const keepOnDevice = nextStates(lowered);
  const executor = await load(model, { threads, optimize, profilePrefix, communicator, keepOnDevice });
  return new Program(executor, signatureOf(lowered), communicator && { axes: graph.batchAxes ?? {}, communicator });
}

/**
 * Estimates the peak resident memory, in bytes, of training by a graph compiled with these options.
 * @returns undefined on a device other than the CPU
 * @throws {InputError} if an option is invalid
 */
export async function estimateMemory(graph: Graph, options: CompileOptions = {}): Promise<number | undefined> {
  requireOptions(options);
  const { device = 'cpu', communicator } = options;
  if (device !== 'cpu') return undefined;
  const target = options.target ?? (await targetOf(device, await loaderOf(options)));
  return estimatePeakMemory(lowerOnce(graph, target, communicator?.size));
}

/** Kept until they are compiled, because lowering takes a quarter of the time until the first iteration. */
const estimated = new WeakMap<Graph, { key: string; lowered: LoweredGraph }>();

function lowerOnce(graph: Graph, target: Target, ranks = 1) {
  const key = JSON.stringify({ target, ranks });
  const known = estimated.get(graph);
  if (known?.key === key) return known.lowered;
  const lowered = lower(graph, target, ranks);
  estimated.set(graph, { key, lowered });
  return lowered;
}

function requireDivisible({ inputs, batchAxes = {} }: Graph, { size }: Communicator) {
  for (const { name, shape } of inputs) {
    const batch = shape[batchAxes[name] ?? -1] ?? size;
    const remedy = 'start a number of processes that divides it';
    if (batch % size !== 0) throw new InputError(`batch ${batch}`, `cannot be divided among ${size} processes`, remedy);
  }
}

async function loaderOf(options: CompileOptions): Promise<LoadModel> {
  const { useCApi = true, device = 'cpu', profilePrefix, communicator, onFallback } = options;
  const requireAlone = (reason: string) => {
    if (communicator) throw new InputError('several processes', `train only through ONNX Runtime's C API${reason}`);
  };
  if (useCApi && device === 'cpu' && profilePrefix === undefined) {
    const { runtime, reason } = await openCApi();
    if (runtime) return (...model) => runtime.load(...model);
    requireAlone(` (${reason.message})`);
    onFallback?.(reason);
  }
  requireAlone(', which needs the CPU and writes no profile');
  return (model, loading) => loadInBinding(model, { device, ...loading });
}

async function requireDevice(device: string) {
  // Asking would load a second library.
  if (device === 'cpu') return;
  const available = await availableDevices();
  const remedy = `choose from ${available.join(', ')}`;
  if (!available.includes(device))
    throw new InputError(`device ${device}`, 'not in this build of ONNX Runtime', remedy);
}

/** ONNX Runtime would start any number of threads. */
const MAX_THREADS = 1024;

function show(value: unknown) {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const OPTION_CHECKS: Record<keyof CompileOptions, readonly [expected: string, isValid: (value: unknown) => boolean]> = {
  device: ['a name', (value) => typeof value === 'string'],
  threads: [
    `a whole number from 0 (one per core) to ${MAX_THREADS}`,
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_THREADS,
  ],
  useCApi: ['true or false', (value) => typeof value === 'boolean'],
  communicator: ['an object with rank and size', (value) => isObject(value) && 'rank' in value && 'size' in value],
  profilePrefix: ['a path', (value) => typeof value === 'string' && value !== ''],
  onFallback: ['a function', (value) => typeof value === 'function'],
  target: [
    `{ name } of ${Object.keys(rulesOf).join(', ')}, with a block of 8 or 16 for cpu`,
    (value) =>
      isObject(value) &&
      typeof value.name === 'string' &&
      Object.hasOwn(rulesOf, value.name) &&
      [undefined, 8, 16].includes(value.block as number | undefined),
  ],
};

/** Calls from JavaScript may have options of any type. */
function requireOptions(options: CompileOptions) {
  for (const [name, [expected, isValid]] of Object.entries(OPTION_CHECKS)) {
    const value = options[name as keyof CompileOptions];
    if (value !== undefined && !isValid(value))
      throw new InputError('compile', `${name}: expected ${expected} but got ${show(value)}`);
  }
}

function requireGraph(graph: unknown) {
  if (isObject(graph) && Array.isArray(graph.inputs) && isObject(graph.outputs)) return;
  const given = graph === null ? 'null' : typeof graph;
  throw new InputError('compile', `graph: expected what graphOf returns but got ${given}`);
}
