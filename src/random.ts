import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Largest seed, 2^32 - 1. */
export const LARGEST_SEED = 0xffffffff;

/**
 * A stream of random numbers that is a function of a seed, a purpose and an index (a step, an epoch). Nothing has to be saved to go
 * on later: the draws of step 1000 are the same whether or not steps 1 to 999 ran in this process.
 */
export interface RandomStream {
  /** A whole number from 0 to count - 1, each as likely. */
  below(count: number): number;
  /** A number in [0, 1), a multiple of 2^-32. */
  uniform(): number;
  /** Fills an array with independent standard normal draws. */
  fillNormal<T extends Float32Array>(target: T): T;
}

/** The stream of this seed, purpose and index. */
export function randomStream(seed: number, purpose: string, index = 0): RandomStream {
  const generator = xoroshiro128plusFromState(stateOf(seed, purpose, index));
  const uniform = () => (generator.next() >>> 0) / 2 ** 32;
  return {
    below: (count) => uniformInt(generator, 0, count - 1),
    uniform,
    fillNormal(target) {
      for (let index = 0; index < target.length; index += 2) {
        // Box and Muller: two uniform draws to two normal ones; 1 - u is never 0.
        const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
        const angle = 2 * Math.PI * uniform();
        target[index] = radius * Math.cos(angle);
        if (index + 1 < target.length) target[index + 1] = radius * Math.sin(angle);
      }
      return target;
    },
  };
}

/** The numbers 0 to count - 1 in an order drawn from the stream (Fisher and Yates). */
export function shuffledIndices(count: number, stream: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = stream.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** A 128-bit generator state that differs wherever seed, purpose or index do: each word mixes all of them and its own place. */
function stateOf(seed: number, purpose: string, index: number): [number, number, number, number] {
  const words = [seed >>> 0, index >>> 0, Math.floor(index / 2 ** 32), ...Array.from(purpose, (letter) => letter.codePointAt(0)!)];
  const [a, b, c, d] = [1, 2, 3, 4].map((place) => words.reduce((hash, word) => mix(hash ^ mix(word + place * 0x9e3779b9)), place * 0x85ebca6b));
  return [a!, b!, c!, d! | 1];
}

/** The finaliser of MurmurHash3: every bit of the argument moves every bit of the result. */
function mix(hash: number): number {
  let h = hash | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
