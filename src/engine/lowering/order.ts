import { apply, integers, type Operator } from '../operator.js';
import { cast, concat, reshape, slice } from '../operators/index.js';
import { type Shape, sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import type { Rule } from './rule.js';

/** A Reshape whose shape is only known to the runtime once it runs, though it is always the operand's own. */
const ReshapeBy: Operator<Record<string, never>> = { name: 'Reshape', infer: ([x]) => ({ type: x!.type, shape: x!.shape }) };

/** A value of a single element beside the dependency, and taken from there. */
const besideDependency = (value: Value, dependency: Value): Value =>
  reshape(slice(concat([reshape(value, [1]), cast(reshape(dependency, [1]), value.type)], 0), 0, 0, 1), value.shape);

/** The shape, in a tensor that the dependency is part of. Truth values convert to integers whatever they were made from, NaN included. */
const shapeAfter = (shape: Shape, dependency: Value): Value =>
  slice(concat([integers(shape), cast(cast(reshape(dependency, [1]), 'bool'), 'int64')], 0), 0, 0, shape.length);

/** Puts operators that really read both operands in the place of After. */
export const enforceOrder: Rule = {
  name: 'enforce-order',
  reason:
    'the runtime orders operators by what they read alone: with gradient norms taken last it holds the gradients of all updates until then, 40 MB more at width 64',
  apply({ operator, inputs }) {
    if (operator.name !== 'After') return undefined;
    const [value, dependency] = inputs as [Value, Value];
    if (sizeOf(value.shape) === 1) return besideDependency(value, dependency);
    return apply(ReshapeBy, [value, shapeAfter(value.shape, dependency)], {});
  },
};
