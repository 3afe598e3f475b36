import { apply, type Operator } from '../../operator.js';
import { constantTensor, type Value } from '../../value.js';

const Gather: Operator<{ axis: number }> = {
  name: 'Gather',
  infer: ([x, index]) => ({ type: x!.type, shape: [...index!.shape, ...x!.shape.slice(1)] }),
};

/** Rows of a tensor (along its first axis) in the order of `index`; a row may be taken several times. */
export function gatherRows(x: Value, index: readonly number[]): Value {
  if (index.length === x.shape[0] && index.every((row, position) => row === position)) return x;
  return apply(Gather, [x, constantTensor({ type: 'int64', shape: [index.length], data: BigInt64Array.from(index, BigInt) })], { axis: 0 });
}
