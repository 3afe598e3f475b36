/** Sizes, the outermost axis first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Sizes of images [N, C, H, W], or of a kernel. */
export type Shape4 = readonly [number, number, number, number];

/** An operator cannot take a shape, axis or attribute. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** The number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

export const sameShape = (a: Shape, b: Shape) => a.length === b.length && a.every((size, axis) => size === b[axis]);

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

/** Counts axes from the front, sorted, each once; negative ones count from the end. */
export function normalizeAxes(axes: readonly number[], rank: number, operator: string) {
  const normalized = axes.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
      throw new ShapeError(`${operator}: axis ${axis} does not exist in a tensor of rank ${rank}`);
    return axis < 0 ? axis + rank : axis;
  });
  return [...new Set(normalized)].sort((a, b) => a - b);
}

/** Row-major, in elements. */
export const stridesOf = (shape: Shape) => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
