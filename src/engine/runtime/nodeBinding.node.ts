/** ONNX Runtime through its Node binding (onnxruntime-node): every device, and profiles, but every result is copied. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { InputError } from '../../errors.js';
import { graphOf } from '../graph.js';
import { encode } from '../onnx.js';
import { type ElementArray, input } from '../value.js';
import { createGcTrigger, loadOnnxRuntime, once } from './onnxRuntime.node.js';
import type { Executor, LoadOptions } from './program.js';
import { firstLine, sessionExecutor } from './session.js';

/** What a device needs besides this package. */
export const DEVICE_NEEDS: Readonly<Record<string, string>> = {
  cpu: 'a CPU that ONNX Runtime supports',
  webgpu: 'a GPU with a driver for Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows)',
  cuda: 'an NVIDIA GPU, CUDA 12, cuDNN 9, and the libraries that node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12 downloads',
};

/** How a model is loaded and runs. */
export interface BindingOptions extends LoadOptions {
  readonly device: string;
}

/**
 * Loads a model.
 * @throws {InputError} if the device cannot be used
 */
export async function loadInBinding(model: Uint8Array, { device, threads, optimize, profilePrefix, keepOnDevice = [] }: BindingOptions): Promise<Executor> {
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
    // The binding keeps tensors in the memory of no other device.
    ...(device === 'webgpu' ? { preferredOutputLocation: Object.fromEntries(keepOnDevice.map((name) => [name, 'gpu-buffer'] as const)) } : {}),
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
  };
  const session = await InferenceSession.create(model, options).catch((error: unknown) => {
    if (device === 'cpu') throw error;
    // The provider exists but finds no adapter or driver: the user can choose a different device.
    throw new InputError(`device ${device}: cannot be used here (${providerReason(error)}); it needs ${DEVICE_NEEDS[device]}; the device cpu always works`);
  });
  const beforeRun = createGcTrigger();
  if (device === 'cpu') return sessionExecutor(session, { Tensor, beforeRun });
  return sessionExecutor(session, { Tensor, beforeRun, device: { name: device, read: readVector } });
}

/** A model of a vector of any length to itself. */
const openCopier = once(async () => {
  const { InferenceSession } = await loadOnnxRuntime();
  const model = await encode(graphOf({ copy: input('vector', [1]) }), { batchAxes: { vector: 0, copy: 0 } });
  return InferenceSession.create(model, { executionProviders: ['webgpu'], logSeverityLevel: 4 });
});

/** Copies the elements of a vector from the device. A model does that, because the binding's own `Tensor.getData` aborts the process in version 1.30. */
const readVector = async (vector: Tensor): Promise<ElementArray> => (await (await openCopier()).run({ vector })).copy!.data as ElementArray;

/** A provider's reason, without the position in its source. */
const providerReason = (error: unknown): string => firstLine(error).split(' was false. ').at(-1)!;

/** The version of ONNX Runtime. */
export async function runtimeVersion(): Promise<string> {
  const { versions } = (await loadOnnxRuntime()).env;
  return versions.node ?? versions.common;
}

/** The devices that this build of ONNX Runtime supports. Whether the machine has them shows when a graph is compiled. */
export const availableDevices = async (): Promise<readonly string[]> => (await loadOnnxRuntime()).listSupportedBackends().map(({ name }) => name);
