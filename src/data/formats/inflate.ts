import { Inflate } from 'fflate';
import { InputError } from '../../errors.js';

/** DEFLATE cannot do better: two bits stand for at most 258 bytes. */
const LARGEST_RATIO = 1032;

/**
 * What any file may inflate to, and how many times larger than itself a file may inflate to beyond that. Photographs hardly shrink;
 * the simplest published drawings, dSprites' white shapes on black, to a 113th.
 */
const FREE_ALLOWANCE = 64 * 2 ** 20;
const ALLOWED_RATIO = 128;

/** The most compressed bytes that can give nothing when they are inflated one after another: a stored block, until all of it is there. */
const LONGEST_SILENCE = 2 * 65_536;

const [SMALLEST_STEP, LARGEST_STEP] = [512, 65_536];

/** The most bytes that so many compressed ones may inflate to. */
export const inflationAllowance = (deflatedBytes: number): number => Math.min(LARGEST_RATIO * deflatedBytes, FREE_ALLOWANCE + ALLOWED_RATIO * deflatedBytes);

/**
 * The first `count` bytes, or fewer if there are no more, of what DEFLATE data hold. Takes memory for those and half a mebibyte.
 * Throws InputError, which begins with `name`, if the data are damaged before that.
 */
export function inflateStart(deflated: Uint8Array, count: number, name: string): Uint8Array {
  const start = new Uint8Array(count);
  const length = inflateInto(start, deflated, name);
  return start.subarray(0, length);
}

/**
 * What DEFLATE data hold, which must be `size` bytes. Memory is taken for `size` bytes only if so many can come from data of this length,
 * and inflating stops as soon as more come: a file made to exhaust the memory cannot. Throws InputError, which begins with `name`, for
 * such files, and for damaged, cut or shorter data.
 */
export function inflateExactly(deflated: Uint8Array, size: number, name: string): Uint8Array {
  const allowance = inflationAllowance(deflated.length);
  if (!(size <= allowance))
    throw new InputError(`${name}: ${deflated.length} compressed bytes that should hold ${size}, no file may hold more than ${allowance} in so few`);
  const inflated = memoryOf(size, name);
  const length = inflateInto(inflated, deflated, name);
  if (length !== size) throw new InputError(`${name}: damaged compressed data, they should hold ${size} bytes, not ${length > size ? 'more' : length}`);
  return inflated;
}

function memoryOf(size: number, name: string): Uint8Array {
  try {
    return new Uint8Array(size);
  } catch {
    throw new InputError(`${name}: holds ${size} bytes, for which there is not enough memory`);
  }
}

/** Inflates until `target` is full or the data end. The number of bytes that there were, at least; those beyond the target are dropped. */
function inflateInto(target: Uint8Array, deflated: Uint8Array, name: string): number {
  let [filled, heard] = [0, 0];
  let taken = 0;
  const stream = new Inflate((inflated) => {
    target.set(inflated.subarray(0, Math.max(0, target.length - filled)), Math.min(filled, target.length));
    filled += inflated.length;
    if (inflated.length > 0) heard = taken;
  });
  while (taken < deflated.length && filled < target.length && taken - heard <= LONGEST_SILENCE) {
    // Steps as long as the room that is left allows, for fflate keeps in memory what one step inflates to.
    const step = Math.min(LARGEST_STEP, Math.max(SMALLEST_STEP, Math.ceil((target.length - filled) / LARGEST_RATIO)));
    const piece = deflated.subarray(taken, taken + step);
    taken += piece.length;
    try {
      stream.push(piece, taken === deflated.length);
    } catch (error) {
      throw new InputError(`${name}: damaged compressed data (${error instanceof Error ? error.message : 'cannot be inflated'}), get the file again`);
    }
  }
  return filled;
}
