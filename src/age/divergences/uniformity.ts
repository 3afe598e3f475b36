import { constantTensor, exp, log, matMul, mul, sumOf, transposeMatrix, type Value } from '../../engine/index.js';
import type { Divergence } from '../terms.js';

/** t in exp(t z·z'): how much more close pairs count than distant ones. */
const CONCENTRATION = 2;

/**
 * The divergence of pairs, log mean exp(2 z_i·z_j) over i != j, from -2 / (N - 1) to 2 on the sphere. Among distributions on the sphere,
 * only the uniform one minimizes its expectation (uniformity; Wang and Isola 2020). Unlike those of fitted Gaussians it detects correlations of
 * coordinates, and is bounded above.
 */
export const uniformity: Divergence = {
  of: (codes) => {
    const count = codes.shape[0]!;
    const similarities = matMul(codes, transposeMatrix(codes));
    return log(mul(sumOf(mul(exp(mul(similarities, CONCENTRATION)), differentPairs(count))), 1 / (count * (count - 1))));
  },
  // The value that the mean over pairs of uniform codes is expected to have; a batch can be a little below.
  min: (_, latentSize) => Math.log(meanOfUniform(latentSize)),
  prior: 'sphere',
  isPairwise: true,
};

/** A matrix [N, N] of ones with zeros on the diagonal. */
function differentPairs(count: number): Value {
  const data = new Float32Array(count * count).fill(1);
  for (let index = 0; index < count; index++) data[index * (count + 1)] = 0;
  return constantTensor({ type: 'float32', shape: [count, count], data });
}

/** The mean of exp(t u·v) over uniform u and v: the series of 0F1(; M / 2; t^2 / 4). */
function meanOfUniform(latentSize: number): number {
  let [sum, term] = [0, 1];
  for (let order = 0; term > sum * Number.EPSILON; order++) {
    sum += term;
    term *= CONCENTRATION ** 2 / 4 / ((order + 1) * (latentSize / 2 + order));
  }
  return sum;
}
