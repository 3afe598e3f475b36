import { graphOf, rewriteGraph } from './graph.js';
import {
  add,
  batchNormalization,
  BatchNormInference,
  batchStatistics,
  cast,
  Dropout,
  greaterOrEqual,
  mul,
  randomUniformLike,
  reshape,
} from './operators/index.js';
import { ShapeError, showShape, sizeOf } from './shape.js';
import type { ComputedValue, Value } from './value.js';

/** Values as in PyTorch's `model.train()`. */
export interface TrainingMode {
  values: Record<string, Value>;
  /** Running statistics after the batch, by the leaf that has them before it. */
  nextStatistics: ReadonlyMap<Value, Value>;
}

/** Generators of neighboring seeds are correlated in some builds of ONNX Runtime. */
const seedOf = (seed: number, index: number) => ((seed + 1) * 7919 + index * 104_729) % 2 ** 24;

/**
 * Normalizes batches by their own statistics, and drops elements.
 * @throws {ShapeError} if a channel has a single element, and so no variance
 */
export function inTrainingMode(values: Record<string, Value>, seed: number): TrainingMode {
  const nextStatistics = new Map<Value, Value>();
  let dropouts = 0;

  function normalize({ inputs, attributes }: ComputedValue) {
    const [x, scale, bias, mean, variance] = inputs as readonly [Value, Value, Value, Value, Value];
    const { epsilon, momentum } = attributes as { epsilon: number; momentum: number };
    const count = sizeOf(x.shape) / x.shape[1]!;
    if (count === 1)
      throw new ShapeError(`BatchNormalization: expected more than one element per channel, not ${showShape(x.shape)}`);
    const batch = batchStatistics(x);
    const follow = (running: Value, now: Value, share: number) =>
      nextStatistics.set(
        running,
        add(mul(nextStatistics.get(running) ?? running, momentum), mul(reshape(now, running.shape), share)),
      );
    follow(mean, batch.mean, 1 - momentum);
    // Unbiased, as in PyTorch.
    follow(variance, batch.variance, ((1 - momentum) * count) / (count - 1));
    return batchNormalization(x, scale, bias, epsilon);
  }

  function drop({ inputs: [x], attributes }: ComputedValue) {
    const ratio = Number(attributes.ratio);
    const draw = randomUniformLike(x, seedOf(seed, dropouts++));
    return mul(mul(x, cast(greaterOrEqual(draw, ratio), 'float32')), ratio < 1 ? 1 / (1 - ratio) : 0);
  }

  const { outputs } = rewriteGraph(graphOf(values), (value) => {
    if (value.operator === BatchNormInference) return normalize(value);
    return value.operator === Dropout ? drop(value) : value;
  });
  return { values: outputs, nextStatistics };
}
