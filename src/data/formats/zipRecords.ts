/**
 * The records of a zip archive that is written in one pass. Source: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification". Sizes and
 * offsets from 4 GiB on are in zip64 fields, which Python, NumPy and unzip read.
 */

/** A deflated file in an archive. */
export interface WrittenMember {
  readonly path: string;
  readonly checksum: number;
  readonly compressedBytes: number;
  readonly size: number;
  /** Where its local header is. */
  readonly offset: number;
}

/** The version that zip64 needs, method 8 (deflate), file names in UTF-8, and the first day of the format instead of a time. */
const [VERSION, DEFLATED, UTF8, FIRST_DAY] = [45, 8, 0x0800, 0x0021];
/** In place of a number that is in a zip64 field. */
const [ELSEWHERE_16, ELSEWHERE_32] = [0xffff, 0xffffffff];
const ZIP64_EXTRA = 1;

/** A number of so many bytes, least significant first. */
type Field = readonly [value: number, bytes: 2 | 4 | 8];

function record(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [, width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let position = 0;
  for (const [value, width] of fields) {
    if (width === 8) view.setBigUint64(position, BigInt(value), true);
    else if (width === 4) view.setUint32(position, value, true);
    else view.setUint16(position, value, true);
    position += width;
  }
  return bytes;
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
};

/** Always with a zip64 field, so that the header's length is known before the sizes are. */
export function localHeader({ path, checksum, compressedBytes, size }: WrittenMember): Uint8Array {
  const name = new TextEncoder().encode(path);
  return joined(
    record([0x04034b50, 4], [VERSION, 2], [UTF8, 2], [DEFLATED, 2], [0, 2], [FIRST_DAY, 2], [checksum, 4], [ELSEWHERE_32, 4], [ELSEWHERE_32, 4]),
    record([name.length, 2], [20, 2]),
    name,
    record([ZIP64_EXTRA, 2], [16, 2], [size, 8], [compressedBytes, 8]),
  );
}

/** The directory of an archive and the records that end it. */
export function directoryOf(members: readonly WrittenMember[], offset: number): Uint8Array {
  const directory = joined(...members.map(directoryEntry));
  return joined(directory, ...endRecords(members.length, directory.length, offset));
}

function directoryEntry({ path, checksum, compressedBytes, size, offset }: WrittenMember): Uint8Array {
  const name = new TextEncoder().encode(path);
  const numbers = [size, compressedBytes, offset];
  const large = numbers.filter((value) => value >= ELSEWHERE_32);
  const [shownSize, shownCompressed, shownOffset] = numbers.map((value) => Math.min(value, ELSEWHERE_32)) as [number, number, number];
  const extra = large.length > 0 ? record([ZIP64_EXTRA, 2], [8 * large.length, 2], ...large.map((value): Field => [value, 8])) : new Uint8Array(0);
  return joined(
    record([0x02014b50, 4], [VERSION, 2], [VERSION, 2], [UTF8, 2], [DEFLATED, 2], [0, 2], [FIRST_DAY, 2], [checksum, 4], [shownCompressed, 4], [shownSize, 4]),
    record([name.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [shownOffset, 4]),
    name,
    extra,
  );
}

function endRecords(count: number, bytes: number, offset: number): Uint8Array[] {
  const end = record(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [Math.min(count, ELSEWHERE_16), 2],
    [Math.min(count, ELSEWHERE_16), 2],
    [Math.min(bytes, ELSEWHERE_32), 4],
    [Math.min(offset, ELSEWHERE_32), 4],
    [0, 2],
  );
  if (count < ELSEWHERE_16 && bytes < ELSEWHERE_32 && offset < ELSEWHERE_32) return [end];
  const zip64End = record([0x06064b50, 4], [44, 8], [VERSION, 2], [VERSION, 2], [0, 4], [0, 4], [count, 8], [count, 8], [bytes, 8], [offset, 8]);
  const locator = record([0x07064b50, 4], [0, 4], [offset + bytes, 8], [1, 4]);
  return [zip64End, locator, end];
}
