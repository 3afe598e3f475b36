import { type Shape, ShapeError, showShape } from '../shape.js';
import { constant, type Value } from '../value.js';
import { matMul, transposeMatrix } from './matrix.js';
import { resize } from './resize.js';
import { reshape } from './broadcasting.js';

/** Names of values as in ONNX's Resize. */
export interface InterpolationOptions {
  /** Sizes of the result along all axes, or `scales`. */
  sizes?: Shape;
  scales?: readonly number[];
  mode?: 'nearest' | 'linear' | 'cubic';
  coordinates?: keyof typeof COORDINATES;
  nearest?: keyof typeof ROUNDING;
  cubicCoefficient?: number;
  /** Whether weights beyond the data are left out instead of going to the outermost elements. */
  excludeOutside?: boolean;
}

interface AxisSizes {
  input: number;
  output: number;
  scale: number;
}

/** The position in the data of an element of the result. */
const COORDINATES = {
  half_pixel: (x: number, { scale }: AxisSizes) => (x + 0.5) / scale - 0.5,
  half_pixel_symmetric: (x: number, { input, output, scale }: AxisSizes) =>
    (input / 2) * (1 - output / (scale * input)) + (x + 0.5) / scale - 0.5,
  pytorch_half_pixel: (x: number, { output, scale }: AxisSizes) => (output > 1 ? (x + 0.5) / scale - 0.5 : 0),
  align_corners: (x: number, { input, output }: AxisSizes) => (output === 1 ? 0 : (x * (input - 1)) / (output - 1)),
  asymmetric: (x: number, { scale }: AxisSizes) => x / scale,
};

const ROUNDING = {
  round_prefer_floor: (x: number) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x: number) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

type Weights = readonly (readonly [position: number, weight: number])[];

function weightsAt(position: number, options: InterpolationOptions): Weights {
  const { mode = 'nearest', nearest = 'round_prefer_floor', cubicCoefficient: a = -0.75 } = options;
  if (mode === 'nearest') return [[ROUNDING[nearest](position), 1]];
  const first = Math.floor(position);
  const part = position - first;
  if (mode === 'linear')
    return [
      [first, 1 - part],
      [first + 1, part],
    ];
  const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(part + 1), near(part), near(1 - part), far(2 - part)].map(
    (weight, i) => [first - 1 + i, weight] as const,
  );
}

/** A matrix [input, output]. */
function interpolationMatrix(axis: AxisSizes, options: InterpolationOptions) {
  const { coordinates = 'half_pixel', excludeOutside = false } = options;
  const { input, output } = axis;
  const matrix = new Float32Array(input * output);
  for (let x = 0; x < output; x++) {
    const weights = weightsAt(COORDINATES[coordinates](x, axis), options);
    const inside = weights.filter(([position]) => position >= 0 && position < input);
    const used = excludeOutside && inside.length > 0 ? inside : weights;
    const total = excludeOutside ? used.reduce((sum, [, weight]) => sum + weight, 0) : 1;
    for (const [position, weight] of used)
      matrix[Math.min(Math.max(position, 0), input - 1) * output + x]! += weight / total;
  }
  return constant(matrix, [input, output]);
}

/** Resizes axes one by one, by products with matrices, whose gradients are such products too. */
export function interpolate(x: Value, options: InterpolationOptions): Value {
  const axes = axesOf(x, options);
  const factor = repetition(axes, options);
  if (factor !== undefined) return resize(x, factor);
  return axes.reduce((value, axis, index) => {
    if (axis.input === axis.output && axis.scale === 1) return value;
    return alongAxis(value, interpolationMatrix(axis, options), index);
  }, x);
}

function axesOf({ shape }: Value, { sizes, scales }: InterpolationOptions): AxisSizes[] {
  const given = sizes ?? scales;
  if (given?.length !== shape.length)
    throw new ShapeError(`Resize: expected a size or scale for each axis of ${showShape(shape)}`);
  return shape.map((input, axis) => {
    const output = sizes?.[axis] ?? Math.floor(input * scales![axis]!);
    if (!(output >= 1)) throw new ShapeError(`Resize: axis ${axis} of ${showShape(shape)} would have no element`);
    return { input, output, scale: sizes ? output / input : scales![axis]! };
  });
}

/** The whole factor by which pixels of images are repeated, if nothing else happens. */
function repetition(axes: readonly AxisSizes[], { mode = 'nearest', coordinates, nearest }: InterpolationOptions) {
  const [batch, channels, rows, columns, ...more] = axes.map(({ scale }) => scale);
  const isPlain = batch === 1 && channels === 1 && rows === columns && Number.isInteger(rows) && more.length === 0;
  return isPlain && mode === 'nearest' && coordinates === 'asymmetric' && nearest === 'floor' ? rows : undefined;
}

function alongAxis(x: Value, matrix: Value, axis: number) {
  const [, output] = matrix.shape as [number, number];
  const shape = x.shape.with(axis, output);
  if (axis === x.shape.length - 1) return matMul(x, matrix);
  const before = x.shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const after = x.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const rows = reshape(x, [before, x.shape[axis]!, after]);
  return reshape(matMul(transposeMatrix(matrix), rows), shape);
}
