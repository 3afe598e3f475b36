import { concat, gather, pad, reshape, slice, transpose } from '../../operators/index.js';
import { type Shape, type Shape4, sizeOf } from '../../shape.js';
import { constant, type Value } from '../../value.js';
import { blockedConv, reorderInput, reorderOutput } from './operators.js';

/**
 * `blocked`: a part for each parity of row and column, in row-major order. `spaceToDepth`: one part, in which all
 * phases of a few channels share a block: channel (row parity, column parity, c).
 */
export interface Layout {
  kind: 'blocked' | 'spaceToDepth';
  phases: number;
}

/**
 * Feature maps in blocks of P channels: memory [C/P][H][W][N][P], declared [1, C, H, W N]. Rows are long, and a
 * channel's pixels contiguous. An activation is already a legal kernel of its weight gradient, and moving a pixel moves
 * N P floats.
 */
export interface FeatureMapType extends Layout {
  batch: number;
  channels: number;
  height: number;
  width: number;
  block: number;
}

export type PhaseTensors = readonly Value[];

export const WHOLE: Layout = { kind: 'blocked', phases: 1 };

export function featureMapType(shape: Shape, block: number, layout = WHOLE) {
  const [batch, channels, height, width] = shape as Shape4;
  return { batch, channels, height, width, block, ...layout };
}

export const sameLayout = (a: Layout, b: Layout) => a.kind === b.kind && a.phases === b.phases;

export const padded = (channels: number, block: number) => Math.ceil(channels / block) * block;

export const partsCount = ({ kind, phases }: Layout) => (kind === 'spaceToDepth' ? 1 : phases ** 2);

export function phaseShape({ batch, channels, height, width, block, kind, phases }: FeatureMapType): Shape4 {
  return [1, kind === 'spaceToDepth' ? block : padded(channels, block), height / phases, (width / phases) * batch];
}

/** [C / P, H, W, N P], of a whole feature map. */
export const memoryShape = ({ batch, channels, height, width, block }: FeatureMapType): Shape4 => [
  padded(channels, block) / block,
  height,
  width,
  batch * block,
];

export function padAxis(x: Value, axis: number, size: number) {
  const none = x.shape.map(() => 0);
  return pad(x, none, none.with(axis, size - x.shape[axis]!));
}

/** Maps whose channels, of all phases in a space-to-depth block, do not fill a block. */
const isThin = ({ channels, block, kind }: FeatureMapType) => kind === 'spaceToDepth' || channels < block;

export function fromPlain(x: Value, type: FeatureMapType): PhaseTensors {
  if (isThin(type)) return fromThin(x, type);
  const { batch, channels, height, width, block } = type;
  const wholeChannels = padded(channels, block);
  const split = reshape(padAxis(x, 1, wholeChannels), [batch, wholeChannels / block, block, height, width]);
  return splitPhases(transpose(split, [1, 3, 4, 0, 2]), type);
}

export function toPlain(parts: PhaseTensors, type: FeatureMapType) {
  if (isThin(type)) return toThin(parts, type);
  const { batch, channels, height, width, block } = type;
  const wholeChannels = padded(channels, block);
  const whole = reshape(joinPhases(parts, type), [wholeChannels / block, height, width, batch, block]);
  const joined = reshape(transpose(whole, [3, 0, 4, 1, 2]), [batch, wholeChannels, height, width]);
  return slice(joined, 1, 0, channels);
}

/**
 * Images, usually. They become pixels of N neighbors, [C H W, N], then those in the order of phases, and then blocks.
 * One transposition with a Pad takes three times as long: both have one thread.
 */
function fromThin(x: Value, type: FeatureMapType) {
  const { batch, channels, height, width, block } = type;
  const pixels = transpose(reshape(x, [batch, channels * height * width]), [1, 0]);
  const order = pixelOrder(type);
  const count = partsCount(type);
  const size = order.length / count;
  return Array.from({ length: count }, (_, part) => {
    const own = gather(pixels, order.slice(part * size, (part + 1) * size), 0);
    const [, , rows, columns] = phaseShape(type);
    return fillBlock(reshape(own, [1, (size * batch) / (rows * columns), rows, columns]), block);
  });
}

