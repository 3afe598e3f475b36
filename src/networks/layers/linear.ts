import { add, matMul, reshape, sizeOf, transposeMatrix } from '../../engine/index.js';
import { type Layer, uniform } from '../layer.js';

/** W x + b with `weight` `[out, in]` and PyTorch's initial weights; flattens each input to `[in]`. */
export function linear(inputs: number, outputs: number): Layer {
  const limit = 1 / Math.sqrt(inputs);
  return {
    parameters: {
      weight: { shape: [outputs, inputs], initialize: uniform(limit) },
      bias: { shape: [outputs], initialize: uniform(limit) },
    },
    outputShape: () => [outputs],
    forward: (x, { parameter }) =>
      add(
        matMul(reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]), transposeMatrix(parameter('weight'))),
        parameter('bias'),
      ),
    flops: () => 2 * inputs * outputs + outputs,
  };
}
