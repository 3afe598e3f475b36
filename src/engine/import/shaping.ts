import { quoted } from '../../errors.js';
import {
  concat,
  depthToSpace,
  expand,
  flatten,
  pad,
  padBy,
  reshape,
  slice,
  spaceToDepth,
  split,
  squeeze,
  tile,
  transpose,
  trilu,
  unsqueeze,
} from '../operators/index.js';
import { broadcastShapes, normalizeAxes, ShapeError, showShape, sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';
import { reshapedTo, sliceRanges, splitSizes } from './shapeRules.js';

function importSlice(node: ImportedNode) {
  const x = node.value(0);
  return sliceRanges(node, x.shape).reduce<Value>((rest, { start, step, count }, axis) => {
    if (count === 0) throw new ShapeError('leaves no element');
    const last = start + (count - 1) * step;
    return slice(rest, axis, start, last + Math.sign(step), step);
  }, x);
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
  const mode = node.text('mode', 'constant');
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
  if (mode === 'constant') return pad(cropped, before!, after!, node.number(2, 0));
  if (mode === 'edge' || mode === 'reflect') return padBy(cropped, mode, before!, after!);
  throw new ShapeError(`has the mode ${quoted(mode)}; constant, edge and reflect are supported`);
}

const importTrilu: NodeImporter = (node) =>
  trilu(node.value(0), node.int('upper', 1) === 1 ? 'upper' : 'lower', node.number(1, 0));

const importDepthToSpace: NodeImporter = (node) =>
  depthToSpace(node.value(0), node.int('blocksize', 1), node.text('mode', 'DCR') === 'CRD' ? 'CRD' : 'DCR');

export const SHAPING: Record<string, NodeImporter> = {
  Concat: importConcat,
  DepthToSpace: importDepthToSpace,
  Expand: importExpand,
  Flatten: (node) => flatten(node.value(0), node.int('axis', 1)),
  Pad: importPad,
  Reshape: (node) => reshape(node.value(0), reshapedTo(node, node.value(0).shape)),
  Slice: importSlice,
  SpaceToDepth: (node) => spaceToDepth(node.value(0), node.int('blocksize', 1)),
  Split: (node) => split(node.value(0), splitSizes(node, node.value(0).shape[node.axis(0)]!), node.axis(0)),
  Squeeze: (node) => squeeze(node.value(0), node.integers(1)),
  Tile: (node) => tile(node.value(0), node.requiredIntegers(1)),
  Transpose: importTranspose,
  Trilu: importTrilu,
  Unsqueeze: (node) => unsqueeze(node.value(0), node.requiredIntegers(1)),
};
