/**
 * Blocks of pixels, by matrix products: with few channels, the blocked layout of `averagePool` takes longer than all
 * convolutions of a network.
 */
import { constantTensor, matMul, mul, transposeMatrix, type Value } from '../engine/index.js';

/** A row per block of `factor` pixels, of which it takes the mean. */
const blockMeans = (size: number, factor: number) =>
  constantTensor({
    type: 'float32',
    shape: [size / factor, size],
    data: Float32Array.from({ length: (size * size) / factor }, (_, index) =>
      Math.floor((index % size) / factor) === Math.floor(index / size) ? 1 / factor : 0,
    ),
  });

/** Reduces pictures `[N, C, H, H]` to the means of blocks of factor x factor pixels. */
export function meanOfBlocks(pictures: Value, factor: number): Value {
  const means = blockMeans(pictures.shape[3]!, factor);
  return matMul(matMul(means, pictures), transposeMatrix(means));
}

/** Replaces each block of factor x factor pixels of pictures `[N, C, H, H]` by its mean. */
export function withoutDetail(pictures: Value, factor: number): Value {
  const means = blockMeans(pictures.shape[3]!, factor);
  const projection = mul(matMul(transposeMatrix(means), means), factor);
  return matMul(matMul(projection, pictures), projection);
}
