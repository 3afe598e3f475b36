import type { ZipWriter } from '@zip.js/zip.js';
import { InputError, quoted } from '../../errors.js';
import { requireInflatable } from './compression.js';
import { channelPlanes, classNumbers, elementCount, imageLayout, type LabeledImages } from './arrays.js';
import { loadZip, openZip } from './zip.js';
import {
  bytesOf,
  type DecodedNumpyArray,
  decodeNpy,
  npyPreamble,
  type NumpyArray,
  pythonTuple,
  typeOf,
  type WrittenType,
  writtenBytes,
} from './npy.js';

/** An array whose row-major elements come in pieces. */
export interface PiecewiseArray {
  shape: readonly number[];
  type: WrittenType;
  pieces: AsyncIterable<NumpyArray['data']> | Iterable<NumpyArray['data']>;
}

/** Arrays by their names in an archive. */
export type NpzArrays = Record<string, NumpyArray | PiecewiseArray>;

const SUFFIX = '.npy';
const arrayName = (path: string) => path.slice(0, -SUFFIX.length);

/** With a fixed date, equal arrays give equal bytes. */
const DATE = { lastModDate: new Date(1980, 0, 1), extendedTimestamp: false };
const WRITING = { level: 1, ...DATE, useWebWorkers: false } as const;

/** Encodes arrays as an `.npz` archive, which `numpy.load` reads. */
export async function encodeNpz(arrays: NpzArrays): Promise<Uint8Array> {
  const { Uint8ArrayWriter, ZipWriter } = await loadZip();
  return addArrays(new ZipWriter(new Uint8ArrayWriter(), WRITING), arrays);
}

/** Writes piece by piece, so an archive may be larger than memory. A signal aborts after the piece in progress. */
export async function writeNpz(stream: WritableStream<Uint8Array>, arrays: NpzArrays, signal?: AbortSignal) {
  const { ZipWriter } = await loadZip();
  await addArrays(new ZipWriter(stream, WRITING), arrays, signal);
}

async function addArrays<T>(zip: ZipWriter<T>, arrays: NpzArrays, signal?: AbortSignal): Promise<T> {
  for (const [name, array] of Object.entries(arrays)) {
    const { shape, type, pieces }: PiecewiseArray =
      'pieces' in array ? array : { ...array, type: typeOf(array.data), pieces: [array.data] };
    const preamble = npyPreamble(shape, type);
    const bytes = elementCount(shape) * writtenBytes(type);
    const source = elementsOf(preamble, bytes, pieces);
    const readable = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { value, done } = await source.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
    // The caller may release the model that makes the pieces, so after a failure this waits for the last piece.
    await zip
      .add(name + SUFFIX, readable, { uncompressedSize: preamble.length + bytes, ...(signal ? { signal } : {}) })
      .finally(() => source.return());
  }
  return zip.close();
}

export function textArray(texts: readonly string[]): PiecewiseArray {
  const characters = texts.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const length = characters.reduce((longest, each) => Math.max(longest, each.length), 1);
  const view = new DataView(new ArrayBuffer(4 * length * texts.length));
  for (const [index, codes] of characters.entries())
    for (const [at, code] of codes.entries()) view.setUint32(4 * (index * length + at), code, true);
  return { shape: [texts.length], type: `<U${length}`, pieces: [new Uint8Array(view.buffer)] };
}

async function* elementsOf(preamble: Uint8Array, bytes: number, pieces: PiecewiseArray['pieces']) {
  yield preamble;
  let missing = bytes;
  for await (const piece of pieces as AsyncIterable<NumpyArray['data']>) {
    missing -= piece.byteLength;
    yield bytesOf(piece);
  }
  if (missing === 0) return;
  const difference = `${Math.abs(missing)} bytes too ${missing > 0 ? 'few' : 'many'}`;
  throw new Error(`.npz archive: the pieces of an array have ${difference} for its shape`);
}

/**
 * Reads the arrays of an `.npz` archive.
 * @param names of arrays to read, if the archive has them (default: all)
 * @throws {InputError} if the bytes are not an `.npz` archive, or the arrays are too large for the size of the archive
 */
export async function decodeNpz(
  bytes: Uint8Array,
  name: string,
  names?: readonly string[],
): Promise<ReadonlyMap<string, DecodedNumpyArray>> {
  const files = (await openZip(bytes, name))
    .filter(({ path }) => path.endsWith(SUFFIX))
    .filter(({ path }) => names?.includes(arrayName(path)) ?? true);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  requireInflatable(size, bytes.length, name);
  const arrays = new Map<string, DecodedNumpyArray>();
  for (const { path, read } of files) arrays.set(arrayName(path), decodeNpy(await read(), `${name}: ${quoted(path)}`));
  return arrays;
}

/** numpy.savez names an array `arr_0` by default. */
const IMAGES = ['images', 'arr_0'] as const;
const LABELS = 'labels';

/**
 * Reads `images` (or else `arr_0`), bytes [N, H, W] or [N, H, W, C], and `labels`, if any, integers [N] from 0 to 255.
 * @throws {InputError} if the bytes are not such an archive
 */
export async function decodeNpzImages(bytes: Uint8Array, name: string): Promise<LabeledImages> {
  const arrays = await decodeNpz(bytes, name, [...IMAGES, LABELS]);
  const key = IMAGES.find((each) => arrays.has(each));
  if (key === undefined) {
    const remedy = `expected an array "${IMAGES.join('" or "')}" of bytes [N, H, W, C]`;
    throw new InputError(name, 'no images in this .npz archive', remedy);
  }
  const { shape, kind, data } = arrays.get(key)!;
  if (kind !== 'u1' || !(data instanceof Uint8Array))
    throw new InputError(name, `"${key}": expected bytes (u1, NumPy's uint8) from 0 to 255 but got ${kind}`);
  const layout = imageLayout(shape, `${name}: "${key}"`);
  const labels = arrays.get(LABELS);
  return {
    ...layout,
    pixels: channelPlanes(data, layout),
    labels: labels === undefined ? null : labelBytes(labels, layout.count, `${name}: "${LABELS}"`),
  };
}

function labelBytes({ shape, kind, data }: DecodedNumpyArray, count: number, name: string) {
  if (shape.length !== 1 || shape[0] !== count)
    throw new InputError(name, `expected shape (${count},), one label per image, but got ${pythonTuple(shape)}`);
  if (!/^[ui]/.test(kind)) throw new InputError(name, `expected integers (u1, i8, ...) from 0 to 255 but got ${kind}`);
  return classNumbers(data, 0, 255, name);
}
