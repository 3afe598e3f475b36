import { concat, expand, pad, reshape, slice, transpose } from '../operators/index.js';
import { broadcastShapes, normalizeAxes, ShapeError, showShape, sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';
import { reshapedTo, sliceRanges, splitSizes, squeezedShape, unsqueezedShape } from './shapeRules.js';

function importSlice(node: ImportedNode) {
  const x = node.value(0);
  return sliceRanges(node, x.shape).reduce<Value>((rest, { start, step, count }, axis) => {
    if (count === 0) throw new ShapeError('leaves no element');
    if (step > 0) return slice(rest, axis, start, start + (count - 1) * step + 1, step);
    throw new ShapeError('has a negative step, which is not supported');
  }, x);
}

function importSplit(node: ImportedNode) {
  const x = node.value(0);
  const axis = node.axis(0);
  let end = 0;
  return splitSizes(node, x.shape[axis]!).map((size) => slice(x, axis, end, (end += size)));
}

function importFlatten(node: ImportedNode) {
  const { shape } = node.value(0);
  const axis = node.int('axis', 1);
  const before = sizeOf(shape.slice(0, axis < 0 ? axis + shape.length : axis));
  return reshape(node.value(0), [before, sizeOf(shape) / before]);
}

function importSqueeze(node: ImportedNode) {
  const x = node.value(0);
  const axes = node.integers(1);
  return reshape(x, squeezedShape(x.shape, axes && normalizeAxes(axes, x.shape.length, node.type)));
}

function importExpand(node: ImportedNode) {
  const x = node.value(0);
  const shape = broadcastShapes(x.shape, node.integers(1) ?? []);
  if (shape === undefined) throw new ShapeError(`cannot broadcast ${showShape(x.shape)} to its second input`);
  return expand(x, shape);
}

/** Inputs without elements, as of an empty list of tensors, add nothing. */
const importConcat: NodeImporter = (node) => {
  const parts = node.values().filter(({ shape }) => sizeOf(shape) > 0);
  return concat(parts, node.int('axis', 0));
};

const importTranspose: NodeImporter = (node) =>
  transpose(node.value(0), node.ints('perm') ?? [...node.value(0).shape.keys()].reverse());

function importPad(node: ImportedNode) {
  const x = node.value(0);
  node.require('mode', 'constant');
  const rank = x.shape.length;
  const given = node.integers(1) ?? [];
  const axes = node.has(3) ? normalizeAxes(node.integers(3)!, rank, node.type) : [...x.shape.keys()];
  if (given.length !== 2 * axes.length) throw new ShapeError(`expects ${2 * axes.length} pads but got ${given.length}`);
  const sides = [0, axes.length].map((start) =>
    x.shape.map((_, axis) => (axes.includes(axis) ? given[start + axes.indexOf(axis)]! : 0)),
  );
  // Negative padding removes elements.
  const cropped = x.shape.reduce<Value>(
    (rest, size, axis) => slice(rest, axis, Math.max(0, -sides[0]![axis]!), size - Math.max(0, -sides[1]![axis]!)),
    x,
  );
  const [before, after] = sides.map((side) => side.map((size) => Math.max(0, size)));
  return pad(cropped, before!, after!, node.number(2, 0));
}

export const SHAPING: Record<string, NodeImporter> = {
  Concat: importConcat,
  Expand: importExpand,
  Flatten: importFlatten,
  Pad: importPad,
  Reshape: (node) => reshape(node.value(0), reshapedTo(node, node.value(0).shape)),
  Slice: importSlice,
  Split: importSplit,
  Squeeze: importSqueeze,
  Transpose: importTranspose,
  Unsqueeze: (node) => reshape(node.value(0), unsqueezedShape(node.value(0).shape, node.integers(1) ?? [], node.type)),
};
