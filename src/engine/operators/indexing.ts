import { apply, integers, type NoAttributes } from '../operator.js';
import { normalizeAxes, type Shape, ShapeError, showShape, sizeOf } from '../shape.js';
import { constant, constantTensor, type Operator, type Value } from '../value.js';
import { add, mul } from './arithmetic.js';
import { expand, reshape } from './broadcasting.js';
import { less, where } from './comparison.js';
import { concat, pad, slice } from './shaping.js';

function requireIndices({ type }: Value) {
  if (type !== 'int64') throw new ShapeError('indices must be int64');
}

const zeros = (shape: Shape) => expand(constant(0), shape);
const axisOf = (x: Value, axis: number, operator: string) => normalizeAxes([axis], x.shape.length, operator)[0]!;

const Gather: Operator<{ axis: number }> = {
  name: 'Gather',
  infer([x, index], { axis }) {
    requireIndices(index!);
    return { type: x.type, shape: x.shape.toSpliced(axis, 1, ...index!.shape) };
  },
  gradient: ({ inputs: [x, index], attributes: { axis }, gradient }) => [
    () => gatherGradient(x, index!, axis, gradient),
    null,
  ],
};

function gatherGradient({ shape }: Value, index: Value, axis: number, gradient: Value) {
  const count = sizeOf(index.shape);
  const start = runStart(index, shape[axis]!);
  if (start !== undefined) {
    const none = shape.map(() => 0);
    const rest = shape[axis]! - start - count;
    return pad(reshape(gradient, shape.with(axis, count)), none.with(axis, start), none.with(axis, rest));
  }
  const spread = reshape(index, [count, ...shape.slice(axis + 1).map(() => 1)]);
  const each = shape.with(axis, count);
  return scatterElements(zeros(shape), expand(spread, each), reshape(gradient, each), axis, 'add');
}

/** The first of constant indices that follow each other. */
function runStart(index: Value, size: number) {
  if (index.kind !== 'constant') return undefined;
  const positions = Array.from(index.data as BigInt64Array, (each) => (Number(each) + size) % size);
  return positions.every((position, i) => position === positions[0]! + i) ? positions[0] : undefined;
}

/** Slices along an axis. `index` is int64 of any shape, may name one several times, and counts negative ones from the end. */
export function gather(x: Value, index: Value | readonly number[], axis: number): Value {
  const along = axisOf(x, axis, 'Gather');
  if (!('kind' in index)) {
    const isIdentity = index.length === x.shape[along] && index.every((element, position) => element === position);
    return isIdentity ? x : gather(x, integers(index), along);
  }
  return apply(Gather, [x, index], { axis: along });
}

/** What happens to elements that updates replace, or that several name. */
export type ScatterReduction = 'none' | 'add' | 'mul' | 'max' | 'min';

const ScatterElements: Operator<{ axis: number; reduction: ScatterReduction }> = {
  name: 'ScatterElements',
  infer([x, index, updates]) {
    requireIndices(index!);
    if (x.type !== updates!.type || String(index!.shape) !== String(updates!.shape))
      throw new ShapeError('updates need the type of the data and the shape of the indices');
    return x;
  },
  gradient: ({ inputs: [, index, updates], attributes: { axis, reduction }, gradient }) => {
    if (reduction !== 'none' && reduction !== 'add')
      throw new Error(`gradients: ScatterElements with the reduction ${reduction} has no gradient rule`);
    const cleared = () => scatterElements(gradient, index!, zeros(updates!.shape), axis);
    return [reduction === 'add' ? () => gradient : cleared, null, () => gatherElements(gradient, index!, axis)];
  },
};

/** Replaces elements of `x`, or combines them with updates: the counterpart of `gatherElements`. */
export const scatterElements = (
  x: Value,
  index: Value,
  updates: Value,
  axis: number,
  reduction: ScatterReduction = 'none',
): Value => apply(ScatterElements, [x, index, updates], { axis: axisOf(x, axis, 'ScatterElements'), reduction });

