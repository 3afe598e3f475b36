import { squareColumns } from '../images/imageGrid.js';
import { greatCircle, pathThrough } from './paths.js';
import type { TrainedModel } from './trainedModel.js';

/** A latent traversal: a path through points, or a great circle through two points. */
export interface Traversal {
  /** Codes from one point to the next, both included; around the circle, of the whole circle. */
  readonly frames: number;
  /** Whether the path returns from the last point to the first. */
  readonly loop?: boolean | undefined;
  readonly circle?: boolean | undefined;
}

/**
 * Computes codes [rows * codes per row, M] of a traversal of each row of points.
 * @param points codes [rows, points per row, M]
 * @throws {InputError} if a great circle is requested and its two codes are equal or opposite
 */
export function traverse({ prior, latentSize }: TrainedModel, points: Float32Array, rows: number, { frames, loop, circle }: Traversal): Float32Array {
  const perRow = points.length / rows;
  const paths = Array.from({ length: rows }, (_, row) => {
    const through = points.subarray(row * perRow, (row + 1) * perRow);
    if (circle) return greatCircle(through.subarray(0, latentSize), through.subarray(latentSize), frames);
    return pathThrough(prior, through, latentSize, frames, loop);
  });
  const codes = new Float32Array(rows * paths[0]!.length);
  paths.forEach((path, row) => codes.set(path, row * path.length));
  return codes;
}

/** Returns the columns of an image grid of traversals: one row each, except that a single circle or a path of several segments is wrapped. */
export function traversalColumns(perRow: number, rows: number, { frames, circle, loop }: Traversal): number {
  if (rows > 1) return perRow;
  if (circle) return squareColumns(perRow);
  const segments = Math.round(loop ? perRow / (frames - 1) : (perRow - 1) / (frames - 1));
  return segments > 1 ? frames - 1 : perRow;
}
