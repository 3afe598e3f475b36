import { cast, clip, equal, matMul, type Shape, sub, type Value } from '../../engine/index.js';
import { indices } from '../distortion.js';
import type { Augmentation } from '../terms.js';

/** The largest shift, as a fraction of the image size. */
const RANGE = 1 / 8;

/** Shifts by whole rows and columns, and repeats the border. */
export const translation: Augmentation = {
  parameters: 2,
  draw: (stream, [, height, width]) =>
    [height, width].map((size) => {
      const most = Math.round(size * RANGE);
      return stream.below(2 * most + 1) - most;
    }),
  apply(x, [rows, columns]) {
    const [height, width] = x.shape.slice(2) as [number, number];
    // Products with one-hot matrices are exact.
    const byRow = oneHot(sources(rows!, height, [1, 1, height, 1]), height, [1, 1, 1, height]);
    const byColumn = oneHot(sources(columns!, width, [1, 1, 1, width]), width, [1, 1, width, 1]);
    return matMul(matMul(byRow, x), byColumn);
  },
};

const sources = (shift: Value, size: number, shape: Shape): Value =>
  clip(sub(indices(size, shape), shift), 0, size - 1);

const oneHot = (positions: Value, size: number, shape: Shape): Value =>
  cast(equal(positions, indices(size, shape)), 'float32');
