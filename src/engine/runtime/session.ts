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

/** A model's input or output. An open size is its name, or ''. */
export interface TensorInfo {
  name: string;
  type: string;
  shape: readonly (number | string)[];
}

export interface OnnxModel {
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  /**
   * Runs the model on one float32 input and returns the named outputs.
   * @throws {InputError} if the model rejects the input, or an output is not float32
   */
  run: (
    input: string,
    data: Float32Array,
    shape: readonly number[],
    outputs: readonly string[],
  ) => Promise<Record<string, { shape: readonly number[]; data: Float32Array }>>;
  release: () => Promise<void>;
}

/** @param name the model's name in messages */
export function sessionModel(session: InferenceSession, { Tensor }: Platform, name: string): OnnxModel {
  const floats = ({ type, dims, data }: Tensor, output: string) => {
    if (data instanceof Float32Array) return { shape: dims, data };
    throw new InputError(name, `output ${output}: expected float32 but got ${type}`);
  };
  return {
    inputs: session.inputMetadata.map(infoOf),
    outputs: session.outputMetadata.map(infoOf),
    run: async (input, data, shape, outputs) => {
      const results = await session
        .run({ [input]: new Tensor('float32', data, shape) }, [...outputs])
        .catch((error: unknown) => {
          throw new InputError(name, `does not run on ${input} [${shape.join(', ')}] (${firstLine(error)})`);
        });
      return Object.fromEntries(outputs.map((output) => [output, floats(results[output]!, output)]));
    },
    release: () => session.release(),
  };
}

const infoOf = (value: InferenceSession.ValueMetadata): TensorInfo => ({
  name: value.name,
  type: value.isTensor ? value.type : 'no tensor',
  shape: value.isTensor ? value.shape : [],
});

export const firstLine = (error: unknown) => messageOf(error).split('\n')[0]!;