function toThin(parts: PhaseTensors, type: FeatureMapType) {
  const { batch, channels, height, width } = type;
  const order = pixelOrder(type);
  const inverse = new Array<number>(order.length);
  order.forEach((pixel, position) => (inverse[pixel] = position));
  const ofPart = channels * (type.kind === 'spaceToDepth' ? type.phases ** 2 : 1);
  const pixels = parts.map((part) => {
    const plain = reorderOutput(part, ofPart);
    return reshape(plain, [sizeOf(plain.shape) / batch, batch]);
  });
  const images = transpose(gather(concat(pixels, 0), inverse, 0), [1, 0]);
  return reshape(images, [batch, channels, height, width]);
}

/** The pixels (channel, row, column) of all phases in turn. */
function pixelOrder({ channels, height, width, phases }: FeatureMapType) {
  const order: number[] = [];
  for (let phase = 0; phase < phases ** 2; phase++) {
    const [rowPhase, columnPhase] = [Math.floor(phase / phases), phase % phases];
    for (let channel = 0; channel < channels; channel++) {
      for (let row = rowPhase; row < height; row += phases) {
        for (let column = columnPhase; column < width; column += phases)
          order.push((channel * height + row) * width + column);
      }
    }
  }
  return order;
}

/** A convolution that copies plain channels [1, C, h, w N], with zeros after them, works on all threads. */
function fillBlock(x: Value, block: number) {
  const channels = x.shape[1]!;
  if (channels === block) return reorderInput(x);
  const copy = new Float32Array(channels * block);
  for (let channel = 0; channel < channels; channel++) copy[channel * block + channel] = 1;
  return blockedConv(x, constant(copy, [block, channels, 1, 1]));
}

export function convertLayout(parts: PhaseTensors, from: FeatureMapType, { kind, phases }: Layout) {
  const to = { ...from, kind, phases };
  if (sameLayout(from, to)) return parts;
  if (from.kind === 'spaceToDepth' || kind === 'spaceToDepth') return fromPlain(toPlain(parts, from), to);
  return splitPhases(joinPhases(parts, from), to);
}

/** Gathers the pixels of each phase, N P floats each. */
function splitPhases(whole: Value, type: FeatureMapType) {
  const { phases } = type;
  if (phases === 1) return [reshape(whole, phaseShape(type))];
  const [blocks, height, width, pixelSize] = memoryShape(type);
  const pixels = reshape(whole, [blocks * height * width, pixelSize]);
  return Array.from({ length: phases * phases }, (_, part) => {
    const [rowPhase, columnPhase] = [Math.floor(part / phases), part % phases];
    const index: number[] = [];
    for (let channel = 0; channel < blocks; channel++) {
      for (let row = rowPhase; row < height; row += phases) {
        for (let column = columnPhase; column < width; column += phases)
          index.push((channel * height + row) * width + column);
      }
    }
    return reshape(gather(pixels, index, 0), phaseShape(type));
  });
}

function joinPhases(parts: PhaseTensors, type: FeatureMapType) {
  const { phases } = type;
  if (phases === 1) return parts[0]!;
  const [blocks, height, width, pixelSize] = memoryShape(type);
  const [h, w] = [height / phases, width / phases];
  const rows = Array.from({ length: phases }, (_, rowPhase) => {
    const pixels = parts
      .slice(rowPhase * phases, (rowPhase + 1) * phases)
      .map((part) => reshape(part, [blocks * h * w, 1, pixelSize]));
    return reshape(concat(pixels, 1), [blocks * h, 1, width * pixelSize]);
  });
  return concat(rows, 1);
}
