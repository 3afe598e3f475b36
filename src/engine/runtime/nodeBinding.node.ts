/** ONNX Runtime through its Node binding (onnxruntime-node): every device, and profiles, but every result is copied. */
import type { InferenceSession } from 'onnxruntime-common';
import { InputError } from '../../errors.js';
import { createGcTrigger, loadOnnxRuntime } from './onnxRuntime.node.js';
import type { Executor, LoadOptions } from './program.js';
import { firstLine, sessionExecutor } from './session.js';

/** How a model is loaded and runs. */
export interface BindingOptions extends LoadOptions {
  readonly device: string;
}

/**
 * Loads a model.
 * @throws {InputError} if the device cannot be used
 */
export async function loadInBinding(model: Uint8Array, { device, threads, optimize, profilePrefix }: BindingOptions): Promise<Executor> {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // See CApiRuntime.load.
    enableMemPattern: false,
    graphOptimizationLevel: optimize ? 'all' : 'disabled',
    // The runtime warns of harmless things, such as inputs that nothing reads, and prints errors that it also throws.
    logSeverityLevel: 4,
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
  };
  const session = await InferenceSession.create(model, options).catch((error: unknown) => {
    if (device === 'cpu') throw error;
    // The provider exists but finds no adapter or driver: the user can choose a different device.
    throw new InputError(`device ${device}: cannot be used here (${providerReason(error)}); --device cpu always works`);
  });
  return sessionExecutor(session, { Tensor, beforeRun: createGcTrigger() });
}

/** A provider's reason, without the position in its source. */
const providerReason = (error: unknown): string => firstLine(error).split(' was false. ').at(-1)!;

/** The version of ONNX Runtime. */
export async function runtimeVersion(): Promise<string> {
  const { versions } = (await loadOnnxRuntime()).env;
  return versions.node ?? versions.common;
}

/** The devices that this build of ONNX Runtime supports. Whether the machine has them shows when a graph is compiled. */
export const availableDevices = async (): Promise<readonly string[]> => (await loadOnnxRuntime()).listSupportedBackends().map(({ name }) => name);
