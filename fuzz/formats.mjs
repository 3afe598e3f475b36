/** Tiny valid files of published formats, byte by byte, so that fixtures need no writer from the code under test. */
import { deflateSync } from 'node:zlib';

const u32 = (littleEndian, ...values) => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) =>
    littleEndian ? bytes.writeUInt32LE(value, 4 * index) : bytes.writeUInt32BE(value, 4 * index),
  );
  return bytes;
};

/** Pixels of an image that follow from its index: a gradient whose level depends on the class. */
export const pixels = (length, index) =>
  Buffer.from(Uint8Array.from({ length }, (_, place) => 60 * (index % 3) + ((place * 7 + index * 31) % 90)));

/** An IDX file of bytes. */
export const idx = (sizes, data) => Buffer.concat([Buffer.from([0, 0, 8, sizes.length]), u32(false, ...sizes), data]);

/** A CIFAR batch of `count` records, each with the given number of label bytes. */
export const cifar = (count, labelBytes) =>
  Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      Buffer.concat([Buffer.alloc(labelBytes, index % 3), pixels(3072, index)]),
    ),
  );

/** A NumPy array of bytes. */
export function npy(shape, data) {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.from([padded.length & 255, padded.length >> 8]);
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([1, 0]),
    length,
    Buffer.from(padded, 'latin1'),
    data,
  ]);
}

/** Element types and classes, by the names in MathWorks' document of the MAT-file format. */
const [MI_INT8, MI_UINT8, MI_INT32, MI_UINT32, MI_MATRIX, MI_COMPRESSED] = [1, 2, 5, 6, 14, 15];
const MX_UINT8 = 9;

const element = (type, data) =>
  Buffer.concat([u32(true, type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);

const matrix = (name, sizes, data) =>
  element(
    MI_MATRIX,
    Buffer.concat([
      element(MI_UINT32, u32(true, MX_UINT8, 0)),
      element(MI_INT32, u32(true, ...sizes)),
      element(MI_INT8, Buffer.from(name)),
      element(MI_UINT8, data),
    ]),
  );

/** A level 5 MAT-file of SVHN images and labels. */
export function svhn(count, compressed) {
  const labels = Buffer.from(Array.from({ length: count }, (_, index) => 1 + (index % 3)));
  const matrices = [matrix('X', [32, 32, 3, count], pixels(3072 * count, 1)), matrix('y', [count, 1], labels)];
  const wrapped = matrices.map((bytes) => {
    if (!compressed) return bytes;
    const deflated = deflateSync(bytes);
    return Buffer.concat([u32(true, MI_COMPRESSED, deflated.length), deflated]);
  });
  return Buffer.concat([
    Buffer.from('MATLAB 5.0 MAT-file'.padEnd(116)),
    Buffer.alloc(8),
    Buffer.from([0, 1]),
    Buffer.from('IM'),
    ...wrapped,
  ]);
}
