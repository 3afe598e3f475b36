import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { TensorProto } from 'onnx-buf';
import { InputError } from '../../errors.js';
import { wrapReadErrors } from '../../files/atomic.node.js';
import { FileTooLargeError, readFileBytes, readRegularFile } from '../../files/regularFile.node.js';
import { type ImportedModel, importOnnx, type ImportOptions } from './importOnnx.js';
import { parseModel } from './parseModel.js';

/**
 * Imports an ONNX file with its external data, which must be in the file's folder.
 * @throws {InputError} if a file cannot be read or is outside the folder, or `importOnnx` rejects the model
 */
export async function importOnnxFile(
  file: string,
  options: Omit<ImportOptions, 'name' | 'externalData'> = {},
): Promise<ImportedModel> {
  const { bytes, externalData } = await readWithExternalData(file);
  return importOnnx(bytes, { ...options, name: file, externalData });
}

/** @throws {InputError} as `importOnnxFile` */
export async function readWithExternalData(file: string) {
  const bytes = await readOnnxFile(file);
  const externalData: Record<string, Uint8Array> = {};
  for (const [location, path] of await externalFiles(file, bytes)) externalData[location] = await readFileBytes(path);
  return { bytes, externalData };
}

/** ONNX Runtime accepts no protobuf message of 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1;

export const readOnnxFile = (file: string): Promise<Uint8Array> =>
  wrapReadErrors(file, () => readRegularFile(file, MAX_BYTES)).catch((error: unknown) => {
    const isTooLarge = error instanceof InputError && error.cause instanceof FileTooLargeError;
    throw isTooLarge
      ? new InputError(file, 'an ONNX file has less than 2 GiB', 'move its tensors to external data')
      : error;
  });

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

/**
 * Returns the files of external data by location. Nothing is opened.
 * @throws {InputError} if one is not a regular file in the model's folder
 */
async function externalFiles(file: string, bytes: Uint8Array): Promise<Map<string, string>> {
  const locations = new Set(tensorsIn(await parseModel(bytes, file)).flatMap(locationsOf));
  const files = new Map<string, string>();
  for (const location of locations) files.set(location, await fileInside(file, location));
  return files;
}

/** @throws {InputError} unless it is a regular file in the model's folder */
async function fileInside(file: string, location: string) {
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
  return target;
}
