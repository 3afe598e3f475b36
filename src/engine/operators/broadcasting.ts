/** Reshape, Expand and ReduceSum: each is the gradient of another, and together they undo broadcasting. */
import { apply, throwShapeError, type Operator, requireFloat } from '../operator.js';
import { broadcastShapes, normalizeAxes, sameShape, type Shape, showShape, sizeOf, stridesOf } from '../shape.js';
import { constantTensor, type ConstantValue, type ElementArray, type TensorType, type Value } from '../value.js';

/** A vector of int64, as ONNX takes shapes and axes. */
export const integers = (elements: readonly number[]): ConstantValue =>
  constantTensor({ type: 'int64', shape: [elements.length], data: BigInt64Array.from(elements, BigInt) });

const Reshape: Operator<{ shape: Shape }> = {
  name: 'Reshape',
  infer([x], { shape }) {
    if (shape.some((size) => !(size >= 1)) || sizeOf(shape) !== sizeOf(x!.shape))
      throwShapeError('Reshape', [x!], `cannot become ${showShape(shape)}, which has another number of elements`);
    return { type: x!.type, shape };
  },
  gradient: ({ inputs: [x], gradient }) => [() => reshape(gradient, x!.shape)],
  parameters: ({ shape }) => ({ constants: [integers(shape)], encoded: ['shape'] }),
  evaluate: ([x]) => x!.data,
};

/** The same elements in row-major order under another shape of the same size. */
export const reshape = (x: Value, shape: Shape): Value => (sameShape(x.shape, shape) ? x : apply(Reshape, [x], { shape }));

const Expand: Operator<{ shape: Shape }> = {
  name: 'Expand',
  infer([x], { shape }) {
    const result = broadcastShapes(x!.shape, shape);
    if (result === undefined || !sameShape(result, shape) || shape.some((size) => !(size >= 1)))
      throwShapeError('Expand', [x!], `cannot broadcast to ${showShape(shape)}`);
    return { type: x!.type, shape };
  },
  gradient: ({ inputs: [x], gradient }) => [() => sumTo(gradient, x!.shape)],
  parameters: ({ shape }) => ({ constants: [integers(shape)], encoded: ['shape'] }),
  evaluate: ([x], result) => broadcastElements(x!, result),
};

/** Repeats axes of size 1, and adds leading ones, until the shape is `shape`. */
export const expand = (x: Value, shape: Shape): Value => (sameShape(x.shape, shape) ? x : apply(Expand, [x], { shape }));

/** The elements of a constant broadcast to a larger shape. */
function broadcastElements(x: ConstantValue, result: TensorType): ElementArray {
  const source = x.data;
  const target = source.constructor as new (length: number) => Float32Array;
  const elements = new target(sizeOf(result.shape));
  const offset = broadcastOffsets(x.shape, result.shape);
  for (let index = 0; index < elements.length; index++) elements[index] = source[offset(index)] as number;
  return elements;
}

/** For a tensor of shape `from` broadcast to `to`: the offset of the element that stands at a row-major index of `to`. */
export function broadcastOffsets(from: Shape, to: Shape): (index: number) => number {
  const lead = to.length - from.length;
  const own = stridesOf(from);
  const outer = stridesOf(to);
  return (index) => {
    let offset = 0;
    for (let axis = lead; axis < to.length; axis++) {
      if (from[axis - lead] !== 1) offset += (Math.floor(index / outer[axis]!) % to[axis]!) * own[axis - lead]!;
    }
    return offset;
  };
}

/** The shape left when `axes` are reduced: ones in their place, or nothing. */
export const reducedShape = (shape: Shape, axes: readonly number[], keepdims: number): Shape =>
  keepdims === 1 ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) : shape.filter((_, axis) => !axes.includes(axis));

/** Attributes of the ONNX reductions; axes counted from the front. */
export interface ReductionAttributes extends Record<string, number | readonly number[]> {
  readonly axes: readonly number[];
  readonly keepdims: 0 | 1;
}

/** Options of the reductions' functions. */
export interface ReductionOptions {
  /** Leave reduced axes as size 1, so that the result broadcasts against the operand. Default true. */
  readonly keepAxes?: boolean;
}

export const reductionAttributes = (operator: string, x: Value, axes: readonly number[], { keepAxes = true }: ReductionOptions): ReductionAttributes => ({
  axes: normalizeAxes(axes, x.shape.length, operator),
  keepdims: keepAxes ? 1 : 0,
});

export const inferReduction =
  (operator: string) =>
  ([x]: readonly Value[], { axes, keepdims }: ReductionAttributes): TensorType => {
    requireFloat(operator, [x!]);
    return { type: 'float32', shape: reducedShape(x!.shape, axes, keepdims) };
  };

export const reductionParameters = ({ axes }: ReductionAttributes) => ({ constants: [integers(axes)], encoded: ['axes'] });

/** A gradient of a reduction's result, with its reduced axes back as ones and repeated to the operand's shape. */
export const broadcastGradient = (gradient: Value, x: Value, { axes }: ReductionAttributes): Value =>
  expand(reshape(gradient, reducedShape(x.shape, axes, 1)), x.shape);

const ReduceSum: Operator<ReductionAttributes> = {
  name: 'ReduceSum',
  infer: inferReduction('ReduceSum'),
  gradient: ({ inputs: [x], attributes, gradient }) => [() => broadcastGradient(gradient, x!, attributes)],
  parameters: reductionParameters,
};

/** Sums over axes. */
export function reduceSum(x: Value, axes: readonly number[], options: ReductionOptions = {}): Value {
  const attributes = reductionAttributes('ReduceSum', x, axes, options);
  // Without axes ONNX would sum over all of them; here it is nothing to do.
  return attributes.axes.length === 0 ? x : apply(ReduceSum, [x], attributes);
}

/** Sums out whatever broadcasting from `shape` repeated: the gradient of a broadcast operand. */
export function sumTo(x: Value, shape: Shape): Value {
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) => (axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : []));
  return reshape(reduceSum(x, axes), shape);
}
