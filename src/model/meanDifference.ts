import { InputError } from '../errors.js';

/** Numbers of rows, in any order. */
export type RowNumbers = Uint32Array | readonly number[];

/** What tells codes with something from codes without it. */
export interface MeanDifference {
  /** `meanWith` minus `meanWithout` [M], not normalised. */
  readonly direction: Float32Array;
  /** Mean codes [M]; on the sphere these lie inside of it, the nearer to its middle the more their codes differ. */
  readonly meanWith: Float32Array;
  readonly meanWithout: Float32Array;
}

/**
 * Code arithmetic: the direction from codes without something to codes with it, as the difference of their means. `moveCodes` moves
 * along it.
 * @param codes [N, M]
 * @param rowsWith, rowsWithout row numbers below N, at least one of each
 * @throws InputError where there is none
 */
export function meanDifference(codes: Float32Array, latent: number, rowsWith: RowNumbers, rowsWithout: RowNumbers): MeanDifference {
  const meanWith = meanOfRows(codes, latent, rowsWith, 'with');
  const meanWithout = meanOfRows(codes, latent, rowsWithout, 'without');
  return { direction: meanWith.map((value, index) => value - meanWithout[index]!), meanWith, meanWithout };
}

/** In double precision, however many rows there are. */
function meanOfRows(codes: Float32Array, latent: number, rows: RowNumbers, kind: string): Float32Array {
  if (rows.length === 0) throw new InputError(`mean difference: there are no codes ${kind} it`);
  const sum = new Float64Array(latent);
  for (const row of rows) {
    for (let index = 0; index < latent; index++) sum[index]! += codes[row * latent + index]!;
  }
  return Float32Array.from(sum, (value) => value / rows.length);
}
