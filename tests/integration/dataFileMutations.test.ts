import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCifar } from '../../src/data/formats/cifar.js';
import { decodeIdx } from '../../src/data/formats/idx.js';
import { decodeIdxImages } from '../../src/data/formats/idx.js';
import { decodeMatlab } from '../../src/data/formats/matlab.js';
import { type DecodedNumpyArray, decodeNpy } from '../../src/data/formats/npy.js';
import { decodeNpz } from '../../src/data/formats/npz.js';
import { decodeNpzImages } from '../../src/data/formats/npz.js';
import { decodeSvhn } from '../../src/data/formats/svhn.js';
import type { LabeledImages } from '../../src/data/formats/arrays.js';
import { InputError } from '../../src/errors.js';
import { cifarBytes, cifarPicture } from '../data/formats/cifarBytes.js';
import { idxBytes } from '../data/formats/idxBytes.js';
import { compressed, matFile, matrix, MX } from '../data/formats/matlabBytes.js';
import { noise } from '../data/formats/noise.js';
import { npyBytes } from '../data/formats/npyBytes.js';
import { zipBytes } from '../data/formats/zipBytes.js';

const NAME = 'mutated file';
const RUNS = 170;
const MOST_MEMORY = 64 * 2 ** 20;
const MOST_MICROSECONDS = 1_000_000;

interface Subject {
  /** What is changed. */
  bytes: Uint8Array;
  /** What is put around it afterwards, with the right checksums, so that changes reach what checksums guard. */
  wrap?: (changed: Uint8Array) => Uint8Array;
  /** Reads a file and returns whether the result is consistent. */
  read: (file: Uint8Array) => boolean | Promise<boolean>;
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
const fitsImages = ({ count, channels, height, width, pixels, labels }: LabeledImages): boolean =>
  count > 0 && pixels.length === count * channels * height * width && (labels === null || labels.length === count);
const fitsArray = ({ shape, data }: DecodedNumpyArray): boolean => data.length === product(shape);

const x = { variable: 'X', sizes: [32, 32, 3, 2], mxClass: MX.uint8, stored: 'uint8', values: noise(6144) } as const;
const y = { variable: 'y', sizes: [2, 1], mxClass: MX.double, stored: 'uint8', values: [10, 3] } as const;
const vector = matrix({ ...y, sizes: [3, 5], stored: 'double', values: [...Array(15).keys()] });
const readMatlab = async (file: Uint8Array): Promise<boolean> =>
  [...(await decodeMatlab(file, NAME, ['y'])).values()].every(({ sizes, values }) => values.length === product(sizes));
const svhn = { read: async (file: Uint8Array) => fitsImages(await decodeSvhn(file, NAME)) };

const images = npyBytes({ shape: [2, 4, 3, 3], elements: noise(72) });
const labels = npyBytes({ descr: '<i8', shape: [2], elements: [3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0] });
const npz = (deflate: boolean, array = images) =>
  zipBytes([
    { path: 'images.npy', contents: array, deflate },
    { path: 'labels.npy', contents: labels, deflate, large: true },
  ]);
const readNpz = async (file: Uint8Array): Promise<boolean> =>
  [...(await decodeNpz(file, NAME)).values()].every(fitsArray);
const readNpy = (file: Uint8Array): boolean => fitsArray(decodeNpy(file, NAME));
const readNpzImages = async (file: Uint8Array): Promise<boolean> => fitsImages(await decodeNpzImages(file, NAME));

const idx = idxBytes([3, 4, 2], noise(24));
const readIdx = async (file: Uint8Array): Promise<boolean> => {
  const { sizes, data } = await decodeIdx(file, NAME);
  return data.length === product(sizes);
};
const asImages = async (file: Uint8Array): Promise<boolean> =>
  fitsImages(await decodeIdxImages({ bytes: file, name: NAME }, null));
const asLabels = async (file: Uint8Array): Promise<boolean> =>
  fitsImages(await decodeIdxImages({ bytes: idx, name: 'images' }, { bytes: file, name: NAME }));

const SUBJECTS: Record<string, Subject> = {
  'CIFAR-10': {
    bytes: cifarBytes([{ labels: [3], picture: cifarPicture(1) }]),
    read: (file) => fitsImages(decodeCifar(file, 'cifar10', NAME)),
  },
  'CIFAR-100': {
    bytes: cifarBytes([{ labels: [3, 70], picture: cifarPicture(1) }]),
    read: (file) => fitsImages(decodeCifar(file, 'cifar100', NAME)),
  },
  'plain MATLAB': { bytes: matFile([vector]), read: readMatlab },
  'big-endian MATLAB': {
    bytes: matFile([matrix({ ...y, littleEndian: false, small: true })], false),
    read: readMatlab,
  },
  'compressed MATLAB': { bytes: matFile([compressed(vector)]), read: readMatlab },
  'compressed MATLAB, inside': { bytes: vector, wrap: (inner) => matFile([compressed(inner)]), read: readMatlab },
  'plain SVHN': { bytes: matFile([matrix(x), matrix(y)]), ...svhn },
  'compressed SVHN': { bytes: matFile([compressed(matrix(x)), compressed(matrix(y))]), ...svhn },
  'compressed SVHN, inside': {
    bytes: matrix(x),
    wrap: (inner) => matFile([compressed(inner), compressed(matrix(y))]),
    ...svhn,
  },
  'row-major .npy': { bytes: npyBytes({ descr: '>i2', shape: [2, 3], elements: noise(12) }), read: readNpy },
  'column-major .npy': {
    bytes: npyBytes({ descr: '<f4', fortran: true, shape: [2, 3], elements: noise(24) }),
    read: readNpy,
  },
  'stored .npz': { bytes: npz(false), read: readNpz },
  'deflated .npz': { bytes: npz(true), read: readNpz },
  'images in an .npz': { bytes: images, wrap: (array) => npz(true, array), read: readNpzImages },
  'labels in an .npz': { bytes: npz(false), read: readNpzImages },
  IDX: { bytes: idx, read: readIdx },
  'IDX images': { bytes: idx, read: asImages },
  'IDX labels': { bytes: idxBytes([3], [1, 2, 3]), read: asLabels },
  'gzip around IDX': { bytes: gzipSync(idx), read: readIdx },
  'IDX in gzip': { bytes: idx, wrap: (changed) => gzipSync(changed), read: asImages },
};

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** A position as a fraction of the file; half of them are in the first 256 bytes, where headers are. */
const place = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((at) => () => at),
  fc.double({ min: 0, max: 1, noNaN: true }).map((part) => (length: number) => Math.floor(part * length)),
);
const range = fc.tuple(place, fc.oneof(fc.nat(16), fc.nat(4000)));
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(
    ([at, bit]): Mutation =>
      (bytes) =>
        bytes.map((byte, index) => (index === at(bytes.length) ? byte ^ (1 << bit) : byte)),
  ),
  fc.tuple(place, fc.nat(255)).map(
    ([at, value]): Mutation =>
      (bytes) =>
        bytes.map((byte, index) => (index === at(bytes.length) ? value : byte)),
  ),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.subarray(0, at(bytes.length)),
  ),
  range.map(
    ([at, count]): Mutation =>
      (bytes) =>
        Uint8Array.from([...bytes.subarray(0, at(bytes.length)), ...bytes.subarray(at(bytes.length) + count)]),
  ),
  range.map(
    ([at, count]): Mutation =>
      (bytes) =>
        Uint8Array.from([...bytes.subarray(0, at(bytes.length) + count), ...bytes.subarray(at(bytes.length))]),
  ),
  fc
    .tuple(
      place,
      fc.constantFrom(
        [255, 255, 255, 255],
        [255, 255, 255, 127],
        [127, 255, 255, 255],
        [0, 0, 0, 16],
        [16, 0, 0, 0],
        [0, 0, 0, 0],
      ),
    )
    .map(([at, field]): Mutation => (bytes) => {
      // Fields of sizes begin at even places.
      const start = at(bytes.length) & ~1;
      return bytes.map((byte, index) => field[index - start] ?? byte);
    }),
);

