import { InputError } from '../errors.js';
import { type RandomStream, shuffledIndices } from '../random.js';

/** Rows [N, width], such as features of images, or codes. */
export interface Features {
  data: Float32Array | Float64Array;
  width: number;
}

/** Returns the number of rows. */
export function checkFeatures({ data, width }: Features, name: string, least = 1) {
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

export function checkPair(a: Features, nameOfA: string, b: Features, nameOfB: string, least = 1) {
  if (a.width !== b.width)
    throw new InputError(nameOfB, `rows are ${b.width} wide, but the ${nameOfA} are ${a.width} wide`);
  return [checkFeatures(a, nameOfA, least), checkFeatures(b, nameOfB, least)] as const;
}

export function gatherRows({ data, width }: Features, indices: ArrayLike<number>): Features {
  const gathered = new Float64Array(indices.length * width);
  for (let row = 0; row < indices.length; row++)
    gathered.set(data.subarray(indices[row]! * width, (indices[row]! + 1) * width), row * width);
  return { data: gathered, width };
}

/** Returns the rows with each label from 0 to `count` - 1, ascending. */
export function rowsByLabel(labels: ArrayLike<number>, count: number) {
  const rows = Array.from({ length: count }, (): number[] => []);
  for (let row = 0; row < labels.length; row++) rows[labels[row]!]!.push(row);
  return rows;
}

/** Returns `count` equal rows, one after another. */
export function repeated(row: Float32Array, count: number): Float32Array {
  const rows = new Float32Array(count * row.length);
  for (let index = 0; index < count; index++) rows.set(row, index * row.length);
  return rows;
}

/** Draws without replacement; returns all rows if there are fewer. */
export const randomRows = (set: Features, count: number, stream: RandomStream): Features =>
  gatherRows(set, shuffledIndices(rowsIn(set), stream).subarray(0, count));

export function columnMeans({ data, width }: Features): Float64Array {
  const means = new Float64Array(width);
  const rows = data.length / width;
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < width; column++, index++) means[column]! += data[index]!;
  }
  return means.map((sum) => sum / rows);
}

/** Divides by N. A difference of moments could be negative. */
export function columnMoments({ data, width }: Features) {
  const means = columnMeans({ data, width });
  const squares = Float64Array.from(data, (value, index) => (value - means[index % width]!) ** 2);
  return { means, variances: columnMeans({ data: squares, width }) };
}

export function checkWhole(value: number, name: string, least = 1) {
  if (!Number.isInteger(value) || value < least)
    throw new InputError(name, `is ${value}, but must be a whole number of ${least} or more`);
}

export const rowsIn = ({ data, width }: Features) => data.length / width;

export function sumOf(values: Iterable<number>) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

export const meanOf = (values: ArrayLike<number> & Iterable<number>) => sumOf(values) / values.length;

export const largestMagnitude = (values: Float64Array) =>
  values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

/** The standard deviation is that of a population, as numpy.std. */
export function meanAndStd(values: readonly number[]) {
  const mean = meanOf(values);
  return { mean, std: Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2))) };
}

export function argmaxRows({ data, width }: Features): Uint32Array {
  return Uint32Array.from({ length: data.length / width }, (_, row) => {
    let best = 0;
    for (let column = 1; column < width; column++)
      if (data[row * width + column]! > data[row * width + best]!) best = column;
    return best;
  });
}

export function medianOf(values: Float64Array) {
  const sorted = values.slice().sort();
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Averages the cosines of rows of the same index; a row of zeros has the cosine 0. */
export function meanCosine(a: Features, b: Features) {
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
