import { InputError } from '../errors.js';

/** Vectors of one length, row-major [N, width]: features of images, or codes. */
export interface Features {
  readonly data: Float32Array | Float64Array;
  /** Length of a row, 1 or more. */
  readonly width: number;
}

/**
 * Returns the number of rows, after a check that they are complete and finite.
 * @param name name of the rows in messages, such as `real features`
 * @param least minimum number of rows
 * @throws {InputError} if the width does not divide the number of values, there are fewer rows, or a value is NaN or infinite
 */
export function checkFeatures({ data, width }: Features, name: string, least = 1): number {
  if (!Number.isInteger(width) || width < 1)
    throw new InputError(name, `the width is ${width}, but must be a whole number of 1 or more`);
  if (data.length % width !== 0)
    throw new InputError(name, `${data.length} numbers are not a whole number of rows of width ${width}`);
  const rows = data.length / width;
  if (rows < least) throw new InputError(name, `there are ${rows} rows, but at least ${least} are required`);
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const position = `row ${Math.floor(wrong / width)}, column ${wrong % width}`;
    throw new InputError(name, `${position} is ${data[wrong]}, but must be finite`);
  }
  return rows;
}

/**
 * Returns the numbers of rows of two sets of equal width.
 * @throws {InputError} as for `checkFeatures`, and if the widths differ
 */
export function checkPair(
  a: Features,
  nameOfA: string,
  b: Features,
  nameOfB: string,
  least = 1,
): [rowsOfA: number, rowsOfB: number] {
  if (a.width !== b.width)
    throw new InputError(nameOfB, `rows are ${b.width} wide, but the ${nameOfA} are ${a.width} wide`);
  return [checkFeatures(a, nameOfA, least), checkFeatures(b, nameOfB, least)];
}

/** Returns the rows at the given indices, in that order, as a copy in double precision. */
export function gatherRows({ data, width }: Features, indices: ArrayLike<number>): Features {
  const gathered = new Float64Array(indices.length * width);
  for (let row = 0; row < indices.length; row++)
    gathered.set(data.subarray(indices[row]! * width, (indices[row]! + 1) * width), row * width);
  return { data: gathered, width };
}

/** Returns the mean of every column, in double precision. */
export function columnMeans({ data, width }: Features): Float64Array {
  const means = new Float64Array(width);
  const rows = data.length / width;
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < width; column++, index++) means[column]! += data[index]!;
  }
  return means.map((sum) => sum / rows);
}

/**
 * Checks that a value is an integer of `least` or more.
 * @throws {InputError} otherwise
 */
export function checkWhole(value: number, name: string, least = 1): void {
  if (!Number.isInteger(value) || value < least)
    throw new InputError(name, `is ${value}, but must be a whole number of ${least} or more`);
}

/** Returns the number of rows. */
export const rowsIn = ({ data, width }: Features): number => data.length / width;

/** Returns the mean and the population standard deviation, as numpy.std. */
export function meanAndStd(values: ArrayLike<number>): { readonly mean: number; readonly std: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return { mean, std: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length) };
}

/** Returns the index of the maximum of each row; the first of equal ones. */
export function argmaxRows({ data, width }: Features): Uint32Array {
  return Uint32Array.from({ length: data.length / width }, (_, row) => {
    let best = 0;
    for (let column = 1; column < width; column++)
      if (data[row * width + column]! > data[row * width + best]!) best = column;
    return best;
  });
}

/** Returns the median; for an even count, the mean of the two middle values. */
export function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Returns the mean cosine of the rows of two sets, row by row, [N, M] both. The cosine of a row of zeros counts as 0. */
export function meanCosine(a: Features, b: Features): number {
  let total = 0;
  for (let start = 0; start < a.data.length; start += a.width) {
    let [product, squaresOfA, squaresOfB] = [0, 0, 0];
    for (let index = start; index < start + a.width; index++) {
      product += a.data[index]! * b.data[index]!;
      squaresOfA += a.data[index]! ** 2;
      squaresOfB += b.data[index]! ** 2;
    }
    const norms = Math.sqrt(squaresOfA * squaresOfB);
    // Rounding may exceed 1.
    if (norms > 0) total += Math.max(-1, Math.min(1, product / norms));
  }
  return (total * a.width) / a.data.length;
}
