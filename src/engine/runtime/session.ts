/** Models in ONNX Runtime's JavaScript API, which every platform has: compiled graphs and external ONNX models. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { InputError, messageOf } from '../../errors.js';
import type { ElementArray, TensorData } from '../value.js';
import { type DeviceTensor, type Executor, hasBuffer } from './program.js';

/** A device failed in use: it was lost, or has too little memory. */
export class DeviceError extends InputError {
  override readonly name: string = 'DeviceError';
}

/** The ONNX Runtime of a platform. */
export interface Platform {
  /** The runtime's own class: it accepts no tensors of another build. */
  readonly Tensor: typeof Tensor;
  /** Called before a run with the bytes of dead results. */
  readonly beforeRun?: (garbage: number) => void;
  /** The device of a session that is not the CPU, and how to copy a tensor from its memory. */
  readonly device?: { readonly name: string; readonly read: (tensor: Tensor) => Promise<ElementArray> };
}

/** Runs a compiled graph in a session. */
export function sessionExecutor(session: InferenceSession, { Tensor, beforeRun, device }: Platform): Executor {
  const tensorOf = (operand: TensorData | DeviceTensor): Tensor =>
    operand instanceof SessionTensor ? operand.tensor : bufferTensor(operand as TensorData);
  const bufferTensor = ({ type, data, shape }: TensorData) => new Tensor(type, data as never, shape);
  const resultOf = (tensor: Tensor): ElementArray | DeviceTensor =>
    tensor.location === 'gpu-buffer' ? new SessionTensor(tensor, device!) : (tensor.data as ElementArray);
  // Unknown but large before the first run.
  let garbage = Infinity;
  return {
    run: async (inputs, outputs) => {
      beforeRun?.(garbage);
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, operand]) => [name, tensorOf(operand)]));
      const fetches = Object.fromEntries(
        Object.entries(outputs).map(([name, output]) => [name, hasBuffer(output) ? bufferTensor(output) : null]),
      );
      const results = await onDevice(device?.name, () => session.run(feeds, fetches));
      garbage = 0;
      const wanted: Record<string, ElementArray | DeviceTensor> = {};
      for (const [name, tensor] of Object.entries(results)) {
        // The binding returns a copy even of results that it wrote into a buffer.
        if (hasBuffer(outputs[name]!)) garbage += (tensor.data as ElementArray).byteLength;
        else wanted[name] = resultOf(tensor);
      }
      return wanted;
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}

/** A tensor of a session in the memory of its device. */
class SessionTensor implements DeviceTensor {
  constructor(
    readonly tensor: Tensor,
    private readonly device: Platform['device'] & object,
  ) {}

  read(): Promise<ElementArray> {
    return onDevice(this.device.name, () => this.device.read(this.tensor));
  }

  release(): void {
    this.tensor.dispose();
  }
}

/** @throws {DeviceError} if the action fails on a device */
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
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** An external ONNX model. */
export interface OnnxModel {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model on one float32 input and returns the named outputs.
   * @throws {InputError} if the model rejects the input, or an output is not float32
   */
  readonly run: (
    input: string,
    data: Float32Array,
    shape: readonly number[],
    outputs: readonly string[],
  ) => Promise<Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>>;
  readonly release: () => Promise<void>;
}

/** Runs an external model in a session. @param name the model's name in messages */
export function sessionModel(session: InferenceSession, { Tensor }: Platform, name: string): OnnxModel {
  return {
    inputs: session.inputMetadata.map(infoOf),
    outputs: session.outputMetadata.map(infoOf),
    run: async (input, data, shape, outputs) => {
      const results = await session
        .run({ [input]: new Tensor('float32', data, shape) }, [...outputs])
        .catch((error: unknown) => {
          throw new InputError(name, `does not run on ${input} [${shape.join(', ')}] (${firstLine(error)})`);
        });
      return Object.fromEntries(outputs.map((output) => [output, floats(results[output]!, output, name)]));
    },
    release: () => session.release(),
  };
}

const infoOf = (value: InferenceSession.ValueMetadata): TensorInfo =>
  value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: 'no tensor', shape: [] };

function floats({ type, dims, data }: Tensor, output: string, name: string) {
  if (!(data instanceof Float32Array)) throw new InputError(name, `output ${output}: expected float32 but got ${type}`);
  return { shape: dims, data };
}

/** Returns the first line of an error's message. */
export const firstLine = (error: unknown): string => messageOf(error).split('\n')[0]!;
