/** The masks of activations: `Where(x > 0, high, low)` with constants. */
import { elementwiseFunction } from '../elementwise.js';
import { apply, isComputedBy } from '../operator.js';
import { sameShape } from '../shape.js';
import { type ComputedValue, splatValue, type Value } from '../value.js';

/** So large that its product with any normal activation is beyond [-1, 1]: a smooth ramp becomes a step. */
export const STEEP = 1e30;

// Without a gradient, since it exists after lowering only.
const HardSigmoid = elementwiseFunction<{ alpha: number; beta: number }>(
  'HardSigmoid',
  (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  null,
  { floatAttributes: ['alpha', 'beta'] },
);

/** 1 where x > 0, 0 elsewhere. */
export const hardStep = (x: Value): Value => apply(HardSigmoid, [x], { alpha: STEEP, beta: 0 });

/** A mask of the shape of its operand, with `high` above `low`. */
interface Mask {
  readonly x: Value;
  readonly high: number;
  readonly low: number;
}

/** The mask that a value is, or undefined. */
export function matchMask({ operator, inputs, shape }: ComputedValue): Mask | undefined {
  if (operator.name !== 'Where') return undefined;
  const [condition, whenPositive, otherwise] = inputs;
  const x = matchGreaterThanZero(condition);
  const [high, low] = [splatValue(whenPositive!), splatValue(otherwise!)];
  return x !== undefined && high !== undefined && low !== undefined && high > low && sameShape(x.shape, shape)
    ? { x, high, low }
    : undefined;
}

/** The operand of `x > 0`, or undefined. */
function matchGreaterThanZero(condition: Value | undefined): Value | undefined {
  if (!isComputedBy(condition, 'Greater')) return undefined;
  const [x, limit] = condition.inputs;
  return splatValue(limit!) === 0 && limit!.shape.length === 0 ? x : undefined;
}