/** Runs an action and gives what it throws, if it does, with the memory and the processor's time that it took. */
async function measured(action: () => boolean | Promise<boolean>) {
  const [memory, time] = [process.memoryUsage(), process.cpuUsage()];
  let outcome: unknown;
  try {
    outcome = await action();
  } catch (error) {
    outcome = error;
  }
  const [{ user, system }, after] = [process.cpuUsage(time), process.memoryUsage()];
  return {
    outcome,
    microseconds: user + system,
    memory: after.arrayBuffers + after.heapUsed - memory.arrayBuffers - memory.heapUsed,
  };
}

describe('a damaged file', () => {
  it.each(Object.entries(SUBJECTS))(
    'is read, or rejected in one line with its name, in limited time and memory: %s',
    async (_, { bytes, wrap, read }) => {
      expect(await read(wrap ? wrap(bytes) : bytes)).toBe(true);
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
          const changed = mutations.reduce((current, mutate) => mutate(current), bytes);
          const file = wrap ? wrap(changed) : changed;
          const { outcome, microseconds, memory } = await measured(() => read(file));
          if (outcome !== true) {
            expect(outcome).toBeInstanceOf(InputError);
            expect((outcome as InputError).message).toMatch(/^mutated file: [^\r\n\u2028\u2029]+$/);
          }
          expect(microseconds).toBeLessThan(MOST_MICROSECONDS);
          expect(memory).toBeLessThan(MOST_MEMORY);
        }),
        { seed: 1995, numRuns: RUNS },
      );
    },
  );
});
