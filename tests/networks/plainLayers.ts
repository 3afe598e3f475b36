/** Layers as their definitions read, in double precision: what the networks are held against. */

/** Images or maps [count, channels, size, size], row-major. */
export interface Maps {
  count: number;
  channels: number;
  size: number;
  data: readonly number[];
}

/** The element at a place, 0 outside of the map. */
const at = ({ channels, size, data }: Maps, image: number, channel: number, row: number, column: number): number =>
  row < 0 || column < 0 || row >= size || column >= size
    ? 0
    : data[((image * channels + channel) * size + row) * size + column]!;

function mapsOf(
  count: number,
  channels: number,
  size: number,
  element: (image: number, channel: number, row: number, column: number) => number,
): Maps {
  const data: number[] = [];
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) data.push(element(image, channel, row, column));
      }
    }
  }
  return { count, channels, size, data };
}

export interface Kernel {
  /** Of a convolution [out, in, side, side], of a transposed one [in, out, side, side]. */
  weight: ArrayLike<number>;
  side: number;
  outputs: number;
  stride: number;
  padding: number;
  bias?: ArrayLike<number>;
}

export function convolve(x: Maps, { weight, side, outputs, stride, padding, bias }: Kernel): Maps {
  const size = (x.size + 2 * padding - side) / stride + 1;
  return mapsOf(x.count, outputs, size, (image, output, row, column) => {
    let total = bias?.[output] ?? 0;
    for (let channel = 0; channel < x.channels; channel++) {
      for (let i = 0; i < side; i++) {
        for (let j = 0; j < side; j++) {
          total +=
            weight[((output * x.channels + channel) * side + i) * side + j]! *
            at(x, image, channel, row * stride - padding + i, column * stride - padding + j);
        }
      }
    }
    return total;
  });
}

/** Every input element adds the kernel, scaled by it, to the output at its stride; the padding is cut off. */
export function convolveTransposed(x: Maps, { weight, side, outputs, stride, padding }: Kernel): Maps {
  const size = (x.size - 1) * stride - 2 * padding + side;
  const data = new Array<number>(x.count * outputs * size * size).fill(0);
  mapsOf(x.count, x.channels, x.size, (image, channel, row, column) => {
    const value = at(x, image, channel, row, column);
    for (let output = 0; output < outputs; output++) {
      for (let i = 0; i < side; i++) {
        for (let j = 0; j < side; j++) {
          const [y, z] = [row * stride - padding + i, column * stride - padding + j];
          const inside = y >= 0 && z >= 0 && y < size && z < size;
          if (inside)
            data[((image * outputs + output) * size + y) * size + z]! +=
              value * weight[((channel * outputs + output) * side + i) * side + j]!;
        }
      }
    }
    return value;
  });
  return { count: x.count, channels: outputs, size, data };
}

/** The mean and the biased variance of each channel, and over how many elements. */
export interface ChannelStatistics {
  mean: readonly number[];
  variance: readonly number[];
  elements: number;
}

export function statisticsOf(x: Maps): ChannelStatistics {
  const elements = x.count * x.size ** 2;
  const averaged = (term: (value: number, channel: number) => number) => {
    const totals = new Array<number>(x.channels).fill(0);
    mapsOf(
      x.count,
      x.channels,
      x.size,
      (image, channel, row, column) => (totals[channel]! += term(at(x, image, channel, row, column), channel)),
    );
    return totals.map((total) => total / elements);
  };
  const mean = averaged((value) => value);
  return { mean, variance: averaged((value, channel) => (value - mean[channel]!) ** 2), elements };
}

export function normalize(
  x: Maps,
  { mean, variance }: Pick<ChannelStatistics, 'mean' | 'variance'>,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): Maps {
  return mapsOf(x.count, x.channels, x.size, (image, channel, row, column) => {
    const standard = (at(x, image, channel, row, column) - mean[channel]!) / Math.sqrt(variance[channel]! + 1e-5);
    return standard * scale[channel]! + shift[channel]!;
  });
}

export const mapElements = (x: Maps, activation: (value: number) => number): Maps => ({
  ...x,
  data: x.data.map(activation),
});
export const relu = (value: number): number => Math.max(0, value);
export const leakyRelu = (value: number): number => (value > 0 ? value : 0.2 * value);

export function spatialMean(x: Maps): Maps {
  const area = x.size ** 2;
  return mapsOf(x.count, x.channels, 1, (image, channel) => {
    const start = (image * x.channels + channel) * area;
    return x.data.slice(start, start + area).reduce((a, b) => a + b) / area;
  });
}
