export type GridLayout = ReturnType<typeof placeOnGrid>;

/** Cells that a point may move without misstating its position. */
const REACH = 2;

/**
 * Gives points [N, 2], y up, their own cells or the nearest free ones in reach. Earlier points have priority.
 * @param placed number of points that get cells; the others only span the grid
 * @returns a cell of each placed point, or -1; positions of all points from the top left, in cells
 */
export function placeOnGrid(points: ArrayLike<number>, longerSide: number, placed = points.length / 2) {
  const [left, right] = rangeOf(points, 0);
  const [bottom, top] = rangeOf(points, 1);
  // For equal points, one cell.
  const unit = Math.max(right - left, top - bottom) / longerSide || 1;
  const cellsAlong = (length: number) => Math.min(longerSide, Math.max(1, Math.ceil(length / unit)));
  const [columns, rows] = [cellsAlong(right - left), cellsAlong(top - bottom)];
  const taken = new Uint8Array(columns * rows);
  const positions = Float64Array.from(points, (value, index) => (index % 2 === 0 ? value - left : top - value) / unit);
  const cells = new Int32Array(placed).fill(-1);
  for (let point = 0; point < placed; point++) {
    const cell = nearestFree(taken, columns, rows, positions[2 * point]!, positions[2 * point + 1]!);
    if (cell === undefined) continue;
    taken[cell] = 1;
    cells[point] = cell;
  }
  return { columns, rows, cells, positions };
}

/** Stretches axes in dense regions until a share of the placed points has cells; 1 spreads points evenly. */
export function placeStretched(points: ArrayLike<number>, longerSide: number, share = 0.5, placed = points.length / 2) {
  for (let quarter = 0; ; quarter++) {
    const stretch = quarter / 4;
    const layout = placeOnGrid(stretch === 0 ? points : stretched(points, stretch), longerSide, placed);
    if (countPlaced(layout) >= share * placed || stretch === 1) return { ...layout, stretch };
  }
}

export const countPlaced = ({ cells }: GridLayout) => cells.filter((cell) => cell >= 0).length;

function stretched(points: ArrayLike<number>, stretch: number) {
  const result = Float64Array.from(points);
  for (const axis of [0, 1] as const) {
    const [min, max] = rangeOf(points, axis);
    const indices = Array.from({ length: points.length / 2 }, (_, point) => 2 * point + axis);
    const order = indices.sort((a, b) => points[a]! - points[b]!);
    order.forEach((index, rank) => {
      const even = min + ((max - min) * rank) / Math.max(1, order.length - 1);
      result[index] = (1 - stretch) * points[index]! + stretch * even;
    });
  }
  return result;
}

function nearestFree(taken: Uint8Array, columns: number, rows: number, x: number, y: number) {
  const [ownColumn, ownRow] = [Math.min(columns - 1, Math.floor(x)), Math.min(rows - 1, Math.floor(y))];
  const own = ownRow * columns + ownColumn;
  if (!taken[own]) return own;
  let [nearest, shortest]: [number | undefined, number] = [undefined, Infinity];
  for (let row = Math.max(0, ownRow - REACH); row <= Math.min(rows - 1, ownRow + REACH); row++) {
    for (let column = Math.max(0, ownColumn - REACH); column <= Math.min(columns - 1, ownColumn + REACH); column++) {
      const cell = row * columns + column;
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      if (!taken[cell] && distance < shortest) [nearest, shortest] = [cell, distance];
    }
  }
  return nearest;
}

function rangeOf(points: ArrayLike<number>, axis: 0 | 1): [min: number, max: number] {
  let [min, max] = [Infinity, -Infinity];
  for (let index = axis; index < points.length; index += 2) {
    min = Math.min(min, points[index]!);
    max = Math.max(max, points[index]!);
  }
  return [min, max];
}
