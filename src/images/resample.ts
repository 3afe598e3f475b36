/** Images channel by channel, of one size, as numbers. */
export interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** [N, C, H, W]. */
  readonly data: Float32Array | Uint8Array;
}

/**
 * Bilinear resampling to a square, centres of pixels on centres: what PyTorch's `interpolate(..., mode='bilinear', align_corners=False)`
 * computes, without smoothing where it reduces.
 * @returns [N, C, size, size], in the unit of the images
 */
export function resampleBilinear({ height, width, data }: Planes, size: number): Float32Array {
  if (height === size && width === size) return Float32Array.from(data);
  const planes = data.length / (height * width);
  const [rows, columns] = [tapsOf(height, size), tapsOf(width, size)];
  const result = new Float32Array(planes * size * size);
  for (let plane = 0, index = 0; plane < planes; plane++) {
    const base = plane * height * width;
    for (const { low: top, high: bottom, share: down } of rows) {
      for (const { low: left, high: right, share: across } of columns) {
        const above = data[base + top * width + left]! * (1 - across) + data[base + top * width + right]! * across;
        const below = data[base + bottom * width + left]! * (1 - across) + data[base + bottom * width + right]! * across;
        result[index++] = above * (1 - down) + below * down;
      }
    }
  }
  return result;
}

/** For each new place its two old neighbours, and the share of the second. */
function tapsOf(from: number, to: number): { readonly low: number; readonly high: number; readonly share: number }[] {
  return Array.from({ length: to }, (_, place) => {
    const position = Math.max(0, ((place + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(position));
    return { low, high: Math.min(from - 1, low + 1), share: position - low };
  });
}
