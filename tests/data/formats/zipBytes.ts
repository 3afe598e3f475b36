import { deflateRawSync } from 'node:zlib';
import { ByteWriter } from './byteWriter.js';

export interface ZipPart {
  path: string;
  contents: Uint8Array;
  deflate?: boolean;
  /** False values in the directory. */
  lies?: Partial<{
    flags: number;
    method: number;
    checksum: number;
    compressedBytes: number;
    size: number;
    offset: number;
  }>;
  /** Sizes in the directory's extra field for large files, as zip64 has them. */
  large?: boolean;
}

/** CRC-32 bit by bit, as its definition says. */
function slowCrc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A zip archive: for each file a header of its own and its bytes, then the directory, then the record that ends it. */
export function zipBytes(parts: readonly ZipPart[], comment = ''): Uint8Array {
  const files = new ByteWriter(true);
  const directory = new ByteWriter(true);
  for (const { path, contents, deflate = false, lies = {}, large = false } of parts) {
    const packed = deflate ? deflateRawSync(contents) : contents;
    const truth = {
      flags: 0,
      method: deflate ? 8 : 0,
      checksum: slowCrc32(contents),
      compressedBytes: packed.length,
      size: contents.length,
      offset: files.length,
    };
    const { flags, method, checksum, compressedBytes, size, offset } = { ...truth, ...lies };
    // The extra field of another kind in front must be stepped over.
    const other = new ByteWriter(true).u16(0x5455, 1).bytes([1]);
    const extra = large ? other.u16(1, 16).numbers('integer', 8, [size, compressedBytes]).done() : new Uint8Array(0);
    // The local header leaves its sizes to the directory, as archives written in one go do.
    files
      .u32(0x04034b50)
      .u16(20, flags, method, 0, 0)
      .u32(0, 0, 0)
      .u16(path.length, 4)
      .text(path)
      .u16(7, 0)
      .bytes(packed);
    directory.u32(0x02014b50).u16(20, 20, flags, method, 0, 0).u32(checksum);
    directory.u32(...(large ? [0xffffffff, 0xffffffff] : [compressedBytes, size]));
    directory.u16(path.length, extra.length, 0, 0, 0).u32(0, offset).text(path).bytes(extra);
  }
  const end = new ByteWriter(true)
    .u32(0x06054b50)
    .u16(0, 0, parts.length, parts.length)
    .u32(directory.length, files.length);
  return files.bytes(directory.done()).bytes(end.u16(comment.length).text(comment).done()).done();
}
