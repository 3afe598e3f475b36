import { randomStream } from '../random.js';
import { type Features, gatherRows, randomRows, rowsIn } from './features.js';
import { dot, forEachProduct } from './matrixProduct.js';

const PASSES = 20;

/**
 * Returns the cluster of each row by k-means (Lloyd's algorithm from random rows, 20 passes). Clusters may be empty if
 * rows are equal.
 */
export function kMeans(rows: Features, clusters: number): Uint32Array {
  const stream = randomStream(0, 'k-means');
  let centers = randomRows(rows, clusters, stream);
  let nearest = nearestCenters(rows, centers);
  for (let pass = 1; pass < PASSES; pass++) {
    centers = centersOf(rows, nearest, clusters, () => stream.below(rowsIn(rows)));
    nearest = nearestCenters(rows, centers);
  }
  return nearest;
}

/** @param replacement the row that replaces the center of an empty cluster */
function centersOf(rows: Features, nearest: Uint32Array, clusters: number, replacement: () => number): Features {
  const { width } = rows;
  const data = new Float64Array(clusters * width);
  const counts = new Float64Array(clusters);
  for (const [row, cluster] of nearest.entries()) {
    counts[cluster]!++;
    for (let column = 0; column < width; column++) data[cluster * width + column]! += rows.data[row * width + column]!;
  }
  for (const [cluster, count] of counts.entries()) {
    const center = data.subarray(cluster * width, (cluster + 1) * width);
    if (count === 0) center.set(gatherRows(rows, [replacement()]).data);
    else for (let column = 0; column < width; column++) center[column]! /= count;
  }
  return { data, width };
}

function nearestCenters(rows: Features, centers: Features) {
  const { width } = rows;
  const halfSquares = Array.from({ length: rowsIn(centers) }, (_, index) => {
    const center = centers.data.subarray(index * width, (index + 1) * width);
    return dot(center, center) / 2;
  });
  const nearest = new Uint32Array(rowsIn(rows));
  const best = new Float64Array(nearest.length).fill(-Infinity);
  forEachProduct(rows, centers, (row, center, product) => {
    const score = product - halfSquares[center]!;
    if (score <= best[row]!) return;
    best[row] = score;
    nearest[row] = center;
  });
  return nearest;
}
