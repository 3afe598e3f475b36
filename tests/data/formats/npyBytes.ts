import { ByteWriter } from './byteWriter.js';

export interface NpyParts {
  descr?: string;
  fortran?: boolean;
  shape?: readonly number[];
  elements?: ArrayLike<number>;
  version?: readonly [major: number, minor: number];
  /** The complete header, instead of one from the other properties. */
  literal?: string;
}

/** How Python writes a tuple. */
export const tuple = (shape: readonly number[]): string => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;

/**
 * An .npy file: magic string, version, length of the header (16 bits, 32 from version 2 on), header padded by spaces,
 * elements.
 */
export function npyBytes({
  descr = '|u1',
  fortran = false,
  shape = [],
  elements = [],
  version = [1, 0],
  literal,
}: NpyParts): Uint8Array {
  const text =
    literal ?? `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple(shape)}, }`;
  const lengthBytes = version[0] === 1 ? 2 : 4;
  const header = `${text.padEnd(Math.ceil((8 + lengthBytes + text.length + 1) / 64) * 64 - 8 - lengthBytes - 1)}\n`;
  const writer = new ByteWriter(true).bytes([0x93]).text('NUMPY').bytes(version);
  return writer.numbers('integer', lengthBytes, [header.length]).text(header).bytes(elements).done();
}
