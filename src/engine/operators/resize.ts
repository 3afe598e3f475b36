import { apply, requireFloat } from '../operator.js';
import { type Shape4, ShapeError } from '../shape.js';
import { constant, type Distribution, type Operator, type Placement, type Value } from '../value.js';
import { expand, reduceSum, reshape } from './broadcasting.js';

const ownImages = ([placement]: readonly Placement[]): Distribution | undefined =>
  placement === 0 ? { operands: [0], result: 0 } : undefined;

const NEAREST = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };

/** Pixel (i, j) is pixel (floor(i / factor), floor(j / factor)) of the data. */
const Resize: Operator<{ factor: number } & typeof NEAREST> = {
  name: 'Resize',
  infer([x], { factor }) {
    requireFloat([x]);
    if (x.shape.length !== 4) throw new ShapeError('expected data of four axes');
    if (!Number.isInteger(factor) || factor < 1)
      throw new ShapeError(`expected a whole factor of at least 1 but got ${factor}`);
    const [batch, channels, height, width] = x.shape as Shape4;
    return { type: 'float32', shape: [batch, channels, height * factor, width * factor] };
  },
  gradient: ({ attributes: { factor }, gradient }) => [() => sumBlocks(gradient, factor)],
  distribute: ownImages,
  // This mode ignores the region of interest.
  parameters: ({ factor }) => ({ roi: constant([]), factor: constant([1, 1, factor, factor]) }),
  blocked([x], { attributes: { factor } }) {
    const [blocks, height, width, inner] = x.shape as Shape4;
    const pixels = reshape(x, [blocks, height, 1, width, 1, inner]);
    const repeated = expand(pixels, [blocks, height, factor, width, factor, inner]);
    return reshape(repeated, [blocks, height * factor, width * factor, inner]);
  },
};

/**
 * Sums blocks of factor x factor pixels: the gradient of Resize, and part of average pooling. Blocked layouts of both
 * take an iteration of a residual generator of width 64 to 0.74 of the time (docs/compiler.md).
 */
const SumBlocks: Operator<{ factor: number }> = {
  name: 'SumBlocks',
  infer([x], { factor }) {
    requireFloat([x]);
    if (x.shape.length !== 4 || x.shape.slice(2).some((side) => side % factor !== 0))
      throw new ShapeError(`expected data of four axes, with sides that ${factor} divides`);
    return { type: 'float32', shape: x.shape.map((size, axis) => (axis < 2 ? size : size / factor)) };
  },
  gradient: ({ attributes: { factor }, gradient }) => [() => resize(gradient, factor)],
  distribute: ownImages,
  decomposition: ([x], { factor }) => {
    const [batch, channels, height, width] = x.shape as Shape4;
    const blocks = reshape(x, [batch * channels, height / factor, factor, width / factor, factor]);
    return reshape(reduceSum(blocks, [2, 4]), [batch, channels, height / factor, width / factor]);
  },
  blocked([x], { attributes: { factor } }) {
    const [blocks, height, width, inner] = x.shape as Shape4;
    const pixels = reshape(x, [blocks, height / factor, factor, width / factor, factor, inner]);
    return reduceSum(pixels, [2, 4], { keepAxes: false });
  },
};

/** Sums blocks of factor x factor pixels, which must divide the sides. */
export const sumBlocks = (x: Value, factor: number): Value => apply(SumBlocks, [x], { factor });

/** Upsamples `[N, C, H, W]` to the nearest pixel, `[N, C, factor H, factor W]`. */
export const resize = (x: Value, factor: number): Value => apply(Resize, [x], { factor, ...NEAREST });
