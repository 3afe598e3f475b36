/**
 * Layouts of feature maps [N, C, H, W] in the blocked graph. Channels are in blocks of P, and the batch between columns
 * and block: memory [C/P][H][W][N][P], declared [1, C, H, W N]. Rows are long, and a channel's pixels contiguous. An
 * activation is already a legal kernel of its weight gradient, and moving a pixel moves N P floats.
 */
import { concat, pad, reshape, slice, transpose } from '../../operators/index.js';
import type { Shape } from '../../shape.js';
import type { Value } from '../../value.js';
import { gather } from '../gather.js';

/**
 * `blocked`: one part for each of phases x phases parities of row and column, in row-major order.
 * `spaceToDepth`: one part, in which all phases of a few channels share a block: channel (row parity, column parity,
 * c).
 */
export interface Layout {
  readonly kind: 'blocked' | 'spaceToDepth';
  readonly phases: number;
}

/** The tensors that hold a value in a layout. */
export type PhaseTensors = readonly Value[];

/** Sizes of a batch of feature maps, and the block size. */
export interface FeatureMapType {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly block: number;
}

export const featureMapType = ([batch, channels, height, width]: Shape, block: number): FeatureMapType => ({
  batch: batch!,
  channels: channels!,
  height: height!,
  width: width!,
  block,
});
export const sameLayout = (a: Layout, b: Layout): boolean => a.kind === b.kind && a.phases === b.phases;

/** Channels rounded up to whole blocks. */
export const padded = (channels: number, block: number): number => Math.ceil(channels / block) * block;

/** The declared shape of each part. */
export function phaseShape({ batch, channels, height, width, block }: FeatureMapType, { kind, phases }: Layout): Shape {
  return [1, kind === 'spaceToDepth' ? block : padded(channels, block), height / phases, (width / phases) * batch];
}

/** All pixels in one part. */
export const WHOLE: Layout = { kind: 'blocked', phases: 1 };

/** The shape [C / P, H, W, N P] of the memory of a whole feature map. */
export const memoryShape = ({ batch, channels, height, width, block }: FeatureMapType): Shape => [
  padded(channels, block) / block,
  height,
  width,
  batch * block,
];

/** Fills an axis up to `size` with zeros. */
export function padAxis(x: Value, axis: number, size: number): Value {
  const none = x.shape.map(() => 0);
  return pad(x, none, none.with(axis, size - x.shape[axis]!));
}

/** A plain value in a layout. */
export function fromPlain(x: Value, type: FeatureMapType, layout: Layout): PhaseTensors {
  const { batch, channels, height, width, block } = type;
  const { kind, phases } = layout;
  if (kind === 'spaceToDepth') {
    const split = reshape(x, [batch, channels, height / phases, phases, width / phases, phases]);
    const flatShape = [(height / phases) * (width / phases) * batch, phases * phases * channels];
    const flat = reshape(transpose(split, [2, 4, 0, 3, 5, 1]), flatShape);
    return [reshape(padAxis(flat, 1, block), phaseShape(type, layout))];
  }
  const wholeChannels = padded(channels, block);
  const split = reshape(padAxis(x, 1, wholeChannels), [batch, wholeChannels / block, block, height, width]);
  const whole = reshape(transpose(split, [1, 3, 4, 0, 2]), phaseShape(type, WHOLE));
  return splitPhases(whole, type, phases);
}

/** A value back in canonical memory. */
export function toPlain(parts: PhaseTensors, type: FeatureMapType, layout: Layout): Value {
  const { batch, channels, height, width, block } = type;
  const { kind, phases } = layout;
  if (kind === 'spaceToDepth') {
    const blocks = reshape(parts[0]!, [(height / phases) * (width / phases) * batch, block]);
    const flat = slice(blocks, 1, 0, phases * phases * channels);
    const split = reshape(flat, [height / phases, width / phases, batch, phases, phases, channels]);
    return reshape(transpose(split, [2, 5, 0, 3, 1, 4]), [batch, channels, height, width]);
  }
  const wholeChannels = padded(channels, block);
  const whole = reshape(joinPhases(parts, type, phases), [wholeChannels / block, height, width, batch, block]);
  const joined = reshape(transpose(whole, [3, 0, 4, 1, 2]), [batch, wholeChannels, height, width]);
  return slice(joined, 1, 0, channels);
}

/** A value from one layout to another. */
export function convertLayout(parts: PhaseTensors, type: FeatureMapType, from: Layout, to: Layout): PhaseTensors {
  if (sameLayout(from, to)) return parts;
  if (from.kind === 'spaceToDepth' || to.kind === 'spaceToDepth')
    return fromPlain(toPlain(parts, type, from), type, to);
  return splitPhases(joinPhases(parts, type, from.phases), type, to.phases);
}

/** A whole map as phases, each of which gathers its pixels of N P floats. */
function splitPhases(whole: Value, type: FeatureMapType, phases: number): PhaseTensors {
  if (phases === 1) return [whole];
  const [blocks, height, width, pixelSize] = memoryShape(type) as [number, number, number, number];
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
    return reshape(gather(pixels, index, 0), phaseShape(type, { kind: 'blocked', phases }));
  });
}

/** Phases as a whole map: pixels are interleaved within rows, then rows. */
function joinPhases(parts: PhaseTensors, type: FeatureMapType, phases: number): Value {
  if (phases === 1) return parts[0]!;
  const [blocks, height, width, pixelSize] = memoryShape(type) as [number, number, number, number];
  const [h, w] = [height / phases, width / phases];
  const rows = Array.from({ length: phases }, (_, rowPhase) => {
    const pixels = parts
      .slice(rowPhase * phases, (rowPhase + 1) * phases)
      .map((part) => reshape(part, [blocks * h * w, 1, pixelSize]));
    return reshape(concat(pixels, 1), [blocks * h, 1, width * pixelSize]);
  });
  return reshape(concat(rows, 1), phaseShape(type, WHOLE));
}
