/** A picture as bytes, rows of pixels of 1 (grey) or 3 (RGB) channels. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Images of one shape [C, H, W], one after another, channel by channel, as networks have them. */
export interface ImageBatch {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly count: number;
  /** Bytes. */
  readonly data: Uint8Array;
}

/** Images channel by channel [N, C, H, W]: bytes 0 to 255, or values in [-1, 1]. */
export interface ComparableImages {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Uint8Array | Float32Array;
}

/** Values in [-1, 1] to bytes, rounded; values outside are limited. */
export function toBytes(values: Float32Array): Uint8Array {
  return Uint8Array.from(values, (value) => Math.min(255, Math.max(0, Math.round((value + 1) * 127.5))));
}

/** Bytes to values in [-1, 1]. */
export const fromBytes = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (byte) => byte / 127.5 - 1);

/** Images channel by channel [N, C, H, W] as pixels [N, H, W, C]. */
export function channelsLast({ shape: [channels, height, width], count, data }: ImageBatch): Uint8Array {
  const area = height * width;
  const pixels = new Uint8Array(data.length);
  for (let image = 0; image < count; image++) {
    const base = image * channels * area;
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < area; pixel++) pixels[base + pixel * channels + channel] = data[base + channel * area + pixel]!;
    }
  }
  return pixels;
}

/** One image of a batch as a picture. */
export function imageOf(batch: ImageBatch, index: number): Raster {
  const [channels, height, width] = batch.shape;
  const bytes = channels * height * width;
  const data = batch.data.subarray(index * bytes, (index + 1) * bytes);
  return { width, height, channels, data: channelsLast({ shape: batch.shape, count: 1, data }) };
}
