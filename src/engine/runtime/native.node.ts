import './telemetry.js';
import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { InputError } from '../../errors.js';
import type { Graph } from '../graph.js';
import { lower, type Target } from '../lowering/index.js';
import { encode } from '../onnx.js';
import { detectBlockSize } from './blockSize.js';
import { requireCompileOptions, requireGraph } from './compileOptions.js';
import { CApiRuntime } from './cApiExecutor.node.js';
import type { Executor } from './executor.js';
import { createGcTrigger } from './garbage.node.js';
import { Program, signatureOf } from './program.js';
import { sessionExecutor } from './sessionExecutor.js';
import { DirectUnavailableError } from './unavailable.js';

/** Where a program runs. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

export interface CompileOptions {
  readonly device?: Device;
  /** Threads of one operator; default 0: as many as there are cores. */
  readonly threads?: number;
  /** What to lower for; default what suits the device and processor best. `{ name: 'plain' }` keeps ONNX operators as they were written. */
  readonly target?: Target;
  /** Default true: the runtime is called by its C interface where that can be had, which is for the processor alone; else by its binding for Node, which copies. */
  readonly useCApi?: boolean;
  /** Record a profile of each operator into a file that begins so; `Program.endProfiling` writes it. */
  readonly profilePrefix?: string;
  /** Called with the reason if the runtime should be called by its C interface but cannot be. */
  readonly onFallback?: (reason: DirectUnavailableError) => void;
}

/** The lowering that suits a device, and on the CPU this processor. */
export async function targetOf(device: Device): Promise<Target> {
  if (device !== 'cpu') return { name: device === 'webgpu' ? 'webgpu' : 'plain' };
  const block = await detectBlockSize();
  return { name: 'cpu', ...(block === undefined ? {} : { block }) };
}

/**
 * Compiles a graph for a device of this machine with ONNX Runtime's native library.
 * @throws {InputError} if an option is not valid, or the device is not there; nothing is done then
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
  requireOptions(options);
  requireGraph(graph);
  const { device = 'cpu', threads = 0, target, profilePrefix } = options;
  const lowered = lower(graph, target ?? (await targetOf(device)));
  const model = encode(lowered);
  const runtime = await cApiRuntime(options);
  const executor = runtime ? await runtime.load(model, threads) : await bindingExecutor(model, device, threads, profilePrefix);
  return new Program(executor, signatureOf(lowered));
}

/** Whether the runtime's C interface can be called here. */
export type DirectAccess =
  { readonly runtime: CApiRuntime; readonly reason?: undefined } | { readonly runtime?: undefined; readonly reason: DirectUnavailableError };

/** The runtime's C interface, or the reason why it cannot be called here. */
export async function directAccess(): Promise<DirectAccess> {
  try {
    return { runtime: await CApiRuntime.open() };
  } catch (error) {
    if (error instanceof DirectUnavailableError) return { reason: error };
    throw error;
  }
}

/** The C interface for programs that may use it. */
async function cApiRuntime({ useCApi = true, device = 'cpu', profilePrefix, onFallback }: CompileOptions): Promise<CApiRuntime | undefined> {
  if (!useCApi || device !== 'cpu' || profilePrefix !== undefined) return undefined;
  const { runtime, reason } = await directAccess();
  if (reason) onFallback?.(reason);
  return runtime;
}

async function bindingExecutor(model: Uint8Array, device: Device, threads: number, profilePrefix: string | undefined): Promise<Executor> {
  const session = await createSession(model, device, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // See DirectRuntime.load.
    enableMemPattern: false,
    // Only errors: the runtime warns of harmless things, such as inputs that nothing reads.
    logSeverityLevel: 3,
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
  });
  return sessionExecutor(session, { Tensor, beforeRun: createGcTrigger() });
}

// Only what an error does not say: the native library would also print every error that it throws.
env.logLevel = 'fatal';

/** The version of ONNX Runtime. */
export const RUNTIME_VERSION = env.versions.node ?? env.versions.common;

/** The devices that this build of the runtime offers; whether the machine has them shows when a program is compiled. */
export const availableDevices = (): readonly string[] => listSupportedBackends().map(({ name }) => name);

function requireOptions(options: CompileOptions): void {
  const { device = 'cpu' } = options;
  requireCompileOptions(options);
  const offered = availableDevices();
  if (!offered.includes(device)) throw new InputError(`device ${device}: this ONNX Runtime offers ${offered.join(', ')} only`);
}

async function createSession(model: Uint8Array, device: Device, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model, options);
  } catch (error) {
    if (device === 'cpu') throw error;
    // A provider that is there but finds no adapter or driver: the user can choose another device.
    throw new InputError(`device ${device} cannot be used here (${reasonOf(error)}); --device cpu always works`);
  }
}

/** What a provider says, without the place in its source that comes before. */
const reasonOf = (error: unknown): string =>
  String(error instanceof Error ? error.message : error)
    .split('\n')[0]!
    .split(' was false. ')
    .at(-1)!;
