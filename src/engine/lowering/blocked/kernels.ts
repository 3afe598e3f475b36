import { gather, reshape, slice, transpose } from '../../operators/index.js';
import type { Value } from '../../value.js';
import { padAxis, padded } from './layout.js';
import { reorderInput } from './operators.js';
import type { PlaneLink } from './polyphase.js';

/**
 * A kernel [S, B, kh, kw] couples the channels S of the small map and B of the big one. It is stored as rows of P x P
 * elements, one for each (block of S, block of B, tap), so that one Gather makes the kernel of a link.
 */
export type KernelType = Record<'small' | 'big' | 'height' | 'width' | 'block', number>;

export const plainShape = ({ small, big, height, width }: KernelType) => [small, big, height, width];

const blocksOf = ({ small, big, block }: KernelType): [small: number, big: number] => [
  Math.ceil(small / block),
  Math.ceil(big / block),
];

export function kernelRowsCount(type: KernelType) {
  const [small, big] = blocksOf(type);
  return small * big * type.height * type.width;
}

/** Returns rows [S/P * B/P * taps, P small * P big], padded with zeros to whole blocks. */
export function kernelRows(kernel: Value, type: KernelType) {
  const { small, big, height, width, block } = type;
  const [smallBlocks, bigBlocks] = blocksOf(type);
  const whole = padAxis(padAxis(kernel, 0, padded(small, block)), 1, padded(big, block));
  const split = reshape(whole, [smallBlocks, block, bigBlocks, block, height * width]);
  return reshape(transpose(split, [0, 2, 4, 1, 3]), [kernelRowsCount(type), block * block]);
}

export function kernelFromRows(rows: Value, type: KernelType) {
  const { small, big, height, width, block } = type;
  const split = reshape(rows, [...blocksOf(type), height * width, block, block]);
  const joined = transpose(split, [0, 3, 1, 4, 2]);
  const whole = reshape(joined, [padded(small, block), padded(big, block), height, width]);
  return slice(slice(whole, 0, 0, small), 1, 0, big);
}

/** Writes indices in the plain kernel plus `start`, and nothing in the padding. */
export function writeElementOrder({ small, big, height, width, block }: KernelType, start: number, target: Int32Array) {
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

/** Transposes each row, [P small, P big], to [P big, P small]. */
export function transposeRows(rows: Value, block: number) {
  // Blocking the "channels" of P x P maps of one row transposes them all in one pass.
  return reshape(reorderInput(reshape(rows, [rows.shape[0]!, block, 1, block])), rows.shape);
}

const rowIndex = (type: KernelType, s: number, b: number, { rows, columns }: PlaneLink, row: number, column: number) =>
  ((s * blocksOf(type)[1] + b) * type.height + rows.first + rows.step * row) * type.width +
  columns.first +
  columns.step * column;

const range = (count: number) => [...Array(count).keys()];

/**
 * The kernel of a link: to the small map [S, B, taps, taps], to the big one [B, S, taps, taps] with the taps backwards.
 * @param rows transposed if to the small map
 */
export function linkKernel(rows: Value, type: KernelType, link: PlaneLink, result: 'small' | 'big') {
  const [smallBlocks, bigBlocks] = blocksOf(type).map(range) as [number[], number[]];
  const taps = (count: number) => (result === 'small' ? range(count) : range(count).reverse());
  const [tapRows, tapColumns] = [taps(link.rows.taps), taps(link.columns.taps)];
  const rowsOf = (s: number, b: number) =>
    tapRows.flatMap((row) => tapColumns.map((column) => rowIndex(type, s, b, link, row, column)));
  const index =
    result === 'small'
      ? smallBlocks.flatMap((s) => bigBlocks.flatMap((b) => rowsOf(s, b)))
      : bigBlocks.flatMap((b) => smallBlocks.flatMap((s) => rowsOf(s, b)));
  const channels = [padded(type.small, type.block), padded(type.big, type.block)];
  if (result === 'big') channels.reverse();
  return reshape(gather(rows, index, 0), [...channels, tapRows.length, tapColumns.length]);
}

/** The kernel rows of results of `linkGradient`, whose rows are (s, b, column tap backwards). */
export function gradientOrder(type: KernelType, results: readonly { link: PlaneLink; row: number }[]): number[] {
  const order = new Array<number>(kernelRowsCount(type));
  const [smallBlocks, bigBlocks] = blocksOf(type);
  let position = 0;
  for (const { link, row } of results) {
    for (let s = 0; s < smallBlocks; s++) {
      for (let b = 0; b < bigBlocks; b++) {
        for (let column = link.columns.taps - 1; column >= 0; column--)
          order[rowIndex(type, s, b, link, row, column)] = position++;
      }
    }
  }
  return order;
}
