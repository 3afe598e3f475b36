import { concat, expand, gather, pad, reshape, slice } from '../../operators/index.js';
import { type Shape4, sizeOf } from '../../shape.js';
import { constant, type Value } from '../../value.js';
import type { ConvolutionPlan, KernelGroup, PhaseLink } from './convolutionPlan.js';
import { gradientOrder, type KernelType, linkKernel, transposeRows } from './kernels.js';
import { type FeatureMapType, padded, partsCount, phaseShape, type PhaseTensors } from './layout.js';
import { addConvs, blockedConv, type BlockedConvOptions, reorderOutput } from './operators.js';
import { backwardPadding, forwardPadding } from './polyphase.js';

export type RowsOf = (group: KernelGroup) => Value;

export interface PartMaker {
  /** The bias has zeros after the real channels. */
  make: (epilogue: Pick<BlockedConvOptions, 'bias' | 'activation'>) => Value;
  /** Some of its pixels, [1, channels, rows, pixels of a row], if these can be computed alone. */
  sample?: (strides: readonly [number, number]) => Value;
}

/**
 * Conv to the small map, or ConvTranspose to the big one, as also for the gradient of Conv's data.
 * @param parts of the other map
 * @param type of the result
 */
export function convolve(
  result: 'small' | 'big',
  { kernelGroups, bigAsPixel = false }: ConvolutionPlan,
  rowsOf: RowsOf,
  parts: PhaseTensors,
  type: FeatureMapType,
): PartMaker[] {
  const { batch } = type;
  const chains: Parameters<typeof addConvs>[0][number][][] = [];
  const isForward = result === 'small';
  const paddingOf = isForward ? forwardPadding : backwardPadding;
  for (const group of kernelGroups) {
    const rows = isForward ? transposeRows(rowsOf(group), group.type.block) : rowsOf(group);
    for (const link of group.links) {
      const part = parts[isForward ? link.big : link.small]!;
      const [[top, bottom], [left, right]] = [paddingOf(link.rows), paddingOf(link.columns)];
      (chains[link[result]] ??= []).push({
        x: isForward && bigAsPixel ? asOnePixel(part, group.type, batch) : part,
        w: linkKernel(rows, group.type, link, result),
        dilations: [1, batch],
        pads: [top, left * batch, bottom, right * batch],
      });
    }
  }
  const isPixel = !isForward && bigAsPixel;
  const shape = phaseShape(type);
  const ofPixels = (bias: Value) => (isPixel ? repeatForPixels(bias, kernelGroups[0]!.type, shape[1]) : bias);
  return Array.from({ length: partsCount(type) }, (_, part) => {
    const chain = chains[part];
    if (chain === undefined) return { make: (epilogue) => withoutTaps(shape, epilogue) };
    return {
      make: ({ bias, activation }) => reshape(addConvs(chain, { bias: bias && ofPixels(bias), activation }), shape),
      // As one pixel, the channels of all pixels would be sampled.
      ...(isPixel ? {} : { sample: (strides) => addConvs(chain.map((link) => ({ ...link, strides }))) }),
    };
  });
}

/** The part of a phase that no tap reaches. */
function withoutTaps(shape: Shape4, epilogue: Pick<BlockedConvOptions, 'bias' | 'activation'>) {
  const zeros = expand(constant(0), shape);
  const group = shape[1];
  return epilogue.bias || epilogue.activation
    ? blockedConv(zeros, constant(new Float32Array(group), [group, 1, 1, 1]), { ...epilogue, group })
    : zeros;
}

const asOnePixel = (part: Value, { big }: KernelType, batch: number) => reshape(part, [1, big, 1, batch]);

/** A bias [B] becomes one of (block of B, pixel, position in the block). */
function repeatForPixels(bias: Value, { big, block }: KernelType, channels: number) {
  const repeated = new Array<Value>(big / channels).fill(reshape(bias, [channels / block, 1, block]));
  return reshape(concat(repeated, 1), [big]);
}

/**
 * The gradient of a group's rows. A phase in memory [B/P, row, column, N/P, P of the batch, P of B] is the kernel of a
 * convolution over the small map, whose batch and channels are exchanged within blocks, rows become channels and
 * columns rows.
 */
export function kernelGradientRows(
  { type, links }: KernelGroup,
  bigAsPixel: boolean,
  parts: Record<'small' | 'big', PhaseTensors>,
  batch: number,
) {
  const sums = new Map<string, { result: Value; link: PhaseLink; row: number }>();
  for (const link of links) {
    const [small, part] = [parts.small[link.small]!, parts.big[link.big]!];
    const big = bigAsPixel ? asOnePixel(part, type, batch) : part;
    for (let row = 0; row < link.rows.taps; row++) {
      // Links of the same taps (the phases of a 1x1 convolution) add up.
      const key = `${link.rows.first} ${link.columns.first} ${row}`;
      const result = linkGradient(link, row, small, big, { block: type.block, batch }, sums.get(key)?.result);
      sums.set(key, { result, link, row });
    }
  }
  const results = [...sums.values()];
  const rowSize = type.block ** 2;
  const rows = results.map(({ result }) => reshape(result, [sizeOf(result.shape) / rowSize, rowSize]));
  return gather(concat(rows, 0), gradientOrder(type, results), 0);
}

type Sizes = Pick<FeatureMapType, 'block' | 'batch'>;

/** Rows (block of S, block of B, column tap backwards) for one row tap: declared [S/P, B, taps, P]. */
function linkGradient(
  { rows, columns }: PhaseLink,
  row: number,
  small: Value,
  big: Value,
  sizes: Sizes,
  sum: Value | undefined,
) {
  const { block } = sizes;
  const wholeBatch = padded(sizes.batch, block);
  const blocks = small.shape[1]! / block;
  const exchanged = reorderOutput(
    reshape(padBatch(small, sizes), [blocks * rows.small * columns.small, block, 1, wholeBatch]),
  );
  const axes = { blocks, small: rows.small, phase: rows.phase, rowSize: columns.small * wholeBatch };
  const data = shiftRows(exchanged, rows.shift - row, axes, block);
  const [before, after] = backwardPadding(columns);
  return blockedConv(
    reshape(data, [blocks, block * rows.phase, columns.small, wholeBatch]),
    reshape(padBatch(big, sizes), [big.shape[1]!, block * rows.phase, columns.phase, wholeBatch / block]),
    { strides: [1, wholeBatch / block], pads: [before, 0, after, 0], sum },
  );
}

/** Fills the batch up to whole blocks with zeros, which add nothing to a gradient. */
function padBatch(part: Value, { batch, block }: Sizes) {
  const missing = padded(batch, block) - batch;
  if (missing === 0) return part;
  const pixels = sizeOf(part.shape) / (batch * block);
  return pad(reshape(part, [pixels, batch, block]), [0, 0, 0], [0, missing, 0]);
}

/** Replaces rows y by rows y + offset, zeros beyond the edges; `phase` rows in all. */
function shiftRows(
  x: Value,
  offset: number,
  { blocks, small, phase, rowSize }: { blocks: number; small: number; phase: number; rowSize: number },
  block: number,
) {
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
  for (let start = one * block; start < kernel.length; start += taps * block) kernel.fill(1, start, start + block);
  return blockedConv(reshape(x, [1, channels, small, rowSize]), constant(kernel, [channels, 1, taps, 1]), {
    group: channels,
    pads: [before, 0, after, 0],
  });
}
