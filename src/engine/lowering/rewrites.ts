import { apply, integers, isComputedBy } from '../operator.js';
import { cast, clip, concat, hardSigmoid, mul, pad, reduceMean, reshape, slice, sub } from '../operators/index.js';
import { sameShape, type Shape, sizeOf } from '../shape.js';
import { type ComputedValue, type Operator, splatValue, type Value } from '../value.js';

/** Returns a value of the same type and shape, or undefined without a match. */
export type Rule = (value: ComputedValue) => Value | undefined;

/** So large that its product with any normal activation is beyond [-1, 1]: a smooth ramp becomes a step. */
export const STEEP = 1e30;

/**
 * On the CPU, Sign runs at 3 GB/s, Mul and Clip at 35-40 GB/s. The WebGPU provider has no Sign, and would have the CPU
 * compute it.
 */
export const signToClip: Rule = ({ operator, inputs: [x] }) =>
  operator.name === 'Sign' ? clip(mul(x, STEEP), -1, 1) : undefined;

/**
 * Expands operators that are whole only to be differentiated. ONNX Runtime's BatchNormalization in training mode takes
 * three times as long as its parts, which the gradient shares.
 */
export const expandDecompositions: Rule = ({ operator, inputs, attributes }) =>
  operator.decomposition?.(inputs, attributes);

/** 1 where x > 0, 0 elsewhere. */
export const hardStep = (x: Value) => hardSigmoid(x, STEEP, 0);

/** An activation's mask `Where(x > 0, high, low)` of the shape of x, with constants `high` above `low`. */
export function matchMask({ operator, inputs, shape }: ComputedValue) {
  if (operator.name !== 'Where') return undefined;
  const [condition, whenPositive, otherwise] = inputs;
  if (!isComputedBy(condition, 'Greater')) return undefined;
  const [x, limit] = condition.inputs as [Value, Value];
  const [high, low] = [splatValue(whenPositive!), splatValue(otherwise!)];
  if (high === undefined || low === undefined || high <= low) return undefined;
  return splatValue(limit) === 0 && limit.shape.length === 0 && sameShape(x.shape, shape)
    ? { x, high, low }
    : undefined;
}

export interface Centering {
  x: Value;
  mean: ComputedValue;
}

function matchCentering(value: Value | undefined) {
  if (!isComputedBy(value, 'Sub')) return undefined;
  const [x, mean] = value.inputs as [Value, Value];
  return isComputedBy(mean, 'ReduceMean') && mean.attributes.keepdims === 1 && mean.inputs[0] === x
    ? { x, mean }
    : undefined;
}

/** The data of a variance, and their mean over the same axes. */
export function matchVariance(value: Value) {
  if (!isComputedBy(value, 'ReduceMean')) return undefined;
  const [square] = value.inputs;
  if (!isComputedBy(square, 'Mul') || square.inputs[0] !== square.inputs[1]) return undefined;
  const found = matchCentering(square.inputs[0]);
  return String(found?.mean.attributes.axes) === String(value.attributes.axes) ? found : undefined;
}

/**
 * Subtracts a second mean, because the rounding error of one adds up in sums of a gradient times centered data: at a
 * mean of 1,000 standard deviations, it is 1% of the gradient of a scale, and 0.0004% with the second mean.
 */
export const exactCentering: Rule = (value) => {
  const found = matchCentering(value);
  if (found === undefined || matchCentering(found.x)) return undefined;
  return sub(value, reduceMean(value, found.mean.attributes.axes as readonly number[]));
};

/** Keeps the operand's shape, which the runtime only knows when it runs. */
const ReshapeBy: Operator = { name: 'Reshape', infer: ([x]) => x };

const besideDependency = (value: Value, dependency: Value) =>
  reshape(slice(concat([reshape(value, [1]), cast(reshape(dependency, [1]), value.type)], 0), 0, 0, 1), value.shape);

const shapeAfter = (shape: Shape, dependency: Value) =>
  // NaN has no integer, so the dependency becomes a bool first.
  slice(concat([integers(shape), cast(cast(reshape(dependency, [1]), 'bool'), 'int64')], 0), 0, 0, shape.length);

/**
 * The runtime orders operators only by what they read. Gradient norms taken last would keep all gradients until then:
 * 40 MB more at width 64.
 */
export const enforceOrder: Rule = ({ operator, inputs }) => {
  if (operator.name !== 'After') return undefined;
  const [value, dependency] = inputs as [Value, Value];
  if (sizeOf(value.shape) === 1) return besideDependency(value, dependency);
  return apply(ReshapeBy, [value, shapeAfter(value.shape, dependency)], {});
};

/**
 * ONNX Runtime's WebGPU provider reads channels three at a time if their number is a multiple of three but not of four.
 * Beyond three, results are wrong. Kernel gradients have the batch as channels, so this affects batches too.
 * Correctness, not speed: with ONNX Runtime 1.30, kernels of 2x2 and more gave errors as large as the result.
 */
export const padChannelsToFour: Rule = (value) => {
  if (value.operator.name !== 'Conv' || value.attributes.group !== 1) return undefined;
  const [x, kernel, ...bias] = value.inputs as [Value, Value, ...Value[]];
  const channels = x.shape[1]!;
  if (channels <= 3 || channels % 3 !== 0 || channels % 4 === 0) return undefined;
  const whole = (operand: Value) => pad(operand, [0, 0, 0, 0], [0, 4 - (channels % 4), 0, 0]);
  return apply(value.operator, [whole(x), whole(kernel), ...bias], value.attributes);
};
