/** Models in ONNX Runtime's JavaScript API, which every platform has. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { InputError, messageOf } from '../../errors.js';
import { mapValues } from '../graph.js';
import type { ElementArray, TensorData } from '../value.js';
import { type DeviceTensor, type Executor, hasBuffer } from './program.js';

/** A device failed in use: it was lost, or has too little memory. */
export class DeviceError extends InputError {
  override readonly name: string = 'DeviceError';
}

export interface Platform {
  /** The runtime's own class: it accepts no tensors of another build. */
  Tensor: typeof Tensor;
  /** Called before a run with the bytes of dead results. */
  beforeRun?: (garbage: number) => void;
  /** The device of a session that is not the CPU, and how to copy a tensor from its memory. */
  device?: { name: string; read: (tensor: Tensor) => Promise<ElementArray> };
}

export function sessionExecutor(session: InferenceSession, { Tensor, beforeRun, device }: Platform): Executor {
  const bufferTensor = ({ type, data, shape }: TensorData) => new Tensor(type, data as never, shape);
  // Unknown but large before the first run.
  let garbage = Infinity;
  return {
    run: async (inputs, outputs) => {
      beforeRun?.(garbage);
      const feeds = mapValues(inputs, (operand) =>
        operand instanceof SessionTensor ? operand.tensor : bufferTensor(operand as TensorData),
      );
      const fetches = mapValues(outputs, (output) => (hasBuffer(output) ? bufferTensor(output) : null));
      const results = await onDevice(device?.name, () => session.run(feeds, fetches));
      garbage = 0;
      const wanted: Record<string, ElementArray | DeviceTensor> = {};
      for (const [name, tensor] of Object.entries(results)) {
        // The binding returns a copy even of results that it wrote into a buffer.
        if (hasBuffer(outputs[name]!)) garbage += (tensor.data as ElementArray).byteLength;
        else if (tensor.location === 'gpu-buffer') wanted[name] = new SessionTensor(tensor, device!);
        else wanted[name] = tensor.data as ElementArray;
      }
      return wanted;
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}

class SessionTensor implements DeviceTensor {
  constructor(
    readonly tensor: Tensor,
    private readonly device: Platform['device'] & object,
  ) {}

  read() {
    return onDevice(this.device.name, () => this.device.read(this.tensor));
  }

  release() {
    this.tensor.dispose();
  }
}

async function onDevice<T>(device: string | undefined, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (device === undefined) throw error;
    // The runtime puts its own source files before the reason.
    throw new DeviceError(`device ${device}`, `failed (${firstLine(error).replace(/^.*message: /iu, '')})`, undefined, {
      cause: error,
    });
  }
}

export const firstLine = (error: unknown) => messageOf(error).split('\n')[0]!;
