import { InputError } from '../errors.js';
import type { LabelledImages } from './formats/labelledImages.js';
import { type ImageFormat, type Split, splitInMemory } from './source.js';

const DIGIT_SIZE = 28;
/** What networks for 28x28 images are made for. */
export const PADDED_SIZE = 32;

/** Whether these are images of the size in which MNIST and its relatives are published. */
export const areDigits = ({ height, width, channels }: Pick<LabelledImages, 'height' | 'width' | 'channels'>): boolean =>
  height === DIGIT_SIZE && width === DIGIT_SIZE && channels === 1;

/**
 * Grey images of 28x28, each in the middle of 32x32 with black around it. A multiple of 32 as size repeats each pixel; three channels
 * repeat the grey. Throws InputError for other sizes.
 */
export function digitSplit({ count, pixels, labels }: LabelledImages, { size, channels }: ImageFormat): Split {
  if (size % PADDED_SIZE !== 0) throw new InputError(`size ${size}: images of 28x28 are padded to 32x32, or to a multiple of that`);
  const imageBytes = channels * size * size;
  return { count, labels, copyImage: (index, target, offset) => enlarge(pixels, index, target.subarray(offset, offset + imageBytes), size) };
}

function enlarge(digits: Uint8Array, index: number, target: Uint8Array, size: number): void {
  const margin = (PADDED_SIZE - DIGIT_SIZE) / 2;
  const factor = size / PADDED_SIZE;
  const area = size * size;
  target.fill(0);
  for (let row = 0; row < DIGIT_SIZE; row++) {
    const line = digits.subarray((index * DIGIT_SIZE + row) * DIGIT_SIZE, (index * DIGIT_SIZE + row + 1) * DIGIT_SIZE);
    const enlarged = factor === 1 ? line : Uint8Array.from({ length: line.length * factor }, (_, column) => line[Math.floor(column / factor)]!);
    for (let copy = 0; copy < factor; copy++) target.set(enlarged, ((margin + row) * factor + copy) * size + margin * factor);
  }
  for (let start = area; start < target.length; start += area) target.copyWithin(start, 0, area);
}

/** Images that are published in the wanted format already. */
export const arraySplit = ({ pixels, channels, height, width, labels }: LabelledImages): Split => splitInMemory(pixels, channels * height * width, labels);
