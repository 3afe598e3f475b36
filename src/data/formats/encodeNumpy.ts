import { zipSync } from 'fflate';

/** An array for NumPy: bytes or float32, row-major. */
export interface NumpyArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Float32Array;
}

/** The bytes of an `.npz` archive, which `numpy.load` reads, with these arrays by name. */
export function encodeNpz(arrays: Readonly<Record<string, NumpyArray>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)])), { level: 1 });
}

/** NumPy's format 1.0: the preamble, then the elements. */
export function encodeNpy({ shape, data }: NumpyArray): Uint8Array {
  const preamble = npyPreamble(shape, data instanceof Float32Array ? '<f4' : '|u1');
  const bytes = new Uint8Array(preamble.length + data.byteLength);
  bytes.set(preamble);
  bytes.set(bytesOf(data), preamble.length);
  return bytes;
}

/** The elements of an array as they are stored. */
export const bytesOf = (data: NumpyArray['data']): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** What an .npy file holds before the elements: a magic string, and the length of a header padded to 64 bytes, which is a Python literal. */
export function npyPreamble(shape: readonly number[], type: '|u1' | '<f4'): Uint8Array {
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const literal = `{'descr': '${type}', 'fortran_order': False, 'shape': ${sizes}, }`;
  const preamble = 10;
  const length = Math.ceil((preamble + literal.length + 1) / 64) * 64 - preamble;
  const header = new TextEncoder().encode(`${literal.padEnd(length - 1)}\n`);
  const bytes = new Uint8Array(preamble + length);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length, true);
  bytes.set(header, preamble);
  return bytes;
}
