/** ONNX Runtime through its Node binding: every device, and profiles, but every result is copied. */
import { join } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { InputError } from '../../errors.js';
import { getOrCreate, graphOf } from '../graph.js';
import { encode } from '../onnx.js';
import { type ElementArray, input } from '../value.js';
import { createGcTrigger, loadOnnxRuntime, packageFolder } from './onnxRuntime.node.js';
import { type LoadOptions, SPINNING } from './program.js';
import { DeviceError, firstLine, sessionExecutor } from './session.js';

const INSTALL_SCRIPT = join(packageFolder(), 'script', 'install.js');

export const DEVICE_NEEDS: Record<string, string> = {
  cpu: 'a CPU that ONNX Runtime supports',
  webgpu: 'a GPU with a driver for Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows)',
  cuda: `an NVIDIA GPU, CUDA 12, cuDNN 9, and the libraries that node ${INSTALL_SCRIPT} --onnxruntime-node-install=cuda12 downloads`,
};

export async function loadInBinding(
  model: Uint8Array,
  { device, threads, optimize, profilePrefix, keepOnDevice = [] }: LoadOptions & { device: string },
) {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: SPINNING,
    // See CApiRuntime.load.
    enableMemPattern: false,
    graphOptimizationLevel: optimize ? 'all' : 'disabled',
    // The runtime warns of unused inputs, and prints errors that it also throws.
    logSeverityLevel: 4,
    // The binding keeps tensors on no other device.
    ...(device === 'webgpu' && {
      preferredOutputLocation: Object.fromEntries(keepOnDevice.map((name) => [name, 'gpu-buffer'] as const)),
    }),
    ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
  };
  const session = await InferenceSession.create(model, options).catch((error: unknown) => {
    if (device === 'cpu') throw error;
    if (working.has(device))
      throw new DeviceError(`device ${device}`, `failed (${providerReason(error)})`, undefined, { cause: error });
    // The provider finds no adapter or driver.
    throw new InputError(
      `device ${device}`,
      `cannot be used here (${providerReason(error)})`,
      `it needs ${DEVICE_NEEDS[device]}; the device cpu always works`,
      { cause: error },
    );
  });
  working.add(device);
  const memory = device === 'cpu' ? {} : { device: { name: device, read: readTensor } };
  return sessionExecutor(session, { Tensor, beforeRun: createGcTrigger(), ...memory });
}

const copiers = new Map<string, Promise<InferenceSession>>();

async function openCopier(shape: readonly number[]) {
  const { InferenceSession } = await loadOnnxRuntime();
  return InferenceSession.create(await encode(graphOf({ copy: input('tensor', shape) })), {
    executionProviders: ['webgpu'],
    logSeverityLevel: 4,
  });
}

/** Uses a model: `Tensor.getData` of the binding aborts the process in version 1.30. */
async function readTensor(tensor: Tensor) {
  const key = tensor.dims.join();
  const copier = getOrCreate(copiers, key, () => openCopier(tensor.dims));
  copier.catch(() => copiers.delete(key));
  return (await (await copier).run({ tensor })).copy!.data as ElementArray;
}

/** Devices that have loaded a model: later failures are not a missing driver. */
const working = new Set<string>();

/** Without the position in the provider's source. */
export const providerReason = (error: unknown) => firstLine(error).split(' was false. ').at(-1)!;

export async function runtimeVersion() {
  const { versions } = (await loadOnnxRuntime()).env;
  return versions.node ?? versions.common;
}

/** Devices of this build of ONNX Runtime, whether or not the machine has them. */
export const availableDevices = async () => (await loadOnnxRuntime()).listSupportedBackends().map(({ name }) => name);
