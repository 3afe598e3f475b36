/** Convolutions and pooling, of images and of sequences (one spatial axis). */
import { averagePool, conv, convTranspose, maxPool, reduceMax, reduceMean, reshape } from '../operators/index.js';
import { type Shape, ShapeError, sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';

type Two = readonly [number, number];
type Four = readonly [number, number, number, number];

/** A sequence becomes an image of one row. */
const asImage = (x: Value) => (x.shape.length === 3 ? reshape(x, x.shape.toSpliced(2, 0, 1)) : x);

const asSequence = (y: Value, { shape }: Value) => (shape.length === 3 ? reshape(y, y.shape.toSpliced(2, 1)) : y);

/** Adds the axis of rows. */
const two = (sizes: readonly number[] | undefined, fallback: number): Two => {
  const [first = fallback, second] = sizes ?? [];
  return second === undefined ? [sizes?.length === 1 ? 1 : first, first] : [first, second];
};

const four = (pads: readonly number[]): Four =>
  pads.length === 2 ? [0, pads[0]!, 0, pads[1]!] : [pads[0]!, pads[1]!, pads[2]!, pads[3]!];

function requireSpatial({ shape }: Value) {
  const axes = shape.length - 2;
  if (axes !== 1 && axes !== 2) throw new ShapeError(`takes one or two spatial axes, not ${axes}`);
}

interface Windows {
  kernel: Shape;
  strides: Two;
  dilations: Two;
  pads: Four;
}

/** @param kernel height and width */
function windowsOf(node: ImportedNode, x: Value, kernel: Two): Windows {
  const [strides, dilations] = [two(node.ints('strides'), 1), two(node.ints('dilations'), 1)];
  const mode = node.text('auto_pad', 'NOTSET');
  const windows = { kernel, strides, dilations };
  if (!mode.startsWith('SAME')) return { ...windows, pads: four(node.ints('pads') ?? [0, 0]) };
  const needed = [0, 1].map((i) => {
    const size = x.shape[2 + i]!;
    const span = dilations[i]! * (kernel[i]! - 1) + 1;
    return Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + span - size);
  }) as unknown as Two;
  return { ...windows, pads: sameSides(needed, mode) };
}

/** Divides padding between both sides; an odd pixel is at the end, or at the beginning. */
function sameSides([rows, columns]: Two, mode: string): Four {
  const round = mode === 'SAME_LOWER' ? Math.ceil : Math.floor;
  const [top, left] = [round(rows / 2), round(columns / 2)];
  return [top, left, rows - top, columns - left];
}

const importConv: NodeImporter = (node) => {
  const [data, weights, bias] = [node.value(0), node.value(1), node.optional(2)];
  requireSpatial(data);
  const [x, w] = [asImage(data), asImage(weights)];
  const { kernel: _, ...windows } = windowsOf(node, x, two(w.shape.slice(2), 1));
  return asSequence(conv(x, w, { ...windows, groups: node.int('group', 1), ...(bias && { bias }) }), data);
};

const importConvTranspose: NodeImporter = (node) => {
  const [data, weights, bias] = [node.value(0), node.value(1), node.optional(2)];
  requireSpatial(data);
  const [x, w] = [asImage(data), asImage(weights)];
  const [strides, dilations] = [two(node.ints('strides'), 1), two(node.ints('dilations'), 1)];
  let outputPadding = two(node.ints('output_padding') ?? [0, 0], 0);
  if (data.shape.length === 3) outputPadding = [0, outputPadding[1]];
  const mode = node.text('auto_pad', 'NOTSET');
  const requested = node.ints('output_shape');
  const spans = [0, 1].map((i) => (x.shape[2 + i]! - 1) * strides[i]! + dilations[i]! * (w.shape[2 + i]! - 1) + 1);
  const sizes = requested ? two(requested, 1) : x.shape.slice(2).map((size, i) => size * strides[i]!);
  const isSized = requested !== undefined || mode.startsWith('SAME');
  const excess = spans.map((span, i) => span + outputPadding[i]! - sizes[i]!) as unknown as Two;
  if (isSized && excess.some((size) => size < 0)) throw new ShapeError('has an output_shape larger than its result');
  // Unlike a convolution, the end gets less by default.
  const pads = isSized
    ? sameSides(excess, mode === 'SAME_UPPER' ? 'SAME_UPPER' : 'SAME_LOWER')
    : four(node.ints('pads') ?? [0, 0]);
  const options = { strides, dilations, pads, outputPadding, groups: node.int('group', 1), ...(bias && { bias }) };
  return asSequence(convTranspose(x, w, options), data);
};

type Pool = (x: Value, windows: Windows, ceilMode: boolean, node: ImportedNode) => Value;

const importPool =
  (build: Pool): NodeImporter =>
  (node) => {
    const data = node.value(0);
    requireSpatial(data);
    if ((node.outputs[1] ?? '') !== '') throw new ShapeError('returns indices, which are not supported');
    const x = asImage(data);
    const kernel = node.ints('kernel_shape');
    if (kernel?.length !== data.shape.length - 2) throw new ShapeError('has no kernel_shape of its spatial axes');
    const windows = windowsOf(node, x, two(kernel, 1));
    // Factors of windows that reach into the padding, and patterns of gradients.
    node.budget.charge(
      sizeOf(windows.kernel) + sizeOf(x.shape.slice(2)) + sizeOf(windows.pads.map((size) => size + 1)),
    );
    return asSequence(build(x, windows, node.int('ceil_mode', 0) === 1, node), data);
  };

const spatialAxes = ({ shape }: Value) => [...shape.keys()].slice(2);

export const CONVOLUTIONS: Record<string, NodeImporter> = {
  AveragePool: importPool((x, { kernel, ...windows }, ceilMode, node) =>
    averagePool(x, two(kernel, 1), {
      ...windows,
      ceilMode,
      countPadding: node.int('count_include_pad', 0) === 1,
    }),
  ),
  Conv: importConv,
  ConvTranspose: importConvTranspose,
  GlobalAveragePool: (node) => reduceMean(node.value(0), spatialAxes(node.value(0))),
  GlobalMaxPool: (node) => reduceMax(node.value(0), spatialAxes(node.value(0))),
  MaxPool: importPool((x, { kernel, ...windows }, ceilMode) => maxPool(x, two(kernel, 1), { ...windows, ceilMode })),
};
