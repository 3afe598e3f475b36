/** Models in ONNX Runtime's JavaScript API, which every platform has: compiled graphs and external ONNX models. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { InputError } from '../../errors.js';
import type { ElementArray } from '../value.js';
import { type DeviceTensor, type Executor, hasBuffer, type TensorBuffer } from './program.js';

/** A device that failed while it was in use: it was lost, or has too little memory. One line. */
export class DeviceError extends InputError {
  override readonly name: string = 'DeviceError';
}

/** What a platform's ONNX Runtime provides. */
export interface Platform {
  /** Its own class: the runtime recognizes output buffers by it, and accepts no class of another build. */
  readonly Tensor: typeof Tensor;
  /** Called before a run with the bytes of results of earlier runs that nothing reads any more. */
  readonly beforeRun?: (garbage: number) => void;
  /** The device of a session that is not the CPU. */
  readonly device?: PlatformDevice;
}

/** A device with memory of its own. */
interface PlatformDevice {
  readonly name: string;
  /** Copies the elements of a tensor in its memory. */
  readonly read: (tensor: Tensor) => Promise<ElementArray>;
}

/** Runs a compiled graph in a session. */
export function sessionExecutor(session: InferenceSession, { Tensor, beforeRun, device }: Platform): Executor {
  const tensorOf = (operand: TensorBuffer | DeviceTensor): Tensor =>
    operand instanceof SessionTensor ? operand.tensor : bufferTensor(operand as TensorBuffer);
  const bufferTensor = ({ type, data, shape }: TensorBuffer) => new Tensor(type, data as never, shape);
  const resultOf = (tensor: Tensor): ElementArray | DeviceTensor =>
    tensor.location === 'gpu-buffer' ? new SessionTensor(tensor, device!) : (tensor.data as ElementArray);
  // Bytes. Unknown but large before the first run.
  let garbage = Infinity;
  return {
    run: async (inputs, outputs) => {
      beforeRun?.(garbage);
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, operand]) => [name, tensorOf(operand)]));
      const fetches = Object.fromEntries(
        Object.entries(outputs).map(([name, output]) => [name, hasBuffer(output) ? bufferTensor(output) : null]),
      );
      const results = Object.entries(await onDevice(device?.name, () => session.run(feeds, fetches)));
      // The binding returns a copy even of results that it wrote into a buffer.
      const [copies, wanted] = [true, false].map((given) =>
        results.filter(([name]) => hasBuffer(outputs[name]!) === given),
      );
      garbage = copies!.reduce((bytes, [, { data }]) => bytes + (data as ElementArray).byteLength, 0);
      return Object.fromEntries(wanted!.map(([name, tensor]) => [name, resultOf(tensor)]));
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}

/** A tensor of a session in the memory of its device. */
class SessionTensor implements DeviceTensor {
  constructor(
    readonly tensor: Tensor,
    private readonly device: PlatformDevice,
  ) {}

  read(): Promise<ElementArray> {
    return onDevice(this.device.name, () => this.device.read(this.tensor));
  }

  release(): void {
    this.tensor.dispose();
  }
}

/** Runs an action on a device. A failure there is the device's own, since the same model runs elsewhere. */
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

/** A model's input or output. A size that the file leaves open is its name, or ''. */
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

/**
 * Runs an external model in a session.
 * @param name names the model in messages
 */
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

/** The first line of an error's message. */
export const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n')[0]!;
