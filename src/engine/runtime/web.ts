import type { Env, InferenceSession, Tensor } from 'onnxruntime-common';
import { InputError } from '../../errors.js';
import type { Graph } from '../graph.js';
import { lowerPortable, type PortableTarget } from '../lowering/portable.js';
import { encode } from '../onnx.js';
import { Program, signatureOf, SPINNING } from './program.js';
import { firstLine, sessionExecutor } from './session.js';

/** Devices of a page. */
export const WEB_DEVICES = ['wasm', 'webgpu'] as const;
export type WebDevice = (typeof WEB_DEVICES)[number];

export interface WebCompileOptions {
  /** Where to compute (default: wasm). */
  device?: WebDevice;
  /** What to lower for (default: what suits the device). */
  target?: PortableTarget;
}

/** A folder's URL that ends in a slash, or the URLs of the two files of ONNX Runtime. */
export type WasmPaths = NonNullable<Env.WebAssemblyFlags['wasmPaths']>;

/** How ONNX Runtime is loaded. */
export interface RuntimeConfiguration {
  /**
   * Where its WebAssembly is (default: beside the script). The files are `ort-wasm-simd-threaded.{mjs,wasm}` for wasm,
   * and `ort-wasm-simd-threaded.asyncify.{mjs,wasm}` for webgpu.
   */
  wasmPaths?: WasmPaths | ((device: WebDevice) => WasmPaths);
  /** Its WebAssembly, if the page already has it. */
  wasmBinary?: ArrayBuffer | Uint8Array;
  /** Threads of one operator (default: one per core, at most 4; one if the page is not cross-origin isolated). */
  threads?: number;
}

let configuration: RuntimeConfiguration = {};

/** Sets how ONNX Runtime is loaded, before a graph is first compiled. */
export function configureRuntime(changes: RuntimeConfiguration): void {
  configuration = { ...configuration, ...changes };
}

/**
 * Compiles a graph for a document or module worker. The first compilation loads the device's build of onnxruntime-web:
 * its script by the bundler, and its WebAssembly from the URL that `configureRuntime` sets.
 * @throws {InputError} if the device is unavailable; nothing has been done then
 * @example
 * const x = input('x', [2]);
 * const program = await compile(graphOf({ y: mul(x, x) }), { device: 'webgpu' });
 * const { y } = await program.run({ x: Float32Array.of(2, 3) }); // y.data is [4, 9]
 * await program.release();
 */
export async function compile(
  graph: Graph,
  { device = 'wasm', target = { name: device } }: WebCompileOptions = {},
): Promise<Program> {
  if (!WEB_DEVICES.includes(device))
    throw new InputError('compile', `device: expected ${WEB_DEVICES.join(' or ')} but got '${String(device)}'`);
  const { InferenceSession, Tensor } = await loadRuntime(device);
  const lowered = lowerPortable(graph, target);
  const isGpu = device === 'webgpu';
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device],
    // Errors are thrown as well.
    logSeverityLevel: 4,
    enableMemPattern: false,
    // An operator that the GPU lacks is an error, not a copy of its operands to the processor and back.
    extra: { ...SPINNING, ...(isGpu && { 'session.disable_cpu_ep_fallback': '1' }) },
    ...(isGpu && { preferredOutputLocation: 'gpu-buffer' }),
  };
  const session = await InferenceSession.create(await encode(lowered), options).catch((error: unknown) => {
    if (device === 'wasm' && isRuntimeMissing(error)) throw missingRuntime(error);
    throw new InputError(`device ${device}`, `cannot be used here (${firstLine(error)})`, undefined, { cause: error });
  });
  const gpu = { name: device, read: async (tensor: Tensor) => (await tensor.getData()) as Float32Array };
  return new Program(sessionExecutor(session, { Tensor, ...(isGpu && { device: gpu }) }), signatureOf(lowered));
}

/** Whether ONNX Runtime itself failed to load, and not a model. */
export const isRuntimeMissing = (error: unknown): boolean => firstLine(error).startsWith('no available backend found');

export const missingRuntime = (cause: unknown): InputError =>
  new InputError(
    'ONNX Runtime',
    'its WebAssembly cannot be loaded',
    'check the connection, or use a browser with WebAssembly',
    { cause },
  );

/** More threads wait for each other more than they compute. */
const MAX_THREADS = 4;

function defaultThreads() {
  const { crossOriginIsolated = false, navigator } = globalThis as {
    crossOriginIsolated?: boolean;
    navigator?: { hardwareConcurrency?: number };
  };
  return crossOriginIsolated ? Math.min(MAX_THREADS, navigator?.hardwareConcurrency ?? 1) : 1;
}

async function loadRuntime(device: WebDevice) {
  const library = device === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  const { wasm } = library.env;
  const { threads = defaultThreads(), wasmPaths, wasmBinary } = configuration;
  wasm.numThreads = threads;
  if (wasmPaths !== undefined) wasm.wasmPaths = typeof wasmPaths === 'function' ? wasmPaths(device) : wasmPaths;
  if (wasmBinary !== undefined) wasm.wasmBinary = wasmBinary;
  return library;
}
