/** Compositions that move elements only. */
import { normalizeAxes, type Shape, type Shape4, ShapeError, sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import { expand, reshape } from './broadcasting.js';
import { slice, transpose } from './shaping.js';

/** Removes axes of size 1 (default: all of them). */
export function squeeze(x: Value, axes: readonly number[] = [...x.shape.keys()].filter((axis) => x.shape[axis] === 1)) {
  const removed = normalizeAxes(axes, x.shape.length, 'Squeeze');
  const other = removed.find((axis) => x.shape[axis] !== 1);
  if (other !== undefined) throw new ShapeError(`Squeeze: axis ${other} has ${x.shape[other]} elements, not 1`);
  return reshape(
    x,
    x.shape.filter((_, axis) => !removed.includes(axis)),
  );
}

/** Inserts axes of size 1 at these positions of the result. */
export function unsqueeze(x: Value, axes: readonly number[]) {
  const rank = x.shape.length + axes.length;
  const added = normalizeAxes(axes, rank, 'Unsqueeze');
  if (added.length < axes.length) throw new ShapeError(`Unsqueeze: axes ${axes.join(', ')} name one twice`);
  return reshape(
    x,
    added.reduce<Shape>((shape, axis) => shape.toSpliced(axis, 0, 1), x.shape),
  );
}

/** A matrix: axes before `axis` become rows, the others columns. */
export const flatten = (x: Value, axis = 1): Value => {
  const first = axis < 0 ? axis + x.shape.length : axis;
  return reshape(x, [sizeOf(x.shape.slice(0, first)), sizeOf(x.shape.slice(first))]);
};

/** Parts of these sizes along an axis. */
export function split(x: Value, sizes: readonly number[], axis: number): Value[] {
  const along = normalizeAxes([axis], x.shape.length, 'Split')[0]!;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== x.shape[along])
    throw new ShapeError(`Split: sizes ${sizes.join(', ')} do not add up to ${x.shape[along]} elements`);
  return sizes.map((size, index) => {
    const start = sizes.slice(0, index).reduce((sum, each) => sum + each, 0);
    return slice(x, along, start, start + size);
  });
}

/** Repeats all of a tensor along each axis. */
export function tile(x: Value, repeats: readonly number[]): Value {
  if (repeats.length !== x.shape.length)
    throw new ShapeError(`Tile: ${repeats.length} repeats for ${x.shape.length} axes`);
  const copies = expand(
    reshape(
      x,
      x.shape.flatMap((size) => [1, size]),
    ),
    x.shape.flatMap((size, axis) => [repeats[axis]!, size]),
  );
  return reshape(
    copies,
    x.shape.map((size, axis) => size * repeats[axis]!),
  );
}

/** Order of axes in channels: depth, column, row, or column, row, depth. */
export type DepthMode = 'DCR' | 'CRD';

/** Moves channels [N, block block C, H, W] to pixels [N, C, block H, block W]. */
export function depthToSpace(x: Value, block: number, mode: DepthMode = 'DCR'): Value {
  const [batch, channels, height, width] = requireImages(x, 'DepthToSpace') as Shape4;
  const depth = channels / block ** 2;
  if (!Number.isInteger(depth)) throw new ShapeError(`DepthToSpace: ${block}² does not divide ${channels} channels`);
  const [split, order] =
    mode === 'DCR'
      ? ([
          [block, block, depth],
          [0, 3, 4, 1, 5, 2],
        ] as const)
      : ([
          [depth, block, block],
          [0, 1, 4, 2, 5, 3],
        ] as const);
  const parts = transpose(reshape(x, [batch, ...split, height, width]), order);
  return reshape(parts, [batch, depth, height * block, width * block]);
}

/** Moves pixels [N, C, block H, block W] to channels [N, block block C, H, W]. */
export function spaceToDepth(x: Value, block: number): Value {
  const [batch, channels, height, width] = requireImages(x, 'SpaceToDepth') as Shape4;
  if (height % block !== 0 || width % block !== 0)
    throw new ShapeError(`SpaceToDepth: ${block} does not divide the sides ${height} and ${width}`);
  const [rows, columns] = [height / block, width / block];
  const parts = transpose(reshape(x, [batch, channels, rows, block, columns, block]), [0, 3, 5, 1, 2, 4]);
  return reshape(parts, [batch, channels * block ** 2, rows, columns]);
}

function requireImages({ shape }: Value, operator: string) {
  if (shape.length !== 4) throw new ShapeError(`${operator}: expected data of four axes, not ${shape.length}`);
  return shape;
}
