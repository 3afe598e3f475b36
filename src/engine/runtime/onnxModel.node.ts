import './telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { InputError } from '../../errors.js';
import { wrapReadErrors } from '../../files/atomic.node.js';
import { FileTooLargeError, readRegularFile } from '../../files/regularFile.node.js';
import { externalFiles } from './externalData.node.js';
import type { OnnxModel, TensorInfo } from './onnxModel.js';

/**
 * Opens an ONNX file for the processor.
 * @param threads 0: one for each core
 * @throws {InputError} if it cannot be read, has data outside of its folder, or the runtime does not take it
 */
export async function loadOnnxModel(file: string, threads = 0): Promise<OnnxModel> {
  const bytes = await readModel(file);
  const external = await externalFiles(file, bytes);
  // Only a session made from the file itself looks for external data beside it, not in the working directory.
  const source: string | Uint8Array = external.length > 0 ? file : bytes;
  // Errors are thrown as well; printed by the native library, names in the model would reach the terminal as they are.
  const session = await InferenceSession.create(source as string, { executionProviders: ['cpu'], intraOpNumThreads: threads, logSeverityLevel: 4 }).catch(
    (error: unknown) => {
      throw new InputError(`${file}: not an ONNX model that the runtime takes (${firstLine(error)})`);
    },
  );
  return {
    inputs: session.inputMetadata.map(valueOf),
    outputs: session.outputMetadata.map(valueOf),
    run: async (input, data, shape, outputs) => {
      const results = await session.run({ [input]: new Tensor('float32', data, shape) }, [...outputs]).catch((error: unknown) => {
        throw new InputError(`${file}: does not run on ${input} [${shape.join(', ')}] (${firstLine(error)})`);
      });
      return Object.fromEntries(outputs.map((name) => [name, floats(results[name]!, name, file)]));
    },
    release: () => session.release(),
  };
}

/** The runtime takes no protobuf message of 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1;

const readModel = (file: string): Promise<Uint8Array> =>
  wrapReadErrors(file, () => readRegularFile(file, MAX_BYTES)).catch((error: unknown) => {
    const isTooLarge = error instanceof InputError && error.cause instanceof FileTooLargeError;
    throw isTooLarge ? new InputError(`${file}: an ONNX file has less than 2 GiB; move its tensors to external data`) : error;
  });

const valueOf = (value: InferenceSession.ValueMetadata): TensorInfo =>
  value.isTensor ? { name: value.name, type: value.type, shape: value.shape } : { name: value.name, type: 'no tensor', shape: [] };

function floats({ type, dims, data }: Tensor, name: string, file: string) {
  if (!(data instanceof Float32Array)) throw new InputError(`${file}: its output ${name} is ${type}, but must be float32`);
  return { shape: dims, data };
}

const firstLine = (error: unknown): string => String(error instanceof Error ? error.message : error).split('\n')[0]!;
