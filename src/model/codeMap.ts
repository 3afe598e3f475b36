import { type Features, largestMagnitude } from '../numerics/features.js';
import { nearestOtherRows } from '../numerics/nearestRows.js';
import { principalComponents, projectOnComponents } from '../numerics/principalComponents.js';
import { type RandomStream, randomStream } from '../random.js';
import type { Progress } from './chunks.js';

/** With the row itself; enough for the arrangement of clusters. */
const NEIGHBORS = 15;
const REACH = 10;
/** Separates rows with equal initial positions. */
const NOISE = 1e-4;

/**
 * Lays rows [N, M] out on a plane [N, 2] by UMAP (McInnes et al. 2018) with exact neighbors. Principal components as
 * initial positions preserve the global structure (Kobak and Linderman 2021).
 */
async function umapLayout(rows: Features, stream: RandomStream, onProgress?: Progress): Promise<Float64Array> {
  const start = projectOnComponents(rows, principalComponents(rows, 2));
  const count = start.length / 2;
  // It needs at least two neighbors per row.
  if (count < 3) return start;
  const neighbors = Math.min(NEIGHBORS, count - 1);
  const { UMAP } = await import('umap-js');
  const umap = new UMAP({ nComponents: 2, nNeighbors: neighbors, random: () => stream.uniform() });
  const { indices, distances } = neighborLists(rows, count, neighbors);
  umap.setPrecomputedKNN(indices, distances);
  // It reads only their number.
  const epochs = umap.initializeFit(Array.from({ length: count }, () => []));
  const points = umap.getEmbedding();
  const scale = REACH / (largestMagnitude(start) || 1);
  points.forEach((point, row) => {
    for (const axis of [0, 1]) point[axis] = scale * start[2 * row + axis]! + NOISE * stream.uniform();
  });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    umap.step();
    onProgress?.(epoch, epochs);
  }
  return Float64Array.from(points.flat());
}

/** Each list starts with the row itself, as UMAP expects. */
function neighborLists(rows: Features, count: number, neighbors: number) {
  const near = nearestOtherRows(rows, neighbors - 1);
  const indices: number[][] = [];
  const distances: number[][] = [];
  for (let row = 0; row < count; row++) {
    const [start, end] = [row * near.count, (row + 1) * near.count];
    indices.push([row, ...near.indices.subarray(start, end)]);
    distances.push([0, ...near.squaredDistances.subarray(start, end).map(Math.sqrt)]);
  }
  return { indices, distances };
}

export interface CodeMap {
  /** [N, 2] */
  points: Float64Array;
  /** Fraction of the total variance along each axis, if axes are directions in latent space. */
  explainedVarianceRatio?: Float64Array;
}

export const CODE_MAPS = {
  /** The two directions of largest variance. */
  pca: (codes: Features): CodeMap => {
    const components = principalComponents(codes, 2);
    return {
      points: projectOnComponents(codes, components),
      explainedVarianceRatio: components.explainedVarianceRatio,
    };
  },
  /** Preserves neighborhoods; distances between clusters are not meaningful. */
  umap: async (codes: Features, stream: RandomStream, onProgress?: Progress): Promise<CodeMap> => ({
    points: await umapLayout(codes, stream, onProgress),
  }),
} as const;
export type MapMethod = keyof typeof CODE_MAPS;

/**
 * Lays codes out on a plane, with similar codes close together.
 * @param codes [N, M], N >= 2 and M >= 2
 * @param onProgress receives the epochs of UMAP
 * @throws {InputError} if there are fewer codes or dimensions, or a value is not finite
 */
export const mapCodes = async (
  codes: Features,
  method: MapMethod = 'pca',
  seed = 0,
  onProgress?: Progress,
): Promise<CodeMap> => CODE_MAPS[method](codes, randomStream(seed, 'layout of codes'), onProgress);
