/** The three convolutions of training in blocked layouts, as sums over links. */
import { add, concat, expand, pad, reshape, slice } from '../../operators/index.js';
import { sizeOf } from '../../shape.js';
import { constant, type Value } from '../../value.js';
import { gather } from '../gather.js';
import type { ConvolutionPlan, KernelGroup, PhaseLink } from './convolutionPlan.js';
import { dataGradientKernel, gradientOrder, forwardKernel, transposeRows } from './kernels.js';
import { padded, type PhaseTensors } from './layout.js';
import { blockedConv, type BlockedConvOptions, reorderOutput } from './operators.js';
import { backwardPadding, forwardPadding } from './polyphase.js';

/** The last pass over a result: a bias with zeros after the real channels, and strides that skip positions. */
type Epilogue = Pick<BlockedConvOptions, 'bias' | 'activation' | 'strides'>;

/** One convolution of stride 1 between parts. */
interface Contribution {
  readonly data: Value;
  readonly kernel: Value;
  readonly rows: [number, number];
  readonly columns: [number, number];
}

export type RowsOf = (group: KernelGroup) => Value;

/** Computes one part of a result. */
export interface PartMaker {
  readonly make: (epilogue: Epilogue) => Value;
  /** Some of its pixels, [1, channels of the part, rows, pixels of a row], if these can be computed alone. */
  readonly sample?: (strides: readonly [number, number]) => Value;
}

/** Big to small: Conv. */
export function forwardConv(
  { kernelGroups, bigAsPixel }: ConvolutionPlan,
  rowsOf: RowsOf,
  bigParts: PhaseTensors,
  batch: number,
): PartMaker[] {
  const contributions: Contribution[][] = [];
  for (const group of kernelGroups) {
    const { type, links } = group;
    const transposed = transposeRows(rowsOf(group), type.block);
    for (const link of links) {
      (contributions[link.small] ??= []).push({
        data: bigAsPixel ? asOnePixel(bigParts[link.big]!, type.big, batch) : bigParts[link.big]!,
        kernel: forwardKernel(transposed, type, link),
        rows: forwardPadding(link.rows),
        columns: forwardPadding(link.columns),
      });
    }
  }
  return contributions.map((chain) => ({
    make: (epilogue) => accumulate(chain, batch, epilogue),
    sample: (strides) => accumulate(chain, batch, { strides }),
  }));
}

/** Small to big: ConvTranspose, and the gradient of Conv's data. */
export function dataGradient(
  { kernelGroups, bigAsPixel }: ConvolutionPlan,
  rowsOf: RowsOf,
  smallParts: PhaseTensors,
  batch: number,
  bigShape: readonly number[],
): PartMaker[] {
  const contributions: Contribution[][] = [];
  for (const group of kernelGroups) {
    const { type, links } = group;
    const rows = rowsOf(group);
    for (const link of links) {
      (contributions[link.big] ??= []).push({
        data: smallParts[link.small]!,
        kernel: dataGradientKernel(rows, type, link),
        rows: backwardPadding(link.rows),
        columns: backwardPadding(link.columns),
      });
    }
  }
  const biasOf = ({ bias }: Epilogue) =>
    bias && bigAsPixel ? repeatForPixels(bias, kernelGroups[0]!, bigShape) : bias;
  return contributions.map((chain) => ({
    make: (epilogue) => reshape(accumulate(chain, batch, { ...epilogue, bias: biasOf(epilogue) }), bigShape),
    // As one pixel, the channels of all pixels would be sampled.
    ...(bigAsPixel ? {} : { sample: (strides) => accumulate(chain, batch, { strides }) }),
  }));
}

const asOnePixel = (part: Value, channels: number, batch: number): Value => reshape(part, [1, channels, 1, batch]);

/** A bias [B] for channels (block of B, pixel, position in the block). */
function repeatForPixels(bias: Value, { type }: KernelGroup, bigShape: readonly number[]): Value {
  const blocks = bigShape[1]! / type.block;
  const pixels = type.big / bigShape[1]!;
  const repeated = concat(new Array<Value>(pixels).fill(reshape(bias, [blocks, 1, type.block])), 1);
  return reshape(repeated, [type.big]);
}

/** Convolutions added up, each into the result of the one before. */
function accumulate(chain: readonly Contribution[], batch: number, { bias, activation, strides }: Epilogue): Value {
  return chain.reduce<Value | undefined>((sum, { data, kernel, rows, columns }, index) => {
    const last = index === chain.length - 1;
    return blockedConv(data, kernel, {
      strides,
      dilations: [1, batch],
      pads: [rows[0], columns[0] * batch, rows[1], columns[1] * batch],
      sum,
      bias: last ? bias : undefined,
      activation: last ? activation : undefined,
    });
  }, undefined)!;
}

