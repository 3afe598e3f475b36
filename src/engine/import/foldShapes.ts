/** Operators that move elements of known tensors, or make them from shapes. */
import { broadcastShapes, normalizeAxes, type Shape, ShapeError, showShape, sizeOf, stridesOf } from '../shape.js';
import { broadcastIndex, type Fold } from './foldElements.js';
import type { ImportedNode } from './importedNode.js';
import { fill, type Known, numbersOf, requireShape } from './known.js';
import { readKnown } from './tensors.js';
import {
  gatheredShape,
  requireIndex,
  reshapedTo,
  sliceRanges,
  splitSizes,
  squeezedShape,
  unsqueezedShape,
} from './shapeRules.js';

/** Fills a tensor with elements of another. */
function move(node: ImportedNode, x: Known, shape: Shape, source: (position: readonly number[]) => number): Known {
  const strides = stridesOf(shape);
  return fill(node.budget.allocate(x.type, shape), (index) => {
    const position = shape.map((size, axis) => Math.floor(index / strides[axis]!) % size);
    return x.data[source(position)]!;
  });
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, each, axis) => sum + each * b[axis]!, 0);

const integers = (node: ImportedNode, elements: readonly number[]) =>
  fill(node.budget.allocate('int64', [elements.length]), (index) => elements[index]!);

const reshaped = (x: Known, shape: Shape): Known => ({ ...x, shape });

const gather: Fold = (node) => {
  const [x, indices] = [node.known(0), node.known(1)];
  const axis = normalizeAxes([node.int('axis', 0)], x.shape.length, node.type)[0]!;
  const chosen = numbersOf(indices).map((index) => requireIndex(index, x.shape[axis]!));
  const [strides, inner] = [stridesOf(x.shape), stridesOf(indices.shape)];
  const rank = indices.shape.length;
  return move(node, x, gatheredShape(x.shape, indices.shape, axis), (position) => {
    const index = chosen[dot(inner, position.slice(axis, axis + rank))]!;
    return dot(strides, [...position.slice(0, axis), index, ...position.slice(axis + rank)]);
  });
};

const concat: Fold = (node) => {
  const parts = node.allKnown();
  const axis = normalizeAxes([node.int('axis', 0)], parts[0].shape.length, node.type)[0]!;
  const total = parts.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
  const shape = parts[0].shape.with(axis, total);
  for (const { type, shape: own } of parts)
    if (type !== parts[0].type || own.length !== shape.length || own.some((size, i) => i !== axis && size !== shape[i]))
      throw new ShapeError(`has inputs that differ in their type, or in an axis other than ${axis}`);
  const result = node.budget.allocate(parts[0].type, shape);
  const [row, inner] = [sizeOf(shape.slice(axis)), sizeOf(shape.slice(axis + 1))];
  let start = 0;
  for (const part of parts) {
    const length = part.shape[axis]! * inner;
    for (let index = 0; index < part.data.length; index++)
      result.data[Math.floor(index / length) * row + start + (index % length)] = part.data[index]!;
    start += length;
  }
  return result;
};

const slice: Fold = (node) => {
  const x = node.known(0);
  const ranges = sliceRanges(node, x.shape);
  if (ranges.every(({ step, count }, axis) => step === 1 && count === x.shape[axis])) return x;
  const strides = stridesOf(x.shape);
  return move(
    node,
    x,
    ranges.map(({ count }) => count),
    (position) =>
      dot(
        strides,
        position.map((index, axis) => ranges[axis]!.start + index * ranges[axis]!.step),
      ),
  );
};

const split: Fold = (node) => {
  const x = node.known(0);
  const axis = normalizeAxes([node.int('axis', 0)], x.shape.length, node.type)[0]!;
  const strides = stridesOf(x.shape);
  let start = 0;
  return splitSizes(node, x.shape[axis]!).map((size) => {
    const from = start * strides[axis]!;
    start += size;
    return move(node, x, x.shape.with(axis, size), (position) => from + dot(strides, position));
  });
};

const expand: Fold = (node) => {
  const x = node.known(0);
  const shape = broadcastShapes(x.shape, node.requiredIntegers(1));
  if (shape === undefined) throw new ShapeError(`cannot broadcast ${showShape(x.shape)} to its second input`);
  const source = broadcastIndex(x.shape, requireShape(shape));
  return fill(node.budget.allocate(x.type, shape), (index) => x.data[source(index)]!);
};

const tile: Fold = (node) => {
  const [x, repeats] = [node.known(0), node.requiredIntegers(1)];
  const strides = stridesOf(x.shape);
  const shape = x.shape.map((size, axis) => size * (repeats[axis] ?? 1));
  return move(node, x, shape, (position) =>
    dot(
      strides,
      position.map((index, axis) => index % x.shape[axis]!),
    ),
  );
};

