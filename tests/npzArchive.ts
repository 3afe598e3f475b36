import { zipSync } from 'fflate';
import { encodeNpy, type NumpyArray } from '../src/data/formats/npy.js';

/** Encodes arrays as an `.npz` archive, by a library that agenet does not use for it. */
export const npzArchive = (arrays: Record<string, NumpyArray>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)])), {
    level: 1,
  });
