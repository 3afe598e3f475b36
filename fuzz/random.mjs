/** Random choices that follow from a seed, so that every case can be generated again by its number. */
export class Random {
  #state;

  /** @param {...(number | string)} seeds values that together determine all choices */
  constructor(...seeds) {
    this.#state = hash(seeds.join('/'));
  }

  /** Returns a number in [0, 1) (mulberry32). */
  unit() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns a whole number from 0 to below a limit. */
  below(limit) {
    return Math.floor(this.unit() * limit);
  }

  /** Returns whether an event of a probability happens. */
  chance(probability) {
    return this.unit() < probability;
  }

  /**
   * Returns one of several values.
   * @template T
   * @param {readonly T[]} values
   * @returns {T}
   */
  pick(values) {
    return values[this.below(values.length)];
  }

  /** Returns one of the first elements of pairs, with probabilities proportional to the second. */
  weighted(pairs) {
    const total = pairs.reduce((sum, [, weight]) => sum + weight, 0);
    let rest = this.unit() * total;
    return (pairs.find(([, weight]) => (rest -= weight) < 0) ?? pairs[0])[0];
  }
}

/** FNV-1a, so that neighboring seeds give unrelated states. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value ^ (value >>> 15);
}
