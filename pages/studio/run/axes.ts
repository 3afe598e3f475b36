/** Directions of a plane that stay recognizable. */

/**
 * Turns and mirrors the axes of a plane to be as near as possible to earlier ones (orthogonal Procrustes in two
 * dimensions), so that a view of points turns no more than their plane does.
 * @param axes orthonormal [2, M]
 * @param before orthonormal [2, M]
 */
export function alignedAxes(axes: Float64Array, before: Float64Array): Float64Array {
  const size = axes.length / 2;
  const product = (row: 0 | 1, column: 0 | 1): number => {
    let sum = 0;
    for (let index = 0; index < size; index++) sum += before[row * size + index]! * axes[column * size + index]!;
    return sum;
  };
  const [a, b, c, d] = [product(0, 0), product(0, 1), product(1, 0), product(1, 1)];
  const [turned, mirrored] = [Math.hypot(a + d, c - b), Math.hypot(a - d, b + c)];
  if (turned === 0 && mirrored === 0) return axes;
  // Rows of the orthogonal matrix that maximizes its inner product with [[a, b], [c, d]].
  const [cos, sin] =
    turned >= mirrored ? [(a + d) / turned, (c - b) / turned] : [(a - d) / mirrored, (b + c) / mirrored];
  const rows = turned >= mirrored ? [cos, -sin, sin, cos] : [cos, sin, sin, -cos];
  const aligned = new Float64Array(axes.length);
  for (let index = 0; index < size; index++) {
    const [first, second] = [axes[index]!, axes[size + index]!];
    aligned[index] = rows[0]! * first + rows[1]! * second;
    aligned[size + index] = rows[2]! * first + rows[3]! * second;
  }
  return aligned;
}
