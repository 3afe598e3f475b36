import { InputError } from '../errors.js';
import { checkPair, checkWhole, type Features } from '../numerics/features.js';
import { dot } from '../numerics/matrixProduct.js';

export interface NearestCodes {
  /** Rows [count], the nearest first; of equal ones the smaller number. */
  indices: Uint32Array;
  /** [count], -1 to 1. */
  cosines: Float64Array;
}

/**
 * Returns the rows with the largest cosine with a query [M].
 * @param codes [N, M]
 * @param count at most N
 * @throws {InputError} if the count exceeds N, widths differ, a value is not finite, or a norm is 0
 */
export function nearestCodes(query: Float32Array | Float64Array, codes: Features, count: number): NearestCodes {
  checkWhole(count, 'count');
  const [rows] = checkPair(codes, 'codes', { data: query, width: query.length }, 'query');
  if (count > rows) throw new InputError('count', `${count} requested, but there are only ${rows} codes`);
  const length = Math.hypot(...query);
  if (length === 0) throw new InputError('query', 'is the zero vector, so its cosine is undefined');
  const cosines = Float64Array.from({ length: rows }, (_, row) => cosineAt(query, length, codes, row));
  const indices = Uint32Array.from(Array(rows).keys())
    .sort((a, b) => cosines[b]! - cosines[a]! || a - b)
    .slice(0, count);
  return { indices, cosines: Float64Array.from(indices, (row) => cosines[row]!) };
}

function cosineAt(query: Float32Array | Float64Array, length: number, { data, width }: Features, row: number) {
  const code = data.subarray(row * width, (row + 1) * width);
  const square = dot(code, code);
  if (square === 0) throw new InputError('codes', `row ${row} is the zero vector, so its cosine is undefined`);
  return Math.max(-1, Math.min(1, dot(code, query) / (length * Math.sqrt(square))));
}
