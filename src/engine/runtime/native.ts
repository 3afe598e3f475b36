import './telemetry.js';
import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { InputError } from '../../errors.js';
import type { Graph } from '../graph.js';
import { lower, type Target } from '../lowering/index.js';
import { encode } from '../onnx.js';
import { blockSizeOfProcessor } from './blockSize.js';
import { DirectRuntime } from './directExecutor.node.js';
import type { Executor } from './executor.js';
import { collectLargeGarbage } from './garbage.node.js';
import { Program, signatureOf } from './program.js';
import { sessionExecutor } from './sessionExecutor.js';

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
  readonly direct?: boolean;
  /** Record a profile of each operator into a file that begins so; `Program.endProfiling` writes it. */
  readonly profilePrefix?: string;
}

/** The lowering that suits a device, and on the CPU this processor. */
export async function targetOf(device: Device): Promise<Target> {
  if (device !== 'cpu') return { name: device === 'webgpu' ? 'webgpu' : 'plain' };
  const block = await blockSizeOfProcessor();
  return { name: 'cpu', ...(block === undefined ? {} : { block }) };
}

/** Compiles a graph for a device of this machine with ONNX Runtime's native library. Throws InputError if it lacks the device. */
export async function compile(graph: Graph, { device = 'cpu', threads = 0, target, direct = true, profilePrefix }: CompileOptions = {}): Promise<Program> {
  requireDevice(device);
  const lowered = lower(graph, target ?? (await targetOf(device)));
  const model = encode(lowered);
  const runtime = direct && device === 'cpu' && profilePrefix === undefined ? await directRuntime() : undefined;
  const executor = runtime ? await runtime.load(model, threads) : await bindingExecutor(model, device, threads, profilePrefix);
  return new Program(executor, signatureOf(lowered));
}

/** The runtime's C interface, or undefined where this platform has no way to call it. */
export const directRuntime = (): Promise<DirectRuntime | undefined> => DirectRuntime.open().catch(() => undefined);

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
  return sessionExecutor(session, { Tensor, beforeRun: collectLargeGarbage() });
}

// Only what an error does not say: the native library would also print every error that it throws.
env.logLevel = 'fatal';

/** The version of ONNX Runtime. */
export const RUNTIME_VERSION = env.versions.node ?? env.versions.common;

/** The devices that this build of the runtime offers; whether the machine has them shows when a program is compiled. */
export const offeredDevices = (): readonly string[] => listSupportedBackends().map(({ name }) => name);

function requireDevice(device: Device): void {
  const offered = offeredDevices();
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