/**
 * The gradient of the plain kernel. A phase in memory [B/P, row, column, N/P, P of the batch, P of B] is the kernel of
 * a convolution over the small map, whose batch and channels are exchanged within blocks, rows become channels and
 * columns rows.
 */
export function kernelGradient(
  plan: ConvolutionPlan,
  smallParts: PhaseTensors,
  bigParts: PhaseTensors,
  batch: number,
): Value {
  return plan.kernelGroups
    .map((group) => group.gradientOf(kernelGradientRows(group, plan.bigAsPixel, smallParts, bigParts, batch)))
    .reduce((sum, part) => add(sum, part));
}

export function kernelGradientRows(
  { type, links }: KernelGroup,
  bigAsPixel: boolean,
  smallParts: PhaseTensors,
  bigParts: PhaseTensors,
  batch: number,
): Value {
  const sums = new Map<string, { result: Value; link: PhaseLink; row: number }>();
  for (const link of links) {
    const big = bigAsPixel ? asOnePixel(bigParts[link.big]!, type.big, batch) : bigParts[link.big]!;
    for (let row = 0; row < link.rows.taps; row++) {
      // Links of the same taps (the phases of a 1x1 convolution) add up.
      const key = `${link.rows.first} ${link.columns.first} ${row}`;
      const result = linkGradient(link, row, smallParts[link.small]!, big, type.block, batch, sums.get(key)?.result);
      sums.set(key, { result, link, row });
    }
  }
  const results = [...sums.values()];
  const rowSize = type.block * type.block;
  const rows = concat(
    results.map(({ result }) => reshape(result, [sizeOf(result.shape) / rowSize, rowSize])),
    0,
  );
  return gather(rows, gradientOrder(type, results), 0);
}

/** Rows (block of S, block of B, column tap backwards) for one row tap of a link: declared [S/P, B, taps, P]. */
function linkGradient(
  { rows, columns }: PhaseLink,
  row: number,
  small: Value,
  big: Value,
  block: number,
  batch: number,
  sum: Value | undefined,
): Value {
  const wholeBatch = padded(batch, block);
  const [smallBlocks, bigChannels] = [small.shape[1]! / block, big.shape[1]!];
  const exchanged = reorderOutput(
    reshape(padBatch(small, batch, block), [smallBlocks * rows.small * columns.small, block, 1, wholeBatch]),
  );
  const sizes = { blocks: smallBlocks, small: rows.small, phase: rows.phase, rowSize: columns.small * wholeBatch };
  const data = shiftRows(exchanged, rows.shift - row, sizes, block);
  const [before, after] = backwardPadding(columns);
  return blockedConv(
    reshape(data, [smallBlocks, block * rows.phase, columns.small, wholeBatch]),
    reshape(padBatch(big, batch, block), [bigChannels, block * rows.phase, columns.phase, wholeBatch / block]),
    { strides: [1, wholeBatch / block], pads: [before, 0, after, 0], sum },
  );
}

/** Fills the batch up to whole blocks with zeros, which add nothing to a gradient. */
function padBatch(part: Value, batch: number, block: number): Value {
  const wholeBatch = padded(batch, block);
  if (wholeBatch === batch) return part;
  const pixels = sizeOf(part.shape) / (batch * block);
  return pad(reshape(part, [pixels, batch, block]), [0, 0, 0], [0, wholeBatch - batch, 0]);
}

/** Rows y of the map replaced by rows y + offset, zeros beyond its edges; `phase` rows in all. */
function shiftRows(
  x: Value,
  offset: number,
  { blocks, small, phase, rowSize }: { blocks: number; small: number; phase: number; rowSize: number },
  block: number,
): Value {
  if (offset === 0 && small === phase) return x;
  const before = Math.max(0, -offset);
  const after = phase - small + Math.max(0, offset);
  if (after < 0) {
    const rows = reshape(x, [blocks, small, rowSize * block]);
    const [from, to] = [Math.max(0, offset), Math.min(small, phase + offset)];
    // The tap reaches padding only.
    if (to <= from) return expand(constant(0), [blocks, phase, rowSize * block]);
    return pad(slice(rows, 1, from, to), [0, before, 0], [0, phase - before - (to - from), 0]);
  }
  // A depthwise convolution with a single 1 moves rows on all threads; Pad and Slice work on one.
  const taps = Math.abs(offset) + 1;
  const channels = blocks * block;
  const kernel = new Float32Array(channels * taps);
  const one = offset > 0 ? taps - 1 : 0;
  for (let channelBlock = 0; channelBlock < blocks; channelBlock++)
    kernel.fill(1, (channelBlock * taps + one) * block, (channelBlock * taps + one + 1) * block);
  return blockedConv(reshape(x, [1, channels, small, rowSize]), constant(kernel, [channels, 1, taps, 1]), {
    group: channels,
    pads: [before, 0, after, 0],
  });
}
