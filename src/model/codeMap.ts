import type { Features } from '../numerics/features.js';
import { nearestOtherRows } from '../numerics/nearestRows.js';
import { principalComponents, projectOnComponents } from '../numerics/principalComponents.js';
import { type RandomStream, randomStream } from '../random.js';
import { UMAP } from 'umap-js';

/** Neighbors that a row should stay near, itself counted: small enough for clusters, large enough for how they lie. */
const NEIGHBORS = 15;
/** Half a side of the square that rows begin in. */
const REACH = 10;
/** What moves rows apart that begin at one place. */
const NOISE = 1e-4;

/**
 * Lays rows out in the plane by UMAP (McInnes et al. 2018), so that near ones stay near: their neighbors are sought exactly, and they begin
 * along their two principal components, which keeps the whole in shape (Kobak and Linderman 2021).
 * @param rows [N, M], N >= 2 and M >= 2
 * @param stream determines the layout
 * @returns coordinates [N, 2]
 * @throws {InputError} for fewer, and for numbers that are not finite
 */
function umapLayout(rows: Features, stream: RandomStream): Float64Array {
  const start = projectOnComponents(rows, principalComponents(rows, 2));
  const count = start.length / 2;
  // Two have no neighbor beside each other, of which anything could be learnt.
  if (count < 3) return start;
  const neighbors = Math.min(NEIGHBORS, count - 1);
  const umap = new UMAP({ nComponents: 2, nNeighbors: neighbors, random: () => stream.uniform() });
  const { indices, distances } = neighborLists(rows, count, neighbors);
  umap.setPrecomputedKNN(indices, distances);
  // Of rows whose neighbors are given nothing but their number is read.
  const epochs = umap.initializeFit(Array.from({ length: count }, () => []));
  const points = umap.getEmbedding();
  const scale = REACH / (start.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);
  points.forEach((point, row) => {
    for (const axis of [0, 1]) point[axis] = scale * start[2 * row + axis]! + NOISE * stream.uniform();
  });
  for (let epoch = 0; epoch < epochs; epoch++) umap.step();
  return Float64Array.from(points.flat());
}

/** The nearest rows of each and how far they are, each row first in its own list, as UMAP counts. */
function neighborLists(rows: Features, count: number, neighbors: number): { readonly indices: number[][]; readonly distances: number[][] } {
  const near = nearestOtherRows(rows, neighbors - 1);
  const lists = <T>(of: (place: number) => T, self: (row: number) => T): T[][] =>
    Array.from({ length: count }, (_, row) => [self(row), ...Array.from({ length: near.count }, (_, place) => of(row * near.count + place))]);
  return {
    indices: lists(
      (place) => near.indices[place]!,
      (row) => row,
    ),
    distances: lists(
      (place) => Math.sqrt(near.squaredDistances[place]!),
      () => 0,
    ),
  };
}

/** Codes laid out in the plane. */
export interface CodeMap {
  /** Coordinates [N, 2]. */
  readonly points: Float64Array;
  /** Fraction of the total variance along each axis, if the axes are directions in latent space. */
  readonly explainedVarianceRatio?: Float64Array;
}

/** The ways to lay codes [N, M] out in the plane; another is one more entry. */
export const CODE_MAPS = {
  /** Along the two directions in which codes vary most. */
  pca: (codes: Features): CodeMap => {
    const components = principalComponents(codes, 2);
    return { points: projectOnComponents(codes, components), explainedVarianceRatio: components.explainedVarianceRatio };
  },
  /** So that neighbors stay neighbors; only the near has a meaning in it. */
  umap: (codes: Features, stream: RandomStream): CodeMap => ({ points: umapLayout(codes, stream) }),
} as const;
export type MapMethod = keyof typeof CODE_MAPS;

/**
 * Lays codes out in the plane, so that similar ones lie near each other.
 * @param codes [N, M], N >= 2 and M >= 2
 * @param seed determines the layout of a method that draws
 * @throws {InputError} for fewer, and for numbers that are not finite
 */
export const mapCodes = (codes: Features, method: MapMethod = 'pca', seed = 0): CodeMap => CODE_MAPS[method](codes, randomStream(seed, 'layout of codes'));
