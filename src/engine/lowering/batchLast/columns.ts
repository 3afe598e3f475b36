/**
 * The columns of a big map [C, H, W, N] are a matrix [C kh kw, h w N]: for each pixel of the small map the elements
 * that the kernel reads there. Gather copies the N elements of a pixel as one run.
 */
import { add, concat, gather, reshape } from '../../operators/index.js';
import type { Shape } from '../../shape.js';
import { constant, type Value } from '../../value.js';
import type { Convolution } from '../convolution.js';

const area = ([, , height, width]: Shape) => height! * width!;

const pixels = (shape: Shape) =>
  Array.from({ length: area(shape) }, (_, index) => [Math.floor(index / shape[3]!), index % shape[3]!] as const);

/** For each tap and small pixel the big pixel, or -1 outside of the map: [kh kw, h w]. */
function readPixels({ small, big, kernelShape, strides, padding }: Convolution) {
  const [, , height, width] = big.shape;
  return pixels(kernelShape).map(([tapRow, tapColumn]) =>
    pixels(small.shape).map(([row, column]) => {
      const [y, x] = [strides[0]! * row + tapRow - padding[0]!, strides[1]! * column + tapColumn - padding[1]!];
      return y >= 0 && y < height! && x >= 0 && x < width! ? y * width! + x : -1;
    }),
  );
}

/** Gathers from data [C, L, N], zeros at -1: [C, indices, N]. */
function gatherMiddle(data: Value, indices: readonly number[]) {
  if (!indices.includes(-1)) return gather(data, indices, 1);
  const [channels, length, batch] = data.shape as readonly [number, number, number];
  // Pad would copy element by element in the WebAssembly build.
  const zeros = constant(new Float32Array(channels * batch), [channels, 1, batch]);
  return gather(concat([data, zeros], 1), replaceMissing(indices, length), 1);
}

const replaceMissing = (indices: readonly number[], by: number) => indices.map((index) => (index < 0 ? by : index));

/** Returns [C kh kw, h w N]. */
export function columnsOf(map: Value, convolution: Convolution) {
  const { big, small, kernelShape } = convolution;
  const [batch, channels] = big.shape as readonly [number, number];
  const columns = gatherMiddle(reshape(map, [channels, area(big.shape), batch]), readPixels(convolution).flat());
  return reshape(columns, [channels * area(kernelShape), area(small.shape) * batch]);
}

/**
 * The adjoint of `columnsOf`: adds up columns to the big map [C, H, W, N].
 * @param columns [C kh kw, h w N]; or [C (kh kw + 1), h w N] whose last tap is zero, as `needsZeroTap` says
 */
export function sumColumns(columns: Value, convolution: Convolution) {
  const { big, small, kernelShape } = convolution;
  const [batch, channels, ...sides] = big.shape as readonly [number, number, number, number];
  const taps = columns.shape[0]! / channels;
  const data = reshape(columns, [channels, taps * area(small.shape), batch]);
  const zero = area(kernelShape) * area(small.shape);
  const terms = addendsOf(convolution).map((indices) => gatherMiddle(data, replaceMissing(indices, zero)));
  return reshape(
    terms.reduce((sum, term) => add(sum, term)),
    [channels, ...sides, batch],
  );
}

/** Whether pixels of the big map differ in their number of addends. */
export const needsZeroTap = (convolution: Convolution) =>
  addendsOf(convolution).some((indices) => indices.includes(-1));

/** For each addend and big pixel an element of its columns [kh kw, h w], or -1 without one. */
function addendsOf(convolution: Convolution) {
  const found: number[][] = Array.from({ length: area(convolution.big.shape) }, () => []);
  const positions = area(convolution.small.shape);
  readPixels(convolution).forEach((row, tap) =>
    row.forEach((pixel, position) => pixel >= 0 && found[pixel]!.push(tap * positions + position)),
  );
  const count = Math.max(1, ...found.map(({ length }) => length));
  return Array.from({ length: count }, (_, addend) => found.map((elements) => elements[addend] ?? -1));
}
