import './telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { InputError } from '../../errors.js';
import { reading } from '../../files.node.js';
import { readRegularFile } from '../../regularFile.node.js';
import type { ForeignModel, ModelValue } from './foreignModel.js';

/**
 * Opens an ONNX file for the processor.
 * @param threads 0: one for each core
 * @throws InputError where it cannot be read, or the runtime does not take it
 */
export async function openForeignModel(file: string, threads = 0): Promise<ForeignModel> {
  const bytes = await reading(file, () => readRegularFile(file));
  const session = await InferenceSession.create(bytes, { executionProviders: ['cpu'], intraOpNumThreads: threads, logSeverityLevel: 3 }).catch(
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

const valueOf = (value: InferenceSession.ValueMetadata): ModelValue =>
  value.isTensor ? { name: value.name, type: value.type, shape: value.shape } : { name: value.name, type: 'no tensor', shape: [] };

function floats({ type, dims, data }: Tensor, name: string, file: string) {
  if (!(data instanceof Float32Array)) throw new InputError(`${file}: its output ${name} is ${type}, but must be float32`);
  return { shape: dims, data };
}

const firstLine = (error: unknown): string => String(error instanceof Error ? error.message : error).split('\n')[0]!;
