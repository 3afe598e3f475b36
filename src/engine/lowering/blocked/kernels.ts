/**
 * Kernels in blocks. A kernel [S, B, kh, kw] couples the channels S of the small map and B of the big one. It is stored
 * as rows of P x P elements, one for each (block of S, block of B, tap), so that one Gather makes the kernel of a link.
 */
import { reshape, slice, transpose } from '../../operators/index.js';
import type { Shape } from '../../shape.js';
import type { Value } from '../../value.js';
import { gather } from '../gather.js';
import { padAxis, padded } from './layout.js';
import { reorderInput } from './operators.js';
import type { PlaneLink } from './polyphase.js';

/** Sizes of a kernel in blocks. */
export interface KernelType {
  readonly small: number;
  readonly big: number;
  readonly height: number;
  readonly width: number;
  readonly block: number;
}

export const plainShape = ({ small, big, height, width }: KernelType): Shape => [small, big, height, width];

const smallBlocks = ({ small, block }: KernelType): number => padded(small, block) / block;
const bigBlocks = ({ big, block }: KernelType): number => padded(big, block) / block;

/** A plain kernel as rows [S/P * B/P * taps, P small * P big], padded with zeros to whole blocks. */
export function kernelRows(kernel: Value, type: KernelType): Value {
  const { small, big, height, width, block } = type;
  const whole = padAxis(padAxis(kernel, 0, padded(small, block)), 1, padded(big, block));
  const split = reshape(whole, [smallBlocks(type), block, bigBlocks(type), block, height * width]);
  return reshape(transpose(split, [0, 2, 4, 1, 3]), [kernelRowsCount(type), block * block]);
}

export function kernelFromRows(rows: Value, type: KernelType): Value {
  const { small, big, height, width, block } = type;
  const split = reshape(rows, [smallBlocks(type), bigBlocks(type), height * width, block, block]);
  const joined = transpose(split, [0, 3, 1, 4, 2]);
  const whole = reshape(joined, [padded(small, block), padded(big, block), height, width]);
  return slice(slice(whole, 0, 0, small), 1, 0, big);
}

/** The number of a kernel's rows. */
export const kernelRowsCount = (type: KernelType): number =>
  smallBlocks(type) * bigBlocks(type) * type.height * type.width;

/**
 * Writes, for each element of the rows, its index in the plain kernel plus `start`; nothing for those that fill a
 * block.
 */
export function writeElementOrder(
  { small, big, height, width, block }: KernelType,
  start: number,
  target: Int32Array,
): void {
  const taps = height * width;
  let position = 0;
  for (let s = 0; s < padded(small, block); s += block) {
    for (let b = 0; b < padded(big, block); b += block) {
      for (let tap = 0; tap < taps; tap++) {
        for (let row = s; row < s + block; row++, position += block) {
          if (row >= small) continue;
          const first = start + (row * big + b) * taps + tap;
          const columns = Math.min(block, big - b);
          for (let column = 0; column < columns; column++) target[position + column] = first + column * taps;
        }
      }
    }
  }
}

/** Each row's P x P elements transposed: [P small, P big] to [P big, P small]. */
export function transposeRows(rows: Value, block: number): Value {
  // Blocking the "channels" of P x P maps of one row transposes them all in one pass.
  return reshape(reorderInput(reshape(rows, [rows.shape[0]!, block, 1, block])), rows.shape);
}

/** The row of a tap: `row` and `column` count the taps of a link. */
const rowIndex = (
  type: KernelType,
  s: number,
  b: number,
  { rows, columns }: PlaneLink,
  row: number,
  column: number,
): number =>
  ((s * bigBlocks(type) + b) * type.height + rows.first + rows.step * row) * type.width +
  columns.first +
  columns.step * column;

/** The kernel of a link from the big map to the small one, of transposed rows: declared [S, B, taps, taps]. */
export function forwardKernel(transposed: Value, type: KernelType, link: PlaneLink): Value {
  const { rows, columns } = link;
  const index: number[] = [];
  for (let s = 0; s < smallBlocks(type); s++) {
    for (let b = 0; b < bigBlocks(type); b++) {
      for (let row = 0; row < rows.taps; row++) {
        for (let column = 0; column < columns.taps; column++) index.push(rowIndex(type, s, b, link, row, column));
      }
    }
  }
  const channels = [padded(type.small, type.block), padded(type.big, type.block)];
  return reshape(gather(transposed, index, 0), [...channels, rows.taps, columns.taps]);
}

/** The kernel of a link from the small map to the big one, its taps backwards: declared [B, S, taps, taps]. */
export function dataGradientKernel(kernel: Value, type: KernelType, link: PlaneLink): Value {
  const { rows, columns } = link;
  const index: number[] = [];
  for (let b = 0; b < bigBlocks(type); b++) {
    for (let s = 0; s < smallBlocks(type); s++) {
      for (let row = rows.taps - 1; row >= 0; row--) {
        for (let column = columns.taps - 1; column >= 0; column--) index.push(rowIndex(type, s, b, link, row, column));
      }
    }
  }
  const channels = [padded(type.big, type.block), padded(type.small, type.block)];
  return reshape(gather(kernel, index, 0), [...channels, rows.taps, columns.taps]);
}

/**
 * The order in which rows of `linkGradient` results become kernel rows.
 * @param results the link and row tap of each result, whose rows are (s, b, column tap backwards)
 */
export function gradientOrder(
  type: KernelType,
  results: readonly { readonly link: PlaneLink; readonly row: number }[],
): number[] {
  const order = new Array<number>(kernelRowsCount(type));
  let position = 0;
  for (const { link, row } of results) {
    for (let s = 0; s < smallBlocks(type); s++) {
      for (let b = 0; b < bigBlocks(type); b++) {
        for (let column = link.columns.taps - 1; column >= 0; column--)
          order[rowIndex(type, s, b, link, row, column)] = position++;
      }
    }
  }
  return order;
}
