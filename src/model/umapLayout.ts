import { UMAP } from 'umap-js';
import type { RandomStream } from '../random.js';
import type { Features } from '../numerics/features.js';
import { nearestOtherRows } from '../numerics/nearestRows.js';
import { principalComponents, projectOnComponents } from '../numerics/principalComponents.js';

/** Neighbours that a row should stay near, itself counted: small enough for clusters, large enough for how they lie. */
const NEIGHBOURS = 15;
/** Half a side of the square that rows begin in. */
const REACH = 10;
/** What moves rows apart that begin at one place. */
const NOISE = 1e-4;

/**
 * Lays rows out in the plane by UMAP (McInnes et al. 2018), so that near ones stay near: their neighbours are sought exactly, and they begin
 * along their two principal components, which keeps the whole in shape (Kobak and Linderman 2021).
 * @param rows [N, M], N >= 2 and M >= 2
 * @param stream determines the layout
 * @returns coordinates [N, 2]
 * @throws InputError for fewer, and for numbers that are not finite
 */
export function umapLayout(rows: Features, stream: RandomStream): Float64Array {
  const start = projectOnComponents(rows, principalComponents(rows, 2));
  const count = start.length / 2;
  // Two have no neighbour beside each other, of which anything could be learnt.
  if (count < 3) return start;
  const neighbours = Math.min(NEIGHBOURS, count - 1);
  const umap = new UMAP({ nComponents: 2, nNeighbors: neighbours, random: () => stream.uniform() });
  const { indices, distances } = neighbourLists(rows, count, neighbours);
  umap.setPrecomputedKNN(indices, distances);
  // Of rows whose neighbours are given nothing but their number is read.
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
function neighbourLists(rows: Features, count: number, neighbours: number): { readonly indices: number[][]; readonly distances: number[][] } {
  const near = nearestOtherRows(rows, neighbours - 1);
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
