import { zipSync } from 'fflate';
import { InputError, quoted } from '../../errors.js';
import { crc32, inflate, requireInflatable } from './compression.js';
import { channelPlanes, classNumbers, imageLayout, type LabeledImages } from './labeledImages.js';
import { type DecodedNumpyArray, decodeNpy, encodeNpy, type NumpyArray, pythonTuple } from './npy.js';

const SUFFIX = '.npy';
const arrayName = (path: string): string => path.slice(0, -SUFFIX.length);

/** Encodes arrays as an `.npz` archive, which `numpy.load` reads. */
export function encodeNpz(arrays: Readonly<Record<string, NumpyArray>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name + SUFFIX, encodeNpy(array)])), { level: 1 });
}

/**
 * Reads arrays of an `.npz` archive (`numpy.savez`, `numpy.savez_compressed`) by name: those in `names` that exist, or all. Nothing is
 * inflated if the arrays together exceed the limit for an archive of this length.
 * @throws {InputError} that starts with `name` if the bytes are no such archive or an array cannot be read
 */
export function decodeNpz(bytes: Uint8Array, name: string, names?: readonly string[]): ReadonlyMap<string, DecodedNumpyArray> {
  const members = readDirectory(bytes, name).filter(({ path }) => path.endsWith(SUFFIX) && (names?.includes(arrayName(path)) ?? true));
  const size = members.reduce((sum, member) => sum + member.size, 0);
  requireInflatable(size, bytes.length, name);
  return new Map(
    members.map((member) => {
      const label = `${name}: ${quoted(member.path)}`;
      return [arrayName(member.path), decodeNpy(readMember(bytes, member, label), label)];
    }),
  );
}

/** Names of the images; numpy.savez calls an array without a name `arr_0`. */
const IMAGES = ['images', 'arr_0'] as const;
const LABELS = 'labels';

/**
 * Reads images from an `.npz` archive: `images` (or else `arr_0`), bytes [N, H, W] or [N, H, W, C], and optional `labels`, integers [N] from
 * 0 to 255.
 * @throws {InputError} that starts with `name` if the bytes are no such archive
 */
export function decodeNpzImages(bytes: Uint8Array, name: string): LabeledImages {
  const arrays = decodeNpz(bytes, name, [...IMAGES, LABELS]);
  const key = IMAGES.find((each) => arrays.has(each));
  if (key === undefined) throw new InputError(`${name}: no images in this .npz archive; expected an array "${IMAGES.join('" or "')}" of bytes [N, H, W, C]`);
  const { shape, kind, data } = arrays.get(key)!;
  if (kind !== 'u1' || !(data instanceof Uint8Array))
    throw new InputError(`${name}: "${key}": expected bytes (u1, NumPy's uint8) from 0 to 255 but got ${kind}`);
  const layout = imageLayout(shape, `${name}: "${key}"`);
  const labels = arrays.get(LABELS);
  return {
    ...layout,
    pixels: channelPlanes(data, layout.channels, layout.height, layout.width),
    labels: labels === undefined ? null : labelBytes(labels, layout.count, `${name}: "${LABELS}"`),
  };
}

function labelBytes({ shape, kind, data }: DecodedNumpyArray, count: number, name: string): Uint8Array {
  if (shape.length !== 1 || shape[0] !== count) throw new InputError(`${name}: expected shape (${count},), one label per image, but got ${pythonTuple(shape)}`);
  if (!/^[ui]/.test(kind)) throw new InputError(`${name}: expected integers (u1, i8, ...) from 0 to 255 but got ${kind}`);
  return classNumbers(data, 0, 255, name);
}

/** A file of a zip archive, as the archive's directory describes it. */
interface ZipMember {
  readonly path: string;
  readonly isEncrypted: boolean;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly checksum: number;
  readonly compressedBytes: number;
  readonly size: number;
  /** Position of the local header. */
  readonly offset: number;
}

const END = { signature: 0x06054b50, bytes: 22 } as const;
const ENTRY = { signature: 0x02014b50, bytes: 46 } as const;
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const;
const MAX_COMMENT = 0xffff;
const ZIP64_EXTRA = 1;
/** Stands for a size or an offset that is in the zip64 field. */
const IN_ZIP64 = 0xffffffff;

