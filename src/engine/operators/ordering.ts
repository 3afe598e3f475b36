/** The order in which a runtime computes what does not depend on each other. */
import { apply, type Operator } from '../operator.js';
import { sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import { reshape } from './broadcasting.js';
import { slice } from './shaping.js';

/** The first operand. It exists until lowering, which makes the order explicit to the runtime; see `lowering/order.ts`. */
const After: Operator<Record<string, never>> = {
  name: 'After',
  elementwise: true,
  keepsZero: true,
  infer: ([value]) => ({ type: value!.type, shape: value!.shape }),
  gradient: ({ gradient }) => [() => gradient, null],
};

/**
 * The same value, computed after `dependency` is. No arithmetic links the two: a NaN in `dependency` does not reach `value`, and gradients flow
 * to `value` only. It lets memory be freed early that `dependency` is made from. It is cheapest if both have a single element.
 */
export function after(value: Value, dependency: Value): Value {
  const first = sizeOf(dependency.shape) === 1 ? dependency : slice(reshape(dependency, [sizeOf(dependency.shape)]), 0, 0, 1);
  return apply(After, [value, first], {});
}
