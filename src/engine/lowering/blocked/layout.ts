import { concat, gather, pad, reshape, slice, transpose } from '../../operators/index.js';
import type { Shape, Shape4 } from '../../shape.js';
import type { Value } from '../../value.js';

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

export function fromPlain(x: Value, type: FeatureMapType) {
  const { batch, channels, height, width, block, kind, phases } = type;
  if (kind === 'spaceToDepth') {
    const split = reshape(x, [batch, channels, height / phases, phases, width / phases, phases]);
    const flatShape = [(height / phases) * (width / phases) * batch, phases * phases * channels];
    const flat = reshape(transpose(split, [2, 4, 0, 3, 5, 1]), flatShape);
    return [reshape(padAxis(flat, 1, block), phaseShape(type))];
  }
  // Filled up before they are moved, the channels of an image take twice as long.
  if (channels < block) return splitPhases(padAxis(transpose(x, [2, 3, 0, 1]), 3, block), type);
  const wholeChannels = padded(channels, block);
  const split = reshape(padAxis(x, 1, wholeChannels), [batch, wholeChannels / block, block, height, width]);
  return splitPhases(transpose(split, [1, 3, 4, 0, 2]), type);
}

export function toPlain(parts: PhaseTensors, type: FeatureMapType) {
  const { batch, channels, height, width, block, kind, phases } = type;
  if (kind === 'spaceToDepth') {
    const blocks = reshape(parts[0]!, [(height / phases) * (width / phases) * batch, block]);
    const flat = slice(blocks, 1, 0, phases * phases * channels);
    const split = reshape(flat, [height / phases, width / phases, batch, phases, phases, channels]);
    return reshape(transpose(split, [2, 5, 0, 3, 1, 4]), [batch, channels, height, width]);
  }
  const wholeChannels = padded(channels, block);
  const memory = joinPhases(parts, type);
  if (channels < block)
    return transpose(slice(reshape(memory, [height, width, batch, block]), 3, 0, channels), [2, 3, 0, 1]);
  const whole = reshape(memory, [wholeChannels / block, height, width, batch, block]);
  const joined = reshape(transpose(whole, [3, 0, 4, 1, 2]), [batch, wholeChannels, height, width]);
  return slice(joined, 1, 0, channels);
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
