/**
 * Convolutions as matrix products with the batch last. The columns of a big map [C, H, W, N] are a matrix [C kh kw, h w
 * N]: for each pixel of the small map the elements that the kernel reads there. Gather copies the N elements of a pixel
 * as one run.
 */
import { add, concat, reshape } from '../../operators/index.js';
import { constant, type Value } from '../../value.js';
import type { Convolution } from '../convolution.js';
import { gather } from '../gather.js';

/** Rows and columns of both maps and the kernel: big index = stride * small index + tap - padding. */
export interface Geometry {
  readonly small: readonly number[];
  readonly big: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly number[];
}

export const geometryOf = ({ small, big, kernelShape, strides, padding }: Convolution): Geometry => ({
  small: small.shape.slice(2),
  big: big.shape.slice(2),
  kernel: kernelShape.slice(2),
  strides,
  padding,
});

const area = ([height, width]: readonly number[]): number => height! * width!;

/** For each tap and pixel of the small map the pixel of the big map, or -1 outside of it: [kh kw, h w]. */
const readPixels = ({ small, big, kernel, strides, padding }: Geometry): readonly (readonly number[])[] =>
  pixels(kernel).map(([tapRow, tapColumn]) =>
    pixels(small).map(([row, column]) => {
      const [y, x] = [strides[0]! * row + tapRow - padding[0]!, strides[1]! * column + tapColumn - padding[1]!];
      return y >= 0 && y < big[0]! && x >= 0 && x < big[1]! ? y * big[1]! + x : -1;
    }),
  );

const pixels = ([height, width]: readonly number[]): (readonly [row: number, column: number])[] =>
  Array.from({ length: height! * width! }, (_, index) => [Math.floor(index / width!), index % width!]);

/** Elements of the middle axis of data [C, L, N] at indices, zeros at -1: [C, indices, N]. */
function gatherMiddle(data: Value, indices: readonly number[]): Value {
  if (!indices.includes(-1)) return gather(data, indices, 1);
  const [channels, length, batch] = data.shape as readonly [number, number, number];
  // Pad would copy element by element in the WebAssembly build.
  const zeros = constant(new Float32Array(channels * batch), [channels, 1, batch]);
  return gather(concat([data, zeros], 1), replaceMissing(indices, length), 1);
}

const replaceMissing = (indices: readonly number[], by: number): number[] =>
  indices.map((index) => (index < 0 ? by : index));

/** The columns [C kh kw, h w N] of a big map [C, H, W, N]. */
export function columnsOf(big: Value, geometry: Geometry): Value {
  const [channels, , , batch] = big.shape as readonly [number, number, number, number];
  const columns = gatherMiddle(reshape(big, [channels, area(geometry.big), batch]), readPixels(geometry).flat());
  return reshape(columns, [channels * area(geometry.kernel), area(geometry.small) * batch]);
}

/**
 * The big map [C, H, W, N] to which each column adds what it holds: the adjoint of `columnsOf`.
 * @param columns [C kh kw, h w N]; or [C (kh kw + 1), h w N] whose last tap is zero, as `needsZeroTap` says
 */
export function sumColumns(columns: Value, geometry: Geometry, channels: number, batch: number): Value {
  const taps = columns.shape[0]! / channels;
  const data = reshape(columns, [channels, taps * area(geometry.small), batch]);
  const zero = area(geometry.kernel) * area(geometry.small);
  const terms = addendsOf(geometry).map((indices) => gatherMiddle(data, replaceMissing(indices, zero)));
  return reshape(
    terms.reduce((sum, term) => add(sum, term)),
    [channels, ...geometry.big, batch],
  );
}

/** Whether pixels of the big map differ in their number of addends, so that `sumColumns` needs zeros. */
export const needsZeroTap = (geometry: Geometry): boolean =>
  addendsOf(geometry).some((indices) => indices.includes(-1));

/** For each addend and pixel of the big map the element of its columns [kh kw, h w], or -1 if it has fewer addends. */
function addendsOf(geometry: Geometry): readonly (readonly number[])[] {
  const found: number[][] = Array.from({ length: area(geometry.big) }, () => []);
  const positions = area(geometry.small);
  readPixels(geometry).forEach((row, tap) =>
    row.forEach((pixel, position) => pixel >= 0 && found[pixel]!.push(tap * positions + position)),
  );
  const count = Math.max(1, ...found.map(({ length }) => length));
  return Array.from({ length: count }, (_, addend) => found.map((elements) => elements[addend] ?? -1));
}