const GatherElements: Operator<{ axis: number }> = {
  name: 'GatherElements',
  infer([x, index], { axis }) {
    requireIndices(index!);
    if (index!.shape.length !== x.shape.length || index!.shape.some((size, i) => i !== axis && size > x.shape[i]!))
      throw new ShapeError('indices need as many axes as the data, and no more elements along all but one');
    return { type: x.type, shape: index!.shape };
  },
  gradient: ({ inputs: [x, index], attributes: { axis }, gradient }) => [
    () => scatterElements(zeros(x.shape), index!, gradient, axis, 'add'),
    null,
  ],
};

/** Element i, j, ... of the result is that of `x` with the index along one axis replaced by element i, j, ... of `index`. */
export const gatherElements = (x: Value, index: Value, axis: number): Value =>
  apply(GatherElements, [x, index], { axis: axisOf(x, axis, 'GatherElements') });

const slicesShape = (x: Value, { shape }: Value): Shape => {
  const depth = shape.at(-1) ?? 0;
  if (depth < 1 || depth > x.shape.length) throw new ShapeError(`indices name ${depth} of ${x.shape.length} axes`);
  return [...shape.slice(0, -1), ...x.shape.slice(depth)];
};

const ScatterND: Operator<NoAttributes> = {
  name: 'ScatterND',
  infer([x, index, updates]) {
    requireIndices(index!);
    const shape = slicesShape(x, index!);
    if (x.type !== updates!.type || String(shape) !== String(updates!.shape))
      throw new ShapeError(`updates need the type of the data and the shape ${showShape(shape)}`);
    return x;
  },
  gradient: ({ inputs: [, index, updates], gradient }) => [
    () => scatterND(gradient, index!, zeros(updates!.shape)),
    null,
    () => gatherND(gradient, index!),
  ],
};

/**
 * Replaces slices of `x`, or combines them with updates: the counterpart of `gatherND`. Combined by ScatterElements,
 * because the threads of ONNX Runtime's ScatterND do not wait for each other.
 */
export function scatterND(x: Value, index: Value, updates: Value, reduction: ScatterReduction = 'none'): Value {
  if (reduction === 'none') return apply(ScatterND, [x, index, updates], {});
  slicesShape(x, index);
  const depth = index.shape.at(-1)!;
  const [rows, size] = [sizeOf(x.shape.slice(0, depth)), sizeOf(x.shape.slice(depth))];
  const count = sizeOf(index.shape) / depth;
  const spread = expand(reshape(rowsNamed(x, index), [count, 1]), [count, size]);
  const updated = reshape(updates, [count, size]);
  return reshape(scatterElements(reshape(x, [rows, size]), spread, updated, 0, reduction), x.shape);
}

/** The row-major number of each slice. */
function rowsNamed({ shape }: Value, index: Value) {
  const depth = index.shape.at(-1)!;
  const coordinates = Array.from({ length: depth }, (_, axis) => {
    const coordinate = slice(index, -1, axis, axis + 1);
    const fromStart = where(less(coordinate, 0), add(coordinate, shape[axis]!), coordinate);
    return mul(fromStart, sizeOf(shape.slice(axis + 1, depth)));
  });
  return coordinates.reduce((sum, coordinate) => add(sum, coordinate));
}

const GatherND: Operator<{ batch_dims: number }> = {
  name: 'GatherND',
  infer([x, index]) {
    requireIndices(index!);
    return { type: x.type, shape: slicesShape(x, index!) };
  },
  gradient: ({ inputs: [x, index], gradient }) => [() => scatterND(zeros(x.shape), index!, gradient, 'add'), null],
};

/**
 * Slices that positions [..., depth] along the first axes name.
 * @param batchDims leading axes that both have (default: 0)
 */
export function gatherND(x: Value, index: Value, batchDims = 0): Value {
  if (batchDims === 0) return apply(GatherND, [x, index], { batch_dims: 0 });
  const shape = index.shape.slice(0, -1);
  const own = shape.slice(0, batchDims).map((size, axis) => {
    const stride = sizeOf(shape.slice(axis + 1));
    const data = BigInt64Array.from({ length: sizeOf(shape) }, (_, i) => BigInt(Math.floor(i / stride) % size));
    return constantTensor({ type: 'int64', shape: [...shape, 1], data });
  });
  return gatherND(x, concat([...own, index], -1));
}
