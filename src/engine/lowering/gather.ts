import { apply, integers } from '../operator.js';
import type { Operator, Value } from '../value.js';

const Gather: Operator<{ axis: number }> = {
  name: 'Gather',
  infer: ([x, index], { axis }) => ({ type: x!.type, shape: x!.shape.toSpliced(axis, 1, ...index!.shape) }),
};

/** `index` may name a slice several times. */
export function gather(x: Value, index: readonly number[], axis: number): Value {
  const isIdentity = index.length === x.shape[axis] && index.every((element, position) => element === position);
  return isIdentity ? x : apply(Gather, [x, integers(index)], { axis });
}
