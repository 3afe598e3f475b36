import { InputError } from '../../errors.js';
import { externalFiles, readOnnxFile } from '../import/importOnnxFile.node.js';
import { loadOnnxRuntime } from './onnxRuntime.node.js';
import { SPINNING } from './program.js';
import { firstLine, type OnnxModel, sessionModel } from './session.js';

/**
 * Opens an ONNX file for the CPU.
 * @param threads threads of one operator (default: one per core)
 * @throws {InputError} if it cannot be read, has data outside its folder, or ONNX Runtime rejects it
 */
export async function loadOnnxModel(file: string, threads = 0): Promise<OnnxModel> {
  const bytes = await readOnnxFile(file);
  const external = await externalFiles(file, bytes);
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  // Only a session of the file itself looks for external data in the file's folder.
  const source: string | Uint8Array = external.size > 0 ? file : bytes;
  // Errors are also thrown. Printed by the library, names in the model would reach the terminal unescaped.
  const session = await InferenceSession.create(source as string, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    extra: SPINNING,
    logSeverityLevel: 4,
  }).catch((error: unknown) => {
    throw new InputError(file, `ONNX Runtime cannot load it (${firstLine(error)})`);
  });
  return sessionModel(session, { Tensor }, file);
}
