import { squareColumns } from '../images/imageGrid.js';
import type { Progress } from './chunks.js';
import { distanceFromCodes, greatCircle, pathThrough } from './paths.js';
import type { TrainedModel } from './trainedModel.js';

/** A path through points, or a great circle through two. */
export interface Traversal {
  /** Of the whole circle, or from one point to the next, both included. */
  frames: number;
  loop?: boolean | undefined;
  circle?: boolean | undefined;
}

/**
 * @param points codes [rows, points per row, M]
 * @returns codes [rows * codes per row, M]
 * @throws {InputError} if a great circle has equal or opposite points
 */
export function traverse(
  { prior, latentSize }: TrainedModel,
  points: Float32Array,
  rows: number,
  { frames, loop, circle }: Traversal,
): Float32Array {
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

/** Distances are multiples of 1 / LEVELS, so that codes at similar distances share a batch. */
const LEVELS = 32;

/**
 * @param points codes of images [points, M]
 * @param codes [N, M] of one row of `traverse`
 * @returns values in [-1, 1], [N, C, H, W]
 */
export async function decodeTraversal(
  model: TrainedModel,
  points: Float32Array,
  codes: Float32Array,
  onProgress?: Progress,
): Promise<Float32Array> {
  const { latentSize, imageElements } = model;
  const isBlended = model.pair.generator.separateStatistics;
  const rowsOf = (data: Float32Array) =>
    Array.from({ length: data.length / latentSize }, (_, row) =>
      data.subarray(row * latentSize, (row + 1) * latentSize),
    );
  const [nearby, rows] = [rowsOf(points), rowsOf(codes)];
  const levels = rows.map((code) => (isBlended ? Math.round(LEVELS * distanceFromCodes(code, nearby)) : 0));
  const images = new Float32Array(rows.length * imageElements);
  let done = 0;
  for (const level of new Set(levels)) {
    onProgress?.(done, rows.length);
    const indices = [...levels.keys()].filter((index) => levels[index] === level);
    const part = Float32Array.from(indices.flatMap((index) => [...rows[index]!]));
    const decoded = await model.decode({ z: part, distance: level / LEVELS });
    indices.forEach((index, place) =>
      images.set(decoded.subarray(place * imageElements, (place + 1) * imageElements), index * imageElements),
    );
    done += indices.length;
  }
  onProgress?.(rows.length, rows.length);
  return images;
}

/** Each row is a traversal, but a single circle or path of several segments is wrapped. */
export function traversalColumns(perRow: number, rows: number, { frames, circle, loop }: Traversal): number {
  if (rows > 1) return perRow;
  if (circle) return squareColumns(perRow);
  const segments = Math.round(loop ? perRow / (frames - 1) : (perRow - 1) / (frames - 1));
  return segments > 1 ? frames - 1 : perRow;
}
