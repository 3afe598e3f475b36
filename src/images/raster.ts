/** An image as bytes [H, W, C] with 1 (grayscale) or 3 (RGB) channels. */
export interface Raster {
  width: number;
  height: number;
  channels: number;
  data: Uint8Array;
}

/** Images as bytes [N, C, H, W]. */
export interface ImageBatch {
  shape: readonly [channels: number, height: number, width: number];
  count: number;
  data: Uint8Array;
}

/** Images [N, C, H, W]: bytes 0 to 255, or values in [-1, 1]. */
export interface ComparableImages {
  shape: ImageBatch['shape'];
  data: Uint8Array | Float32Array;
}

/** Converts values in [-1, 1] to bytes, rounded and clipped. */
export function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Math.min(255, Math.max(0, Math.round((values[index]! + 1) * 127.5)));
  return bytes;
}

/** Converts bytes to values in [-1, 1]. */
export function fromBytes(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let index = 0; index < values.length; index++) values[index] = bytes[index]! / 127.5 - 1;
  return values;
}

/** Converts images [N, C, H, W] to pixels [N, H, W, C]. */
export function channelsLast({ shape: [channels, height, width], count, data }: ImageBatch): Uint8Array {
  const area = height * width;
  const pixels = new Uint8Array(data.length);
  for (let image = 0; image < count; image++) {
    const base = image * channels * area;
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < area; pixel++)
        pixels[base + pixel * channels + channel] = data[base + channel * area + pixel]!;
    }
  }
  return pixels;
}

/**
 * Converts pixels [H, W, C] to planes [requested, H, W]; repeats grayscale for RGB. Three passes take twice as long.
 */
export function channelsFirst({ width, height, channels, data }: Raster, requested = channels): Uint8Array {
  const area = height * width;
  const planes = new Uint8Array(requested * area);
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  for (let pixel = 0, from = 0; pixel < area; pixel++, from += channels) {
    planes[pixel] = data[from]!;
    if (requested === 1) continue;
    planes[area + pixel] = data[from + green]!;
    planes[2 * area + pixel] = data[from + blue]!;
  }
  return planes;
}

/** Returns one image as a raster. */
export function imageOf(batch: ImageBatch, index: number): Raster {
  const [channels, height, width] = batch.shape;
  const bytes = channels * height * width;
  const data = batch.data.subarray(index * bytes, (index + 1) * bytes);
  return { width, height, channels, data: channelsLast({ shape: batch.shape, count: 1, data }) };
}

/** Returns [N, C, size, size], as PyTorch's `interpolate` with `mode='bilinear'` and no antialiasing. */
export function resampleBilinear({ shape: [, height, width], data }: ComparableImages, size: number): Float32Array {
  if (height === size && width === size) return Float32Array.from(data);
  const planes = data.length / (height * width);
  const [rows, columns] = [tapsOf(height, size), tapsOf(width, size)];
  const result = new Float32Array(planes * size * size);
  for (let plane = 0, index = 0; plane < planes; plane++) {
    const base = plane * height * width;
    for (const { low: top, high: bottom, share: down } of rows) {
      for (const { low: left, high: right, share: across } of columns) {
        const above = data[base + top * width + left]! * (1 - across) + data[base + top * width + right]! * across;
        const below =
          data[base + bottom * width + left]! * (1 - across) + data[base + bottom * width + right]! * across;
        result[index++] = above * (1 - down) + below * down;
      }
    }
  }
  return result;
}

function tapsOf(from: number, to: number) {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.max(0, ((index + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(position));
    return { low, high: Math.min(from - 1, low + 1), share: position - low };
  });
}