/**
 * Reads the directory of a zip archive (PKWARE, "APPNOTE.TXT - .ZIP File Format Specification"), in order. fflate's own reader neither gives
 * access to the checksums of the files nor rejects files that share their bytes.
 */
function readDirectory(bytes: Uint8Array, name: string): readonly ZipMember[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = findEnd(view, name);
  const members = new Map<string, ZipMember>();
  let [offset, compressed] = [view.getUint32(end + 16, true), 0];
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    if (offset + ENTRY.bytes > end || view.getUint32(offset, true) !== ENTRY.signature) throw corruptZip(name, `no directory entry at byte ${offset}`);
    const pathEnd = offset + ENTRY.bytes + view.getUint16(offset + 28, true);
    const extraEnd = pathEnd + view.getUint16(offset + 30, true);
    if (extraEnd > end) throw corruptZip(name, `the directory entry at byte ${offset} exceeds the directory`);
    const path = new TextDecoder().decode(bytes.subarray(offset + ENTRY.bytes, pathEnd));
    const [size, compressedBytes, start] = withZip64(
      [24, 20, 42].map((at) => view.getUint32(offset + at, true)),
      new DataView(bytes.buffer, bytes.byteOffset + pathEnd, extraEnd - pathEnd),
    ) as [number, number, number];
    if (members.has(path)) throw corruptZip(name, `${quoted(path)} twice`);
    const isEncrypted = (view.getUint16(offset + 8, true) & 1) !== 0;
    const [method, checksum] = [view.getUint16(offset + 10, true), view.getUint32(offset + 16, true)];
    members.set(path, { path, isEncrypted, method, checksum, compressedBytes, size, offset: start });
    compressed += compressedBytes;
    offset = extraEnd + view.getUint16(offset + 32, true);
  }
  // Files that share their bytes let a small archive hold more than the limit for each file.
  if (compressed > bytes.length) throw corruptZip(name, `${bytes.length} bytes cannot hold files of ${compressed}`);
  return [...members.values()];
}

const corruptZip = (name: string, problem: string): InputError => new InputError(`${name}: corrupt zip archive (${problem}); download it again`);

/** Returns the position of the record that ends the directory and the archive. */
function findEnd(view: DataView, name: string): number {
  const last = view.byteLength - END.bytes;
  for (let offset = last; offset >= Math.max(0, last - MAX_COMMENT); offset--) {
    if (view.getUint32(offset, true) === END.signature && view.getUint16(offset + 20, true) === last - offset) return offset;
  }
  throw new InputError(`${name}: not a zip archive, or truncated: it has no directory at its end`);
}

/** Replaces fields that are in the zip64 field by its 64-bit values, in order. */
function withZip64(fields: readonly number[], extra: DataView): readonly number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== ZIP64_EXTRA) continue;
    let next = at + 4;
    return fields.map((field) => {
      if (field !== IN_ZIP64 || next + 8 > extra.byteLength) return field;
      next += 8;
      return Number(extra.getBigUint64(next - 8, true));
    });
  }
  return fields;
}

function readMember(bytes: Uint8Array, member: ZipMember, name: string): Uint8Array {
  const { isEncrypted, method, offset, compressedBytes, size, checksum } = member;
  if (isEncrypted || (method !== 0 && method !== 8))
    throw new InputError(`${name}: expected a stored or deflated file but got ${isEncrypted ? 'an encrypted one' : `compression method ${method}`}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (offset + LOCAL.bytes > bytes.length || view.getUint32(offset, true) !== LOCAL.signature) throw corruptZip(name, `no file at byte ${offset}`);
  const start = offset + LOCAL.bytes + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressedBytes > bytes.length) throw corruptZip(name, 'the file exceeds the archive');
  const stored = bytes.subarray(start, start + compressedBytes);
  const contents = method === 0 ? stored : inflate(stored, size, name);
  if (contents.length !== size || crc32(contents) !== checksum) throw corruptZip(name, 'size or checksum mismatch');
  return contents;
}
