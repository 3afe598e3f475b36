import { InputError } from '../../errors.js';
import { classNumbers, type LabeledImages } from './arrays.js';
import { decodeMatlab, type MatlabArray } from './matlab.js';

const SIDE = 32;
const CHANNELS = 3;
const AREA = SIDE * SIDE;

const ZERO_LABEL = 10;

/**
 * Reads a file of SVHN's cropped digits (http://ufldl.stanford.edu/housenumbers, format 2): X [H, W, C, N] and y [N,
 * 1].
 * @throws {InputError} if the bytes are no such file
 */
export async function decodeSvhn(bytes: Uint8Array, name: string): Promise<LabeledImages> {
  const arrays = await decodeMatlab(bytes, name, ['X', 'y']);
  const stored = checkedImages(arrays.get('X')!, name);
  const count = stored.length / (CHANNELS * AREA);
  const { sizes, values } = arrays.get('y')!;
  if (sizes.length !== 2 || sizes[0] !== count || sizes[1] !== 1)
    throw new InputError(
      name,
      `variable y: expected ${count} x 1 for the ${count} images of X but got ${sizes.join(' x ')}`,
    );
  const labels = classNumbers(values, 1, ZERO_LABEL, name).map((label) => label % ZERO_LABEL);
  return { count, channels: CHANNELS, height: SIDE, width: SIDE, pixels: rowsFirst(stored), labels };
}

function checkedImages({ class: kind, sizes, values }: MatlabArray, name: string) {
  // MATLAB drops a last axis of size 1.
  const [height, width, channels, count = 1] = sizes;
  const fits = sizes.length <= 4 && height === SIDE && width === SIDE && channels === CHANNELS && count > 0;
  if (fits && kind === 'uint8' && values instanceof Uint8Array) return values;
  const expected = `uint8 ${SIDE} x ${SIDE} x ${CHANNELS} x N`;
  throw new InputError(name, `variable X: expected ${expected} but got ${kind} ${sizes.join(' x ')}`);
}

/** MATLAB stores columns first. */
function rowsFirst(stored: Uint8Array) {
  const pixels = new Uint8Array(stored.length);
  for (let plane = 0; plane < stored.length; plane += AREA) {
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++)
        pixels[plane + SIDE * row + column] = stored[plane + SIDE * column + row]!;
    }
  }
  return pixels;
}
