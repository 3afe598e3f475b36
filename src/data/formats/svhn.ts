import { InputError } from '../../errors.js';
import { classNumbers } from './classNumbers.js';
import type { LabeledImages } from './labeledImages.js';
import { decodeMatlab } from './matlab.js';
import type { MatlabArray } from './matlabMatrix.js';

const SIDE = 32;
const CHANNELS = 3;
const AREA = SIDE * SIDE;
const IMAGE_BYTES = CHANNELS * AREA;

/** Labels are 1 to 10, and 10 is the digit 0. */
const ZERO_LABEL = 10;

/**
 * Reads a file of SVHN's cropped digits (format 2: `train_32x32.mat`, `test_32x32.mat`, `extra_32x32.mat`): X, bytes [32, 32, 3, N] of rows,
 * columns, colours and images, column-major, and y [N, 1]. The images' labels are their digits. Source:
 * http://ufldl.stanford.edu/housenumbers. Throws InputError, which begins with `name`, if the bytes are no such file.
 */
export function decodeSvhn(bytes: Uint8Array, name: string): LabeledImages {
  const arrays = decodeMatlab(bytes, name, ['X', 'y']);
  const stored = imageBytes(arrays.get('X')!, name);
  const count = stored.length / IMAGE_BYTES;
  const { sizes, values } = arrays.get('y')!;
  if (sizes.length !== 2 || sizes[0] !== count || sizes[1] !== 1)
    throw new InputError(`${name}: variable y is ${sizes.join(' x ')}, for the ${count} images of X it should be ${count} x 1`);
  const labels = classNumbers(values, 1, ZERO_LABEL, name).map((label) => label % ZERO_LABEL);
  return { count, channels: CHANNELS, height: SIDE, width: SIDE, pixels: rowsFirst(stored), labels };
}

/** The elements of X: one image after another, of each plane one column after another. */
function imageBytes({ class: kind, sizes, values }: MatlabArray, name: string): Uint8Array {
  // MATLAB drops a last axis of size 1.
  const [height, width, channels, count = 1] = sizes;
  const fits = sizes.length <= 4 && height === SIDE && width === SIDE && channels === CHANNELS && count > 0;
  if (!fits || kind !== 'uint8' || !(values instanceof Uint8Array))
    throw new InputError(`${name}: variable X is ${kind} ${sizes.join(' x ')}, SVHN's cropped digits are uint8 ${SIDE} x ${SIDE} x ${CHANNELS} x N`);
  return values;
}

/** Planes whose columns are stored one after another as planes whose rows are. */
function rowsFirst(stored: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(stored.length);
  for (let plane = 0; plane < stored.length; plane += AREA) {
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) pixels[plane + SIDE * row + column] = stored[plane + SIDE * column + row]!;
    }
  }
  return pixels;
}
