import { InputError } from '../errors.js';
import { randomStream } from '../random.js';

/** Indices of the images of two parts, in rising order. */
export interface Partition {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/**
 * Takes about `fraction` of the named images to test on. Which ones depends on each image's own name and the seed alone: adding or removing
 * others moves none from one part to the other, so that none that was trained on is ever tested on. With two images or more, neither
 * part is empty. Throws InputError for a fraction that leaves no part.
 */
export function partitionByName(names: readonly string[], fraction: number, seed: number): Partition {
  if (!(fraction > 0 && fraction < 1)) throw new InputError(`test fraction ${fraction}: should be above 0 and below 1, such as 0.1`);
  const draws = names.map((name) => randomStream(seed, `part of ${name}`).uniform());
  const isTest = draws.map((draw) => draw < fraction);
  if (names.length > 1) {
    // The nearest to the other part goes there where there would be none.
    if (!isTest.includes(true)) isTest[draws.indexOf(least(draws))] = true;
    if (!isTest.includes(false)) isTest[draws.indexOf(-least(draws.map((draw) => -draw)))] = false;
  }
  return partitionBy(names.length, (index) => isTest[index]!);
}

/** Both parts of `count` images, of which those are tested on that a function says. */
export function partitionBy(count: number, isTest: (index: number) => boolean): Partition {
  const [train, test]: [number[], number[]] = [[], []];
  for (let index = 0; index < count; index++) (isTest(index) ? test : train).push(index);
  return { train: Uint32Array.from(train), test: Uint32Array.from(test) };
}

/** Without spreading, which runs out of stack at some hundred thousand. */
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
