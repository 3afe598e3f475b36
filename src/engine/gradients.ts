import { topologicalOrder } from './graph.js';
import { add } from './operators/index.js';
import { ShapeError, showShape, sizeOf } from './shape.js';
import { type ComputedValue, constant, type Value } from './value.js';

/**
 * Returns the gradients of a float32 scalar. They can be differentiated again.
 * @throws {ShapeError} if `loss` is not a float32 scalar
 * @throws {Error} if an operator between them has no gradient
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.type !== 'float32' || loss.shape.length !== 0)
    throw new ShapeError(`gradients: the loss must be a float32 scalar, not ${loss.type} ${showShape(loss.shape)}`);
  const found = propagate(loss, constant(1), wrt);
  return wrt.map((value) => found.get(value) ?? constant(new Float32Array(sizeOf(value.shape)), value.shape));
}

/** Returns gradients of values between a root and these, from the root's gradient. Operands of leaves have none. */
function propagate(
  root: Value,
  rootGradient: Value,
  wrt: readonly Value[],
  leaves: ReadonlySet<Value> = new Set(),
): ReadonlyMap<Value, Value> {
  const order = topologicalOrder([root]);
  const relevant = new Set(wrt);
  for (const value of order) {
    if (value.kind === 'computed' && value.inputs.some((operand) => relevant.has(operand))) relevant.add(value);
  }
  const gradientOf = new Map<Value, Value>([[root, rootGradient]]);
  for (const value of order.reverse()) {
    const gradient = gradientOf.get(value);
    if (gradient === undefined || value.kind !== 'computed' || !relevant.has(value) || leaves.has(value)) continue;
    for (const [operand, contribution] of contributions(value, gradient, relevant)) {
      const known = gradientOf.get(operand);
      gradientOf.set(operand, known === undefined ? contribution : add(known, contribution));
    }
  }
  return gradientOf;
}

/** Returns what a value adds to the gradients of its relevant operands. */
function contributions(output: ComputedValue, gradient: Value, relevant: ReadonlySet<Value>): [Value, Value][] {
  const { operator, inputs, attributes } = output;
  if (operator.gradient) {
    const thunks = operator.gradient({ inputs, output, attributes, gradient });
    return inputs.flatMap((operand, index) => {
      const thunk = thunks[index];
      return thunk && relevant.has(operand) ? [[operand, thunk()] as [Value, Value]] : [];
    });
  }
  if (!operator.decomposition) throw new Error(`gradients: ${operator.name} has no gradient rule`);
  const leaves = new Set(inputs);
  const operands = [...leaves].filter((operand) => relevant.has(operand));
  const found = propagate(operator.decomposition(inputs, attributes), gradient, operands, leaves);
  return operands.flatMap((operand) => (found.has(operand) ? [[operand, found.get(operand)!]] : []));
}
