import { InputError } from '../../errors.js';
import { inflationAllowance } from './inflate.js';
import { type DecodedNumpyArray, decodeNpy } from './npy.js';
import { quoted } from './quoted.js';
import { readZipDirectory, readZipMember } from './zip.js';

const SUFFIX = '.npy';
const arrayName = (path: string): string => path.slice(0, -SUFFIX.length);

/**
 * Reads the arrays of an `.npz` archive (`numpy.savez`, `numpy.savez_compressed`) by name: those in `names` that it holds, or all.
 * Others are not inflated, and nothing is if they together are larger than an archive of this length may hold. Throws InputError, which
 * begins with `name`, if the bytes are no such archive or one of the arrays cannot be read.
 */
export function decodeNpz(bytes: Uint8Array, name: string, names?: readonly string[]): ReadonlyMap<string, DecodedNumpyArray> {
  const wanted = readZipDirectory(bytes, name).filter(({ path }) => path.endsWith(SUFFIX) && (names?.includes(arrayName(path)) ?? true));
  const size = wanted.reduce((sum, member) => sum + member.size, 0);
  const allowance = inflationAllowance(bytes.length);
  if (size > allowance)
    throw new InputError(`${name}: an archive of ${bytes.length} bytes with arrays of ${size}, no file may hold more than ${allowance} in so few`);
  return new Map(
    wanted.map((member) => {
      const place = `${name}: ${quoted(member.path)}`;
      return [arrayName(member.path), decodeNpy(readZipMember(bytes, member, place), place)];
    }),
  );
}
