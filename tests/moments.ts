/** Moments of a sample, in double precision. */
export const meanOf = (values: ArrayLike<number>): number => sumOf(values, (value) => value) / values.length;

/** The mean square distance from the mean: the biased variance. */
export function varianceOf(values: ArrayLike<number>): number {
  const mean = meanOf(values);
  return sumOf(values, (value) => (value - mean) ** 2) / values.length;
}

export const deviationOf = (values: ArrayLike<number>): number => Math.sqrt(varianceOf(values));

/** The fourth central moment over the squared variance: 3 for a normal distribution, 1.8 for a uniform one. */
export function kurtosisOf(values: ArrayLike<number>): number {
  const mean = meanOf(values);
  return sumOf(values, (value) => (value - mean) ** 4) / values.length / varianceOf(values) ** 2;
}

const sumOf = (values: ArrayLike<number>, term: (value: number) => number): number =>
  Array.from(values).reduce((total, value) => total + term(value), 0);
