import {
  add,
  argMin,
  cast,
  constantTensor,
  equal,
  log,
  matMul,
  meanOf,
  mul,
  reduceSum,
  reshape,
  square,
  stopGradient,
  sub,
  sumOf,
  transposeMatrix,
  type Value,
} from '../../engine/index.js';
import type { Divergence } from '../terms.js';

const MIN_DISTANCE = 1e-4;

/**
 * mean(q^2) / 2 - H, with the entropy estimate H = (M / N) sum_i log(d_i + 1e-4). Here d_i is the squared distance
 * of code i to its nearest neighbor in the batch. It has no lower bound.
 */
export const nearest: Divergence = {
  of: (codes) => {
    const [count, latentSize] = codes.shape as [number, number];
    const distances = reduceSum(square(sub(codes, matMul(nearestNeighbors(codes), codes))), [1]);
    const entropy = mul(sumOf(log(add(distances, MIN_DISTANCE))), latentSize / count);
    return sub(mul(meanOf(square(codes)), 0.5), entropy);
  },
};

/**
 * Returns the matrix `[N, N]` whose row i selects the nearest neighbor of code i, a constant to the gradient. Only
 * the choice uses inner products, which lose precision between close codes.
 */
function nearestNeighbors(codes: Value): Value {
  const count = codes.shape[0]!;
  const norms = reduceSum(square(codes), [1]);
  const distances = sub(add(norms, reshape(norms, [1, count])), mul(matMul(codes, transposeMatrix(codes)), 2));
  const indices = argMin(add(distances, excludeSelf(count)), 1);
  const columns = constantTensor({
    type: 'int64',
    shape: [1, count],
    data: BigInt64Array.from({ length: count }, (_, index) => BigInt(index)),
  });
  return stopGradient(cast(equal(indices, columns), 'float32'));
}

function excludeSelf(count: number): Value {
  const data = new Float32Array(count * count);
  for (let index = 0; index < count; index++) data[index * (count + 1)] = 1e30;
  return constantTensor({ type: 'float32', shape: [count, count], data });
}