const transpose: Fold = (node) => {
  const x = node.known(0);
  const perm = node.ints('perm') ?? [...x.shape.keys()].reverse();
  if (String([...perm].sort((a, b) => a - b)) !== String([...x.shape.keys()]))
    throw new ShapeError(`${showShape(perm)} is not an order of its axes`);
  const strides = stridesOf(x.shape);
  const steps = perm.map((axis) => strides[axis]!);
  return move(
    node,
    x,
    perm.map((axis) => x.shape[axis]!),
    (position) => dot(steps, position),
  );
};

const range: Fold = (node) => {
  const [start, limit, delta] = [0, 1, 2].map((index) => node.number(index, 0)) as [number, number, number];
  if (delta === 0) throw new ShapeError('counts in steps of 0');
  const size = Math.max(0, Math.ceil((limit - start) / delta));
  const result = node.budget.allocate(node.known(0).type, [size]);
  return fill(result, (index) => {
    const element = start + index * delta;
    return typeof result.data[0] === 'bigint' ? BigInt(element) : element;
  });
};

const constant: Fold = (node) => {
  const of = (name: string) => node.attribute(name);
  const list = (type: 'float32' | 'int64', elements: readonly (number | bigint)[], shape: Shape = [elements.length]) =>
    fill(node.budget.allocate(type, shape), (index) => elements[index]!);
  const tensor = of('value')?.t;
  if (tensor) return readKnown(tensor, node.externalData, node.budget);
  const [float, int] = [of('value_float'), of('value_int')];
  if (float) return list('float32', [float.f], []);
  if (int) return list('int64', [int.i], []);
  const [floats, ints] = [of('value_floats'), of('value_ints')];
  if (floats) return list('float32', floats.floats);
  if (ints) return list('int64', ints.ints);
  throw new ShapeError('has a value that is neither a dense tensor nor numbers');
};

const constantOfShape: Fold = (node) => {
  const shape = requireShape(node.requiredIntegers(0));
  const tensor = node.attribute('value')?.t;
  if (tensor === undefined) return node.budget.allocate('float32', shape);
  const { type, data } = readKnown(tensor, node.externalData, node.budget);
  if (data.length !== 1) throw new ShapeError(`expects one element as value but got ${data.length}`);
  return fill(node.budget.allocate(type, shape), () => data[0]!);
};

const trilu: Fold = (node) => {
  const x = node.known(0);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const [diagonal, isUpper] = [node.number(1, 0), node.int('upper', 1) === 1];
  return fill(node.budget.allocate(x.type, x.shape), (index) => {
    const offset = (index % columns) - (Math.floor(index / columns) % rows) - diagonal;
    return (isUpper ? offset >= 0 : offset <= 0) ? x.data[index]! : 0;
  });
};

const nonZero: Fold = (node) => {
  const x = node.known(0);
  const found = [...x.data.keys()].filter((index) => Number(x.data[index]) !== 0);
  const strides = stridesOf(x.shape);
  return fill(node.budget.allocate('int64', [x.shape.length, found.length]), (index) => {
    const axis = Math.floor(index / found.length);
    return Math.floor(found[index % found.length]! / strides[axis]!) % x.shape[axis]!;
  });
};

const cumSum: Fold = (node) => {
  const x = node.known(0);
  node.require('exclusive', 0);
  node.require('reverse', 0);
  const axis = requireIndex(node.number(1, 0), x.shape.length);
  const [step, size] = [stridesOf(x.shape)[axis]!, x.shape[axis]!];
  const result = node.budget.allocate(x.type, x.shape);
  return fill(result, (index) => {
    const previous = Math.floor(index / step) % size === 0 ? 0 : result.data[index - step]!;
    const element = x.data[index]!;
    return typeof element === 'bigint' ? element + BigInt(previous) : element + Number(previous);
  });
};

export const FOLDED_SHAPES: Record<string, Fold> = {
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  CumSum: cumSum,
  Expand: expand,
  Flatten: (node) => {
    const x = node.known(0);
    const axis = node.int('axis', 1);
    const before = sizeOf(x.shape.slice(0, axis < 0 ? axis + x.shape.length : axis));
    return reshaped(x, [before, x.data.length / before]);
  },
  Gather: gather,
  NonZero: nonZero,
  Range: range,
  Reshape: (node) => {
    const x = node.known(0);
    return reshaped(x, reshapedTo(node, x.shape));
  },
  Slice: slice,
  Split: split,
  Squeeze: (node) => {
    const x = node.known(0);
    const axes = node.has(1) ? normalizeAxes(node.requiredIntegers(1), x.shape.length, node.type) : undefined;
    return reshaped(x, squeezedShape(x.shape, axes));
  },
  Tile: tile,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: (node) => {
    const x = node.known(0);
    return reshaped(x, unsqueezedShape(x.shape, node.requiredIntegers(1), node.type));
  },
};

/** Shapes of symbolic tensors are known too. */
export const FOLDED_METADATA: Record<string, Fold> = {
  Shape: (node) => {
    const { shape } = node.value(0);
    return integers(node, shape.slice(node.int('start', 0), node.attribute('end') ? node.int('end', 0) : undefined));
  },
  Size: (node) => fill(node.budget.allocate('int64', []), () => sizeOf(node.value(0).shape)),
};
