import { InputError } from '../errors.js';
import { type Shape, sizeOf } from './shape.js';

export interface TensorFile {
  tensors: Record<string, { shape: Shape; data: Float32Array }>;
  metadata: Record<string, string>;
}

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

/** Encodes the header's length in 8 bytes, a JSON header, and all elements, little-endian. */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let size = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Spaces after the header align the elements.
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + size).fill(0x20, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, 8);
  let position = 8 + length;
  for (const { data } of Object.values(tensors)) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/**
 * Decodes a file of float32 tensors.
 * @param name its name in messages
 * @param isIgnored selects tensors to skip, which may have any type
 * @throws {InputError} if the bytes are not such a file
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  name: string,
  isIgnored: (tensor: string) => boolean = () => false,
): TensorFile {
  const reject = (reason: string): never => {
    throw new InputError(name, `not a usable safetensors file, ${reason}`);
  };
  if (bytes.length < 8) reject(`it has ${bytes.length} bytes, fewer than the header's length takes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || length < 2) reject('it does not begin with the length of a header');
  if (8 + length > bytes.length) reject('it ends inside its header');
  const header = parseHeader(bytes.subarray(8, 8 + length)) ?? reject('its header is not a JSON object');
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    return reject('its metadata are not texts');

  const elements = bytes.subarray(8 + length);
  const found = Object.entries(entries).map(([tensor, entry]) => parseEntry(tensor, entry, isIgnored(tensor), reject));
  requireFilled(found, elements.length, reject);
  // A tensor may be named like a property of every object.
  const tensors = Object.create(null) as Record<string, { shape: Shape; data: Float32Array }>;
  for (const { tensor, shape, begin, end } of found) {
    // A copy, because data need not be aligned. `slice` would share the memory of a Node Buffer.
    if (shape)
      tensors[tensor] = { shape, data: new Float32Array(new Uint8Array(elements.subarray(begin, end)).buffer) };
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

interface Entry {
  tensor: string;
  begin: number;
  end: number;
  shape: Shape | undefined;
}

function parseEntry(tensor: string, entry: unknown, isIgnored: boolean, reject: (reason: string) => never) {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const [begin, end] = areSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (begin === undefined || end === undefined || begin > end)
    return reject(`the entry of ${tensor} has no range of bytes`);
  if (isIgnored) return { tensor, begin, end, shape: undefined };
  if (dtype !== 'F32' || !areSizes(shape)) return reject(`the entry of ${tensor} is not a float32 tensor`);
  if (end - begin !== 4 * sizeOf(shape)) reject(`the entry of ${tensor} contradicts itself`);
  return { tensor, begin, end, shape };
}

/** Tensors that share bytes could be much larger in memory. */
function requireFilled(entries: readonly Entry[], length: number, reject: (reason: string) => never) {
  let filled = 0;
  for (const { tensor, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > length) reject(`it is cut short: ${tensor} needs ${end} bytes of data, there are ${length}`);
    if (begin < filled) reject('its tensors overlap');
    if (begin > filled) reject(`it has ${begin - filled} bytes that belong to no tensor`);
    filled = end;
  }
  if (filled < length) reject(`it has ${length - filled} bytes that belong to no tensor`);
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isRecord(header) ? header : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const areSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
