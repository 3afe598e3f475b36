/** Shape rules that folding and building share. */
import { normalizeAxes, type Shape, ShapeError, showShape, sizeOf } from '../shape.js';
import type { ImportedNode } from './importedNode.js';
import { requireShape } from './known.js';

export const gatheredShape = (shape: Shape, indices: Shape, axis: number): Shape =>
  shape.toSpliced(axis, 1, ...indices);

/** Reads the second input of Reshape: 0 keeps a size, -1 is inferred. */
export function reshapedTo(node: ImportedNode, shape: Shape): Shape {
  const requested = node.integers(1) ?? [];
  const keeps = node.int('allowzero', 0) === 0;
  const sizes = requested.map((size, axis) => (size === 0 && keeps ? (shape[axis] ?? 0) : size));
  const rest = sizeOf(sizes.filter((size) => size !== -1));
  const result = sizes.map((size) => (size === -1 ? sizeOf(shape) / rest : size));
  const inferred = sizes.filter((size) => size === -1).length;
  if (inferred > 1 || sizeOf(result) !== sizeOf(shape))
    throw new ShapeError(`cannot reshape ${showShape(shape)} to ${showShape(requested)}`);
  return requireShape(result);
}

export interface SliceRange {
  start: number;
  step: number;
  count: number;
}

/** Reads the inputs of Slice: for each axis of a tensor, the elements that stay. */
export function sliceRanges(node: ImportedNode, shape: Shape): SliceRange[] {
  const [starts, ends] = [node.integers(1) ?? [], node.integers(2) ?? []];
  const axes = node.integers(3) ?? [...starts.keys()];
  const steps = node.integers(4) ?? starts.map(() => 1);
  const ranges = shape.map((size): SliceRange => ({ start: 0, step: 1, count: size }));
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length)
    throw new ShapeError('has a different number of starts, ends, axes and steps');
  axes.forEach((given, index) => {
    const axis = normalizeAxes([given], shape.length, node.type)[0]!;
    const [size, step] = [shape[axis]!, steps[index]!];
    if (step === 0) throw new ShapeError('slices in steps of 0');
    // The first position before the axis and the last one after it, in the direction of the step.
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const limit = (position: number) => Math.min(Math.max(position < 0 ? position + size : position, low), high);
    const [start, end] = [limit(starts[index]!), limit(ends[index]!)];
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

/** Reads the sizes of the outputs of Split. */
export function splitSizes(node: ImportedNode, size: number): number[] {
  const each = Math.ceil(size / node.outputs.length);
  const sizes =
    node.integers(1) ?? Array.from({ length: node.outputs.length }, (_, i) => Math.min(each, size - i * each));
  if (
    sizes.length !== node.outputs.length ||
    sizes.some((part) => part < 0) ||
    sizes.reduce((a, b) => a + b, 0) !== size
  )
    throw new ShapeError(`cannot split an axis of size ${size} into ${node.outputs.length} parts ${showShape(sizes)}`);
  return sizes;
}

export function squeezedShape(shape: Shape, axes: readonly number[] | undefined): Shape {
  const wrong = axes?.find((axis) => shape[axis] !== 1);
  if (wrong !== undefined) throw new ShapeError(`cannot squeeze axis ${wrong} of ${showShape(shape)}`);
  return shape.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1));
}

export function unsqueezedShape(shape: Shape, axes: readonly number[], operator: string): Shape {
  const rank = shape.length + axes.length;
  const added = normalizeAxes(axes, rank, operator);
  return added.reduce<Shape>((sizes, axis) => sizes.toSpliced(axis, 0, 1), shape);
}

/** Index 0 to size - 1, of a file that may count from the end. */
export function requireIndex(index: number, size: number) {
  if (!Number.isInteger(index) || index < -size || index >= size)
    throw new ShapeError(`reads element ${index} of an axis of size ${size}`);
  return index < 0 ? index + size : index;
}
