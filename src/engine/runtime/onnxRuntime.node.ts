/**
 * ONNX Runtime's library for Node, loaded on first use.
 *
 * The engine changes three things of the process, none of them when it is imported:
 * - When a native library is loaded, `ORT_DISABLE_TELEMETRY` is set to 1 unless it is set already.
 * - When a graph is first compiled for the C API, koffi gets the stacks of 8 MiB that ONNX Runtime's kernels need. If
 *   the host has already loaded a library with koffi, graphs run through the Node binding instead.
 * - `prepareProcess`, which the command line calls, silences ONNX Runtime's log and lets the engine run the garbage
 *   collector.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Creates once. After a failure, the next call tries again. */
export function once<A extends readonly unknown[], T>(
  create: (...options: A) => Promise<T>,
): (...options: A) => Promise<T> {
  let created: Promise<T> | undefined;
  return (...options) => {
    created ??= create(...options).catch((error: unknown) => {
      created = undefined;
      throw error;
    });
    return created;
  };
}

const settings: { silent: boolean; collect: (() => void) | undefined } = { silent: false, collect: undefined };

/**
 * Prepares a process that belongs to the engine's caller alone, such as the command line, before anything is compiled.
 * ONNX Runtime then prints no errors that it also throws. Large results are collected as soon as they are dead; for
 * that alone, `node --expose-gc` suffices.
 */
export function prepareProcess(): void {
  settings.silent = true;
  // The collector is only visible in contexts that are created while the flag is set.
  setFlagsFromString('--expose-gc');
  settings.collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
}

/**
 * Switches off ONNX Runtime's telemetry, before its library is loaded. From version 1.30 on, the Linux library stores a
 * device identifier and a database in the user's cache, writes `mat-debug-PID.log` into the temporary folder, and
 * uploads events.
 */
export function disableTelemetry() {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}

/** Bytes per call; kernels keep their panels there. */
const STACK = 8 * 2 ** 20;

export type Pointer = bigint | null;

/** Once koffi has loaded a library, it rejects any configuration, even an equal one. */
export async function loadKoffi() {
  const { default: koffi } = await import('koffi');
  const current = koffi.config();
  const wanted = { ...current, sync_stack_size: STACK, async_stack_size: STACK, resident_async_pools: 1 };
  if (Object.entries(wanted).some(([name, value]) => current[name as keyof typeof current] !== value))
    koffi.config(wanted);
  return koffi;
}

export const packageFolder = () => dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));

export type Koffi = Awaited<ReturnType<typeof loadKoffi>>;

export const loadOnnxRuntime = once(async () => {
  disableTelemetry();
  const library = await import('onnxruntime-node');
  if (settings.silent) library.env.logLevel = 'fatal';
  return library;
});

/** A collection takes about 15 ms, which would slow iterations of a small model. */
const GC_THRESHOLD_BYTES = 48 * 2 ** 20;

/**
 * Triggers a collection above a threshold of garbage, in bytes. Results are outside JavaScript's heap, whose collector
 * lets three copies of a large model's state pile up.
 */
export function createGcTrigger(): (bytes: number) => void {
  let waiting = 0;
  return (bytes) => {
    waiting += bytes;
    if (waiting < GC_THRESHOLD_BYTES) return;
    (settings.collect ?? globalThis.gc)?.();
    waiting = 0;
  };
}
