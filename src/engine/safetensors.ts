import { InputError } from '../errors.js';
import { type Shape, sizeOf } from './shape.js';

/** Named float32 tensors and text metadata, as a safetensors file holds them. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Headers above this are not believed: the format's own limit. */
const LARGEST_HEADER = 100_000_000;

/** The bytes of a safetensors file: 8 bytes of header length, a JSON header, then the tensors' elements, little-endian. */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Padded with spaces, so that the elements are aligned.
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + offset).fill(0x20, 8, 8 + length);
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
 * Reads a safetensors file of float32 tensors.
 * @param name the name of the file in messages
 * @param isIgnored whether to leave out a tensor, which may then have any type
 * @throws {InputError} if the bytes are no such file, are cut short, or hold tensors that overlap or have another type
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
  if (length > LARGEST_HEADER || length < 2) reject('it does not begin with the length of a header');
  if (8 + length > bytes.length) reject('it ends inside its header');
  const header = parseHeader(bytes.subarray(8, 8 + length)) ?? reject('its header is not a JSON object');

  const elements = bytes.subarray(8 + length);
  const entries = Object.entries(header).filter(([tensor]) => tensor !== '__metadata__');
  const wanted = entries
    .filter(([tensor]) => !isIgnored(tensor))
    .map(([tensor, entry]) => {
      const { shape, begin, end } = parseEntry(entry) ?? reject(`the entry of ${tensor} is not a float32 tensor`);
      if (end - begin !== 4 * sizeOf(shape)) reject(`the entry of ${tensor} contradicts itself`);
      if (end > elements.length)
        reject(`it is cut short: ${tensor} needs ${end} bytes of data, there are ${elements.length}`);
      return { tensor, shape, begin, end };
    });
  const ranges = entries.map(([, entry]) => parseRange(entry) ?? reject('an entry has no range of bytes'));
  requireFilled(ranges, elements.length, reject);
  const tensors: Record<string, { shape: Shape; data: Float32Array }> = Object.create(null) as Record<string, never>;
  for (const { tensor, shape, begin, end } of wanted) {
    // Copied, since the data need not be aligned in the file. (Not by slice, which shares memory where the bytes are a Node Buffer.)
    tensors[tensor] = { shape, data: new Float32Array(new Uint8Array(elements.subarray(begin, end)).buffer) };
  }
  return { tensors, metadata: parseMetadata(header.__metadata__) ?? reject('its metadata are not texts') };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isRecord(header) ? header : undefined;
  } catch {
    return undefined;
  }
}

/** Requires tensors to fill a file exactly, as the format states. Tensors that share bytes could be much larger in memory than in the file. */
function requireFilled(ranges: readonly Range[], length: number, reject: (reason: string) => never): void {
  let filled = 0;
  for (const { begin, end } of [...ranges].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < filled) reject('its tensors overlap');
    if (begin > filled) reject(`it has ${begin - filled} bytes that belong to no tensor`);
    filled = end;
  }
  if (filled < length) reject(`it has ${length - filled} bytes that belong to no tensor`);
}

/** Positions in the elements of a file, in bytes. */
interface Range {
  readonly begin: number;
  readonly end: number;
}

function parseRange(entry: unknown): Range | undefined {
  if (!isRecord(entry) || !areSizes(entry.data_offsets)) return undefined;
  const [begin, end] = entry.data_offsets;
  return begin !== undefined && end !== undefined && entry.data_offsets.length === 2 && begin <= end
    ? { begin, end }
    : undefined;
}

function parseEntry(entry: unknown): (Range & { readonly shape: number[] }) | undefined {
  const range = parseRange(entry);
  return range && isRecord(entry) && entry.dtype === 'F32' && areSizes(entry.shape)
    ? { ...range, shape: entry.shape }
    : undefined;
}

function parseMetadata(metadata: unknown = {}): Record<string, string> | undefined {
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) return undefined;
  return metadata as Record<string, string>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const areSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
