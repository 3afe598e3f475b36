/** Sizes, the outermost axis first; `[]` is a scalar. */
export type Shape = readonly number[];

/** An operator cannot take a shape, axis or attribute. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** The number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** Returns the shape of two broadcast operands, or undefined if they cannot be broadcast. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** Counts axes from the front, sorted and without repetition; negative ones count from the end. */
export function normalizeAxes(axes: readonly number[], rank: number, operator: string): readonly number[] {
  const normalized = axes.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw new ShapeError(`${operator}: axis ${axis} does not exist in a tensor of rank ${rank}`);
    }
    return axis < 0 ? axis + rank : axis;
  });
  return [...new Set(normalized)].sort((a, b) => a - b);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}
