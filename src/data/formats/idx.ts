import { InputError } from '../../errors.js';
import { gunzip, isGzip } from './gzip.js';

/** The contents of an IDX file of bytes, the format that MNIST is published in. */
export interface IdxArray {
  readonly sizes: readonly number[];
  readonly data: Uint8Array;
}

interface IdxHeader {
  readonly sizes: readonly number[];
  readonly headerBytes: number;
  readonly fileBytes: number;
}

const UNSIGNED_BYTE = 0x08;
const LONGEST_HEADER = 4 + 4 * 255;

/**
 * Reads an IDX file, as it is or compressed by gzip: two zero bytes, the element type, the number of axes, the size of each axis
 * (32 bits, big-endian), then the elements. `name` is what errors call it. Throws InputError if the bytes are no such file, hold other
 * than bytes, or are cut short.
 */
export function decodeIdx(bytes: Uint8Array, name: string): IdxArray {
  const finishDecoding = isGzip(bytes) ? gunzip(bytes, name, LONGEST_HEADER, (start) => readHeader(start, name).fileBytes) : bytes;
  const { sizes, headerBytes, fileBytes } = readHeader(finishDecoding, name);
  if (finishDecoding.length !== fileBytes)
    throw new InputError(`${name}: an IDX file of ${sizes.join(' x ')} bytes should be ${fileBytes} bytes long, it has ${finishDecoding.length}`);
  return { sizes, data: finishDecoding.subarray(headerBytes) };
}

function readHeader(bytes: Uint8Array, name: string): IdxHeader {
  const [zero, zeroToo, type, axes] = bytes;
  if (zero !== 0 || zeroToo !== 0 || axes === undefined || axes === 0)
    throw new InputError(`${name}: not an IDX file, it does not begin with the format's two zero bytes and number of axes`);
  if (type !== UNSIGNED_BYTE)
    throw new InputError(`${name}: an IDX file of element type 0x${type!.toString(16)}, only unsigned bytes (0x8) are images or labels`);
  const headerBytes = 4 + 4 * axes;
  if (bytes.length < headerBytes) throw new InputError(`${name}: an IDX file that ends inside its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sizes = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  return { sizes, headerBytes, fileBytes: headerBytes + sizes.reduce((product, size) => product * size, 1) };
}
