import {
  add,
  div,
  exp,
  log,
  matMul,
  meanOf,
  mul,
  type FlatLayout,
  flatLayout,
  reduceMax,
  reduceSum,
  reshape,
  stopGradient,
  sub,
  type Value,
} from '../engine/index.js';
import type { NamedValues } from '../networks/forward.js';

/** How the tensors of a linear head lie in its vector: `weight` [M, K], then `bias` [K]. */
export const headPacking = (width: number, classes: number): FlatLayout => flatLayout({ weight: [width, classes], bias: [classes] });

/** Logits [N, K] of rows [N, M]. */
export const linearHead = (rows: Value, { weight, bias }: NamedValues): Value => add(matMul(rows, weight!), reshape(bias!, [1, bias!.shape[0]!]));

/** Rows minus their largest entry: the same softmax, and no exponential overflows. */
const centred = (logits: Value): Value => sub(logits, stopGradient(reduceMax(logits, [1])));

/** Class probabilities [N, K] of logits [N, K]. */
export function softmax(logits: Value): Value {
  const powers = exp(centred(logits));
  return div(powers, reduceSum(powers, [1]));
}

/**
 * The mean cross-entropy of logits [N, K] in nats, a scalar.
 * @param targets [N, K], each row a distribution: one-hot for labels
 */
export function softmaxCrossEntropy(logits: Value, targets: Value): Value {
  const shifted = centred(logits);
  return meanOf(sub(log(reduceSum(exp(shifted), [1])), reduceSum(mul(shifted, targets), [1])));
}
