/** Animated GIFs. */
import { applyPalette, GIFEncoder, type Palette, quantize } from 'gifenc';
import type { ImageShape } from './images.js';
import { pixelsOf } from './pixels.js';

/** Images are enlarged by a whole factor to at least this size, because viewers show GIFs at their own size. */
const MIN_SIDE = 160;
const COLORS = 256;
const GRAYS: Palette = Array.from({ length: COLORS }, (_, level) => [level, level, level]);

/**
 * Encodes images as a GIF that runs there and back, so that it repeats without a jump.
 * @param frames images [C, H, W] in 0..1
 * @param delay milliseconds per frame
 */
export async function encodeAnimation(
  frames: readonly Float32Array[],
  [channels, height, width]: ImageShape,
  delay: number,
): Promise<Blob> {
  const scale = Math.ceil(MIN_SIDE / Math.max(height, width));
  const encoder = GIFEncoder();
  const encoded = [];
  for (const frame of frames) {
    // The page stays responsive between frames.
    await new Promise((resolve) => setTimeout(resolve));
    const { data } = pixelsOf(frame, [channels, height, width]);
    // Gray images keep their levels.
    const palette = channels === 1 ? GRAYS : quantize(data, COLORS);
    const indices = channels === 1 ? data.filter((_, index) => index % 4 === 0) : applyPalette(data, palette);
    encoded.push({ indices: enlarge(indices, width, height, scale), palette });
  }
  // The ends are not shown twice.
  for (const { indices, palette } of [...encoded, ...encoded.slice(1, -1).reverse()])
    encoder.writeFrame(indices, scale * width, scale * height, { palette, delay });
  encoder.finish();
  return new Blob([encoder.bytes()], { type: 'image/gif' });
}

/** Pixels RGBA, and milliseconds until the next. */
export interface AnimationFrame {
  data: Uint8ClampedArray;
  width: number;
  height: number;
  delay: number;
}

/**
 * Encodes pictures as a GIF.
 * @param frames draw one picture each, so that only one is in memory
 */
export async function encodeFrames(frames: readonly (() => AnimationFrame)[]): Promise<Blob> {
  const encoder = GIFEncoder();
  for (const frame of frames) {
    // The page stays responsive between frames.
    await new Promise((resolve) => setTimeout(resolve));
    const { data, width, height, delay } = frame();
    const palette = quantize(data, COLORS);
    encoder.writeFrame(applyPalette(data, palette), width, height, { palette, delay });
  }
  encoder.finish();
  return new Blob([encoder.bytes()], { type: 'image/gif' });
}

/** Repeats each pixel of an image [H, W] along both sides. */
function enlarge(indices: ArrayLike<number>, width: number, height: number, scale: number): Uint8Array {
  const result = new Uint8Array(width * height * scale ** 2);
  for (let row = 0; row < height * scale; row++) {
    const source = Math.floor(row / scale) * width;
    for (let column = 0; column < width * scale; column++)
      result[row * width * scale + column] = indices[source + Math.floor(column / scale)]!;
  }
  return result;
}
