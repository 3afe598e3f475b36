import { apply, type NoAttributes } from '../operator.js';
import { sizeOf } from '../shape.js';
import type { Operator, Value } from '../value.js';
import { reshape } from './broadcasting.js';
import { slice } from './shaping.js';

/** The first operand. `enforceOrder` makes the order explicit to the runtime. */
const After: Operator<NoAttributes> = {
  name: 'After',
  elementwise: true,
  keepsZero: true,
  infer: ([value]) => value,
  gradient: ({ gradient }) => [() => gradient, null],
  distribute: (operands) => ({ operands, result: operands[0] }),
  flops: () => 0,
};

/**
 * Returns `value`, computed after `dependency`, whose operands are then freed early. A NaN in `dependency` does not
 * reach `value`, and gradients flow to `value` only. It is cheapest if both have one element.
 */
export function after(value: Value, dependency: Value): Value {
  const first =
    sizeOf(dependency.shape) === 1 ? dependency : slice(reshape(dependency, [sizeOf(dependency.shape)]), 0, 0, 1);
  return apply(After, [value, first], {});
}
