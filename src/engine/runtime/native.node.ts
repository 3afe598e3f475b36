/** Compiles graphs for the devices of this machine with ONNX Runtime's native library. */
import { createHash } from 'node:crypto';
import { InputError } from '../../errors.js';
import { encode } from '../onnx.js';
import type { Graph } from '../graph.js';
import { lower, rulesOf, type Target } from '../lowering/lower.js';
import { estimatePeakMemory } from '../memory.js';
import { type LoadModel, targetOf } from './blockSize.node.js';
import { openCApi } from './cApi.node.js';
import { type Communicator, requireSame } from './communicator.js';
import { nextStates } from '../lowering/state.js';
import { availableDevices, loadInBinding } from './nodeBinding.node.js';
import type { CApiUnavailableError } from './ortApi.node.js';
import { Program, signatureOf } from './program.js';

export { lower, type Target } from '../lowering/lower.js';
export { prepareProcess } from './onnxRuntime.node.js';

/** Where a program runs. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

export interface CompileOptions {
  /** Where to compute (default: cpu). */
  readonly device?: Device;
  /** Threads of one operator (default: 0, one per core). */
  readonly threads?: number;
  /**
   * What to lower for (default: what suits the device and CPU best); `{ name: 'plain' }` for no CPU-specific
   * optimizations.
   */
  readonly target?: Target;
  /**
   * Whether CPU programs run through ONNX Runtime's C API if it is available (default: true). The Node binding copies
   * every result.
   */
  readonly useCApi?: boolean;
  /**
   * The processes that compute the graph together, each on its part of the batch (default: this one alone). All compile
   * the same graph with the same options. On the CPU only.
   */
  readonly communicator?: Communicator;
  /**
   * Prefix of the file into which `Program.endProfiling` writes a profile of each operator. Implies the Node binding.
   */
  readonly profilePrefix?: string;
  /** Called with the reason if the C API should be used but is unavailable. */
  readonly onFallback?: (reason: CApiUnavailableError) => void;
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
  const lowered = lower(graph, target, communicator?.size);
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
 * Estimates the peak resident memory, in bytes, of a process that compiles a graph with these options and trains by it.
 * @returns undefined on a device other than the CPU
 * @throws {InputError} if an option is invalid
 */
export async function estimateMemory(graph: Graph, options: CompileOptions = {}): Promise<number | undefined> {
  requireOptions(options);
  const { device = 'cpu', communicator } = options;
  if (device !== 'cpu') return undefined;
  const target = options.target ?? (await targetOf(device, await loaderOf(options)));
  return estimatePeakMemory(lower(graph, target, communicator?.size));
}

/** @throws {InputError} unless the batch divides into a part of one size for each rank */
function requireDivisible({ inputs, batchAxes = {} }: Graph, { size }: Communicator): void {
  for (const { name, shape } of inputs) {
    const batch = shape[batchAxes[name] ?? -1] ?? size;
    const remedy = 'start a number of processes that divides it';
    if (batch % size !== 0) throw new InputError(`batch ${batch}`, `cannot be divided among ${size} processes`, remedy);
  }
}

async function loaderOf({
  useCApi = true,
  device = 'cpu',
  profilePrefix,
  communicator,
  onFallback,
}: CompileOptions): Promise<LoadModel> {
  const requireAlone = (reason: string) => {
    if (communicator) throw new InputError('several processes', `train only through ONNX Runtime's C API${reason}`);
  };
  if (useCApi && device === 'cpu' && profilePrefix === undefined) {
    const { runtime, reason } = await openCApi();
    if (runtime) return (model, options) => runtime.load(model, options);
    requireAlone(` (${reason.message})`);
    onFallback?.(reason);
  }
  requireAlone(', which needs the CPU and writes no profile');
  return (model, options) => loadInBinding(model, { device, ...options });
}

async function requireDevice(device: string): Promise<void> {
  // Every build has the CPU; the question would load a second library.
  if (device === 'cpu') return;
  const available = await availableDevices();
  const remedy = `choose from ${available.join(', ')}`;
  if (!available.includes(device))
    throw new InputError(`device ${device}`, 'not in this build of ONNX Runtime', remedy);
}

/** ONNX Runtime would start any number of threads. */
const MAX_THREADS = 1024;

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
}

const isCount = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_THREADS;
const OPTION_CHECKS: Readonly<
  Record<keyof CompileOptions, readonly [expected: string, isValid: (value: unknown) => boolean]>
> = {
  device: ['a name', (value) => typeof value === 'string'],
  threads: [`a whole number from 0 (one per core) to ${MAX_THREADS}`, isCount],
  useCApi: ['true or false', (value) => typeof value === 'boolean'],
  communicator: [
    'an object with rank and size',
    (value) => typeof value === 'object' && value !== null && 'rank' in value && 'size' in value,
  ],
  profilePrefix: ['a path', (value) => typeof value === 'string' && value !== ''],
  onFallback: ['a function', (value) => typeof value === 'function'],
  target: [`{ name } of ${Object.keys(rulesOf).join(', ')}, with a block of 8 or 16 for cpu`, isTarget],
};

/** @throws {InputError} if an option has the wrong type or is out of range, as in calls from JavaScript */
function requireOptions(options: Readonly<Partial<Record<keyof CompileOptions, unknown>>>): void {
  for (const [name, [expected, isValid]] of Object.entries(OPTION_CHECKS)) {
    const value = options[name as keyof CompileOptions];
    if (value !== undefined && !isValid(value))
      throw new InputError('compile', `${name}: expected ${expected} but got ${show(value)}`);
  }
}

/** @throws {InputError} unless a graph is what `graphOf` returns */
function requireGraph(graph: unknown): void {
  const { inputs, outputs } = (graph ?? {}) as { readonly inputs?: unknown; readonly outputs?: unknown };
  if (!Array.isArray(inputs) || typeof outputs !== 'object' || outputs === null)
    throw new InputError(
      'compile',
      `graph: expected what graphOf returns but got ${graph === null ? 'null' : typeof graph}`,
    );
}

function isTarget(target: unknown): boolean {
  if (typeof target !== 'object' || target === null) return false;
  const { name, block } = target as { readonly name?: unknown; readonly block?: unknown };
  return (
    typeof name === 'string' && Object.hasOwn(rulesOf, name) && (block === undefined || block === 8 || block === 16)
  );
}
