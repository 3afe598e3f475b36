/** Animated GIFs. */
import { applyPalette, GIFEncoder, type Palette, quantize } from 'gifenc';
import type { ImageShape } from '../../components/images.js';
import { pixelsOf } from '../../components/pixels.js';

/** Images are enlarged by a whole factor to at least this, because viewers show GIFs as large as they are. */
const MIN_SIDE = 160;
const COLORS = 256;
const GRAYS: Palette = Array.from({ length: COLORS }, (_, level) => [level, level, level]);

export interface Animation {
  /** Images [C, H, W] in 0..1. */
  readonly frames: readonly Float32Array[];
  readonly shape: ImageShape;
  /** Milliseconds per frame. */
  readonly delay: number;
}

/** Encodes images as a GIF that repeats. */
export function encodeAnimation({ frames, shape, delay }: Animation): Blob {
  const [channels, height, width] = shape;
  const scale = Math.ceil(MIN_SIDE / Math.max(height, width));
  const encoder = GIFEncoder();
  for (const frame of frames) {
    const { data } = pixelsOf(frame, shape);
    // Gray images keep their levels.
    const palette = channels === 1 ? GRAYS : quantize(data, COLORS);
    const indices = channels === 1 ? data.filter((_, index) => index % 4 === 0) : applyPalette(data, palette);
    encoder.writeFrame(enlarged(indices, width, height, scale), scale * width, scale * height, { palette, delay });
  }
  encoder.finish();
  return new Blob([encoder.bytes()], { type: 'image/gif' });
}

/** Repeats each pixel of an image [H, W] along both sides. */
function enlarged(indices: ArrayLike<number>, width: number, height: number, scale: number): Uint8Array {
  const result = new Uint8Array(width * height * scale ** 2);
  for (let row = 0; row < height * scale; row++) {
    const source = Math.floor(row / scale) * width;
    for (let column = 0; column < width * scale; column++)
      result[row * width * scale + column] = indices[source + Math.floor(column / scale)]!;
  }
  return result;
}
