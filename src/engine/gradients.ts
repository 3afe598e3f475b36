import { topologicalOrder } from './graph.js';
import { add } from './operators/index.js';
import { ShapeError, showShape, sizeOf } from './shape.js';
import { constant, type Value } from './value.js';

/**
 * Returns the gradients of a float32 scalar. They can be differentiated again.
 * @throws {ShapeError} if `loss` is not a float32 scalar
 * @throws {Error} if an operator between them has no gradient
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.type !== 'float32' || loss.shape.length !== 0)
    throw new ShapeError(`gradients: the loss must be a float32 scalar, not ${loss.type} ${showShape(loss.shape)}`);
  const order = topologicalOrder([loss]);
  const relevant = new Set(wrt);
  for (const value of order) {
    if (value.kind === 'computed' && value.inputs.some((operand) => relevant.has(operand))) relevant.add(value);
  }
  const gradientOf = new Map<Value, Value>([[loss, constant(1)]]);
  for (const value of order.reverse()) {
    const gradient = gradientOf.get(value);
    if (gradient === undefined || value.kind !== 'computed' || !relevant.has(value)) continue;
    const { operator, inputs, attributes } = value;
    if (operator.gradient === undefined) throw new Error(`gradients: ${operator.name} has no gradient rule`);
    const thunks = operator.gradient({ inputs, output: value, attributes, gradient });
    inputs.forEach((operand, index) => {
      const thunk = thunks[index];
      if (!thunk || !relevant.has(operand)) return;
      const contribution = thunk();
      const known = gradientOf.get(operand);
      gradientOf.set(operand, known === undefined ? contribution : add(known, contribution));
    });
  }
  return wrt.map((value) => gradientOf.get(value) ?? constant(new Float32Array(sizeOf(value.shape)), value.shape));
}
