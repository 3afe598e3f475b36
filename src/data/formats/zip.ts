import { InputError } from '../../errors.js';
import { crc32 } from './checksums.js';
import { inflateExactly } from './inflate.js';
import { quoted } from './quoted.js';

/** A file in a zip archive, as the archive's directory describes it. */
export interface ZipMember {
  readonly path: string;
  readonly encrypted: boolean;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly checksum: number;
  readonly compressedBytes: number;
  readonly size: number;
  /** Where its own header begins. */
  readonly offset: number;
}

const END = { signature: 0x06054b50, bytes: 22 } as const;
const ENTRY = { signature: 0x02014b50, bytes: 46 } as const;
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const;
const LONGEST_COMMENT = 0xffff;
const ZIP64_EXTRA = 1;
/** In place of a size or an offset that is in the extra field of large files. */
const ELSEWHERE = 0xffffffff;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * The files of a zip archive, in the order of its directory. Source: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification". Throws
 * InputError, which begins with `name`, if the bytes are no such archive or cut short, if files overlap, or if two have one name.
 */
export function readZipDirectory(bytes: Uint8Array, name: string): readonly ZipMember[] {
  const view = viewOf(bytes);
  const end = endOfDirectory(view, name);
  const count = view.getUint16(end + 10, true);
  const members = new Map<string, ZipMember>();
  let offset = view.getUint32(end + 16, true);
  let compressed = 0;
  for (let index = 0; index < count; index++) {
    const { member, next } = readEntry(bytes, offset, end, name);
    if (members.has(member.path)) throw new InputError(`${name}: a damaged zip archive, it holds ${quoted(member.path)} twice`);
    members.set(member.path, member);
    offset = next;
    compressed += member.compressedBytes;
  }
  // Files that share their bytes are how a small archive can hold more than each of its files may.
  if (compressed > bytes.length) throw new InputError(`${name}: a damaged zip archive, ${bytes.length} bytes cannot hold files of ${compressed}`);
  return [...members.values()];
}

/** Where the record that ends the directory, and the archive, begins. */
function endOfDirectory(view: DataView, name: string): number {
  const last = view.byteLength - END.bytes;
  for (let offset = last; offset >= Math.max(0, last - LONGEST_COMMENT); offset--) {
    if (view.getUint32(offset, true) === END.signature && view.getUint16(offset + 20, true) === last - offset) return offset;
  }
  throw new InputError(`${name}: not a zip archive, or one cut short: it does not end in the archive's directory`);
}

function readEntry(bytes: Uint8Array, offset: number, end: number, name: string): { readonly member: ZipMember; readonly next: number } {
  const view = viewOf(bytes);
  if (offset + ENTRY.bytes > end || view.getUint32(offset, true) !== ENTRY.signature)
    throw new InputError(`${name}: a damaged zip archive, its directory has no entry at byte ${offset}`);
  const pathEnd = offset + ENTRY.bytes + view.getUint16(offset + 28, true);
  const extraEnd = pathEnd + view.getUint16(offset + 30, true);
  const next = extraEnd + view.getUint16(offset + 32, true);
  if (next > end) throw new InputError(`${name}: a damaged zip archive, the entry at byte ${offset} of its directory goes beyond the directory`);
  const path = new TextDecoder().decode(bytes.subarray(offset + ENTRY.bytes, pathEnd));
  const fields = [24, 20, 42].map((at) => view.getUint32(offset + at, true));
  const [size, compressedBytes, start] = withLargeFields(fields, bytes.subarray(pathEnd, extraEnd));
  return {
    member: {
      path,
      encrypted: (view.getUint16(offset + 8, true) & 1) !== 0,
      method: view.getUint16(offset + 10, true),
      checksum: view.getUint32(offset + 16, true),
      compressedBytes: compressedBytes!,
      size: size!,
      offset: start!,
    },
    next,
  };
}

/** Puts the 64-bit numbers of a zip64 extra field in place of those fields that say that they are there, in order. */
function withLargeFields(fields: readonly number[], extra: Uint8Array): readonly number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, start] = [view.getUint16(at, true), at + 4];
    const end = start + view.getUint16(at + 2, true);
    if (id !== ZIP64_EXTRA || end > extra.length) {
      at = end;
      continue;
    }
    let place = start;
    return fields.map((field) => {
      if (field !== ELSEWHERE || place + 8 > end) return field;
      place += 8;
      return Number(view.getBigUint64(place - 8, true));
    });
  }
  return fields;
}

/**
 * The contents of a file of an archive, within the bounds of inflateExactly. Throws InputError, which begins with `name`, if it is
 * damaged, encrypted, or compressed by other than deflate.
 */
export function readZipMember(bytes: Uint8Array, member: ZipMember, name: string): Uint8Array {
  const { encrypted, method, offset, compressedBytes, size, checksum } = member;
  if (encrypted || (method !== 0 && method !== 8))
    throw new InputError(`${name}: ${encrypted ? 'encrypted' : `compressed by method ${method}`}, only stored (0) and deflated (8) files can be read`);
  const view = viewOf(bytes);
  if (offset + LOCAL.bytes > bytes.length || view.getUint32(offset, true) !== LOCAL.signature)
    throw new InputError(`${name}: a damaged zip archive, the file is not at byte ${offset}, where the directory says it is`);
  const start = offset + LOCAL.bytes + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressedBytes > bytes.length) throw new InputError(`${name}: a damaged zip archive, the file goes beyond the archive's end`);
  const packed = bytes.subarray(start, start + compressedBytes);
  const contents = method === 0 ? packed : inflateExactly(packed, size, name);
  if (contents.length !== size || crc32(contents) !== checksum)
    throw new InputError(`${name}: a damaged zip archive, the file's size or checksum is another than the directory's, get it again`);
  return contents;
}
