import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { TensorProto } from 'onnx-buf';
import { InputError } from '../../errors.js';
import { wrapReadErrors } from '../../files/atomic.node.js';
import { FileTooLargeError, readRegularFile } from '../../files/regularFile.node.js';
import { loadOnnxRuntime } from './onnxRuntime.node.js';
import { SPINNING } from './program.js';
import { firstLine, type OnnxModel, sessionModel } from './session.js';

/**
 * Opens an ONNX file for the CPU.
 * @param threads threads of one operator (default: one per core)
 * @throws {InputError} if it cannot be read, has data outside its folder, or ONNX Runtime rejects it
 */
export async function loadOnnxModel(file: string, threads = 0): Promise<OnnxModel> {
  const bytes = await readModel(file);
  const locations = new Set((await tensorsOf(file, bytes)).flatMap(locationsOf));
  for (const location of locations) await requireInside(file, location);
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  // Only a session of the file itself looks for external data in the file's folder.
  const source: string | Uint8Array = locations.size > 0 ? file : bytes;
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

/** ONNX Runtime accepts no protobuf message of 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1;

const readModel = (file: string): Promise<Uint8Array> =>
  wrapReadErrors(file, () => readRegularFile(file, MAX_BYTES)).catch((error: unknown) => {
    const isTooLarge = error instanceof InputError && error.cause instanceof FileTooLargeError;
    throw isTooLarge
      ? new InputError(file, 'an ONNX file has less than 2 GiB', 'move its tensors to external data')
      : error;
  });

/** @throws {InputError} if the bytes are no model */
async function tensorsOf(file: string, bytes: Uint8Array) {
  // The schema takes long to load.
  const [{ fromBinary }, { ModelProtoSchema }] = await Promise.all([import('@bufbuild/protobuf'), import('onnx-buf')]);
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph === undefined) throw new Error('it has no graph');
    return tensorsIn(model);
  } catch (error) {
    throw new InputError(file, `not an ONNX model (${firstLine(error)})`);
  }
}

function tensorsIn(root: unknown) {
  const found: TensorProto[] = [];
  const waiting: unknown[] = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next)) continue;
    if ('$typeName' in next && next.$typeName === 'onnx.TensorProto') found.push(next as TensorProto);
    // Lists of numbers can be as long as a tensor, and contain none.
    else for (const child of Object.values(next)) if (typeof child === 'object' && child !== null) waiting.push(child);
  }
  return found;
}

/** TensorProto.DataLocation of data in another file. */
const EXTERNAL = 1;

const locationsOf = ({ dataLocation, externalData }: TensorProto) =>
  (dataLocation as number) === EXTERNAL || externalData.length > 0
    ? externalData.filter(({ key }) => key === 'location').map(({ value }) => value)
    : [];

const BESIDE = 'put the file beside the model';

/** @throws {InputError} unless it is a regular file in the model's folder; nothing is opened before */
async function requireInside(file: string, location: string) {
  const folder = dirname(file);
  const refuse = (problem: string, remedy?: string): never => {
    throw new InputError(file, `its external data ${JSON.stringify(location)} ${problem}`, remedy);
  };
  if (location.trim() === '' || location.includes('\0')) return refuse('is not the name of a file');
  if (location.includes('_ORT_MEM_ADDR_')) return refuse('is an address in memory, not a file');
  const steps = location.split(/[\\/]/);
  if (isAbsolute(location) || steps[0] === '' || /^[A-Z]:/i.test(location) || steps.includes('..'))
    return refuse("leaves the model's folder", BESIDE);
  const target = await realpath(join(folder, location)).catch((error: NodeJS.ErrnoException) =>
    refuse(error.code === 'ENOENT' ? 'was not found' : `cannot be read (${error.code ?? error.message})`),
  );
  const path = relative(await realpath(folder), target);
  if (isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`))
    return refuse("is a link that leaves the model's folder", BESIDE);
  if (!(await stat(target)).isFile()) return refuse('is not a regular file');
}
