import {
  apply,
  applyReduction,
  broadcastElements,
  integers,
  isComputedBy,
  reducedShape,
  reduction,
  type ReductionAttributes,
  summedInParts,
} from '../operator.js';
import { broadcastShapes, sameShape, type Shape, ShapeError, showShape, sizeOf } from '../shape.js';
import type { ComputedValue, Operator, Value } from '../value.js';

const shapeParameter = ({ shape }: { shape: Shape }) => ({ shape: integers(shape) });

const Reshape: Operator<{ shape: Shape }> = {
  name: 'Reshape',
  infer([x], { shape }) {
    if (shape.some((size) => !(size >= 1)) || sizeOf(shape) !== sizeOf(x.shape))
      throw new ShapeError(`cannot become ${showShape(shape)}, which has a different number of elements`);
    return { type: x.type, shape };
  },
  gradient: ({ inputs: [x], gradient }) => [() => reshape(gradient, x.shape)],
  parameters: shapeParameter,
  evaluate: ([x]) => x.data,
  distribute([placement], { value: { inputs }, attributes: { shape }, ranks }) {
    if (typeof placement !== 'number') return { operands: [placement], result: placement };
    const axis = partAfterReshape(inputs[0].shape, placement, shape, ranks);
    return axis === undefined
      ? undefined
      : { operands: [placement], result: axis, attributes: { shape: partOf(shape, axis, ranks) } };
  },
  simplify(value) {
    const operand = value.inputs[0];
    const source = isReshape(operand) ? operand.inputs[0] : operand;
    if (sameShape(source.shape, value.shape)) return source;
    return source === operand ? undefined : { ...value, inputs: [source] };
  },
};

/** As many elements precede the divided axis before and after. */
function partAfterReshape(from: Shape, divided: number, to: Shape, ranks: number) {
  const before = sizeOf(from.slice(0, divided));
  const axis = to.findIndex((size, index) => size % ranks === 0 && sizeOf(to.slice(0, index)) === before);
  return axis < 0 ? undefined : axis;
}

export const partOf = (shape: Shape, axis: number, ranks: number) => shape.with(axis, shape[axis]! / ranks);

/** Whether the shape is constant. A computed one enforces an order, see `After`. */
const isReshape = (value: Value): value is ComputedValue => isComputedBy(value, 'Reshape') && value.inputs.length === 1;

/** Gives the same elements, in row-major order, a different shape. */
export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : apply(Reshape, [x], { shape });

const Expand: Operator<{ shape: Shape }> = {
  name: 'Expand',
  infer([x], { shape }) {
    const result = broadcastShapes(x.shape, shape);
    if (result === undefined || !sameShape(result, shape) || shape.some((size) => !(size >= 1)))
      throw new ShapeError(`cannot broadcast to ${showShape(shape)}`);
    return { type: x.type, shape };
  },
  gradient: ({ inputs: [x], gradient }) => [() => sumTo(gradient, x.shape)],
  parameters: shapeParameter,
  evaluate: ([x], { shape }) => broadcastElements(x, shape),
  distribute([placement], { value: { inputs }, attributes: { shape }, ranks }) {
    if (typeof placement !== 'number') return undefined;
    const axis = placement + shape.length - inputs[0].shape.length;
    return { operands: [placement], result: axis, attributes: { shape: partOf(shape, axis, ranks) } };
  },
  blocked([x], { value: { inputs, shape } }) {
    if (!sameShape(inputs[0].shape, [shape[0]!, shape[1]!, 1, 1])) return undefined;
    return expand(x, [x.shape[0]!, shape[2]!, shape[3]!, x.shape[3]!]);
  },
};

/** Repeats axes of size 1, and adds leading ones. */
export const expand = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : apply(Expand, [x], { shape });

export const broadcastGradient = (gradient: Value, x: Value, { axes }: ReductionAttributes): Value =>
  expand(reshape(gradient, reducedShape(x.shape, axes, 1)), x.shape);

const ReduceSum: Operator<ReductionAttributes> = {
  ...reduction('ReduceSum'),
  distribute: (operands, { attributes }) => summedInParts(operands, attributes),
  gradient: ({ inputs: [x], attributes, gradient }) => [() => broadcastGradient(gradient, x, attributes)],
};

/** Sums over axes. */
export const reduceSum = applyReduction(ReduceSum);

/** Sums over axes that broadcasting from `shape` has repeated. */
export function sumTo(x: Value, shape: Shape) {
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) => (axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : []));
  return reshape(reduceSum(x, axes), shape);
}
