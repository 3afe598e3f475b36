import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { InputError } from '../../errors.js';

/** What ONNX Runtime takes for an address in its own memory instead of a file. */
const MEMORY_TAG = '_ORT_MEM_ADDR_';

/**
 * The files beside a model that hold its tensors, checked before any of them is opened.
 * @param file the model's own path
 * @returns paths, each once
 * @throws {InputError} if the bytes are not an ONNX model, or a tensor lies in a file that is missing, not regular, or outside of the model's folder
 */
export async function externalFiles(file: string, bytes: Uint8Array): Promise<string[]> {
  const locations = new Set(tensorsOf(file, bytes).flatMap(locationsOf));
  const folder = dirname(file);
  for (const location of locations) await requireInside(file, folder, location);
  return [...locations].map((location) => join(folder, location));
}

function tensorsOf(file: string, bytes: Uint8Array): TensorProto[] {
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph === undefined) throw new Error('it has no graph');
    return tensorsIn(model);
  } catch (error) {
    throw new InputError(`${file}: not an ONNX model (${String(error instanceof Error ? error.message : error).split('\n')[0]!})`);
  }
}

/** Every tensor of a message: initializers, attributes, and those of subgraphs and functions at any depth. */
function tensorsIn(root: unknown): TensorProto[] {
  const found: TensorProto[] = [];
  const waiting: unknown[] = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next)) continue;
    if ('$typeName' in next && next.$typeName === TensorProtoSchema.typeName) found.push(next as TensorProto);
    // Lists of numbers can be as long as a tensor.
    else for (const part of Object.values(next)) if (typeof part === 'object' && part !== null) waiting.push(part);
  }
  return found;
}

const locationsOf = ({ dataLocation, externalData }: TensorProto): string[] =>
  dataLocation === TensorProto_DataLocation.EXTERNAL || externalData.length > 0
    ? externalData.filter(({ key }) => key === 'location').map(({ value }) => value)
    : [];

async function requireInside(file: string, folder: string, location: string): Promise<void> {
  const refuse = (problem: string): never => {
    throw new InputError(`${file}: its external data ${JSON.stringify(location)} ${problem}`);
  };
  if (location.trim() === '' || location.includes('\0')) return refuse('is not the name of a file');
  if (location.includes(MEMORY_TAG)) return refuse('is an address in memory, not a file');
  const steps = location.split(/[\\/]/);
  if (isAbsolute(location) || steps[0] === '' || /^[A-Z]:/i.test(location) || steps.includes('..'))
    return refuse("leaves the model's folder; put the file beside the model");
  const target = await realpath(join(folder, location)).catch((error: NodeJS.ErrnoException) =>
    refuse(error.code === 'ENOENT' ? 'was not found' : `cannot be read (${error.code ?? error.message})`),
  );
  const path = relative(await realpath(folder), target);
  if (isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`))
    return refuse("is a link that leaves the model's folder; put the file beside the model");
  if (!(await stat(target)).isFile()) return refuse('is not a regular file');
}
