import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Maximum seed, 2^32 - 1. */
export const LARGEST_SEED = 0xffffffff;

/**
 * Random numbers that depend only on a seed, a purpose and an index (a step, an epoch). Nothing has to be saved to
 * resume: step 1000 draws the same whether or not steps 1 to 999 ran in this process.
 */
export interface RandomStream {
  /** Draws an integer from 0 to count - 1. */
  below(count: number): number;
  /** Draws a multiple of 2^-32 in [0, 1). */
  uniform(): number;
  /** Fills an array with independent standard normal draws. */
  fillNormal<T extends Float32Array>(target: T): T;
}

/** Returns the stream of a seed, a purpose and an index. */
export function randomStream(seed: number, purpose: string, index = 0): RandomStream {
  const generator = xoroshiro128plusFromState(stateOf(seed, purpose, index));
  const uniform = () => (generator.next() >>> 0) / 2 ** 32;
  return {
    below: (count) => uniformInt(generator, 0, count - 1),
    uniform,
    fillNormal(target) {
      for (let index = 0; index < target.length; index += 2) {
        // Box-Muller: two uniform draws give two normal ones. 1 - u is never 0.
        const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
        const angle = 2 * Math.PI * uniform();
        target[index] = radius * Math.cos(angle);
        if (index + 1 < target.length) target[index + 1] = radius * Math.sin(angle);
      }
      return target;
    },
  };
}

/** Returns the integers 0 to count - 1 in random order (Fisher-Yates). */
export function shuffledIndices(count: number, stream: RandomStream) {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = stream.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** Hashes to 128 bits: each word mixes all values with its own position. */
function stateOf(seed: number, purpose: string, index: number): [number, number, number, number] {
  const letters = Array.from(purpose, (letter) => letter.codePointAt(0)!);
  const words = [seed >>> 0, index >>> 0, Math.floor(index / 2 ** 32), ...letters];
  const [a, b, c, d] = [1, 2, 3, 4].map((position) =>
    words.reduce((hash, word) => mix(hash ^ mix(word + position * 0x9e3779b9)), position * 0x85ebca6b),
  );
  return [a!, b!, c!, d! | 1];
}

/** The finalizer of MurmurHash3: every input bit affects every output bit. */
function mix(hash: number) {
  let h = hash | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
