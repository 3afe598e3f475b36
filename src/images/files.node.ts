import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { loadSharp, rawPixels, sharpOf } from './decode.node.js';
import type { Raster } from './raster.js';
import { enlarge } from './drawing.js';
import type { Animation } from './frames.js';

export const encodePng = (image: Raster): Promise<Buffer> => sharpOf(image).png().toBuffer();

/** As grayscale or RGB. */
export async function readPicture(path: string): Promise<Raster> {
  try {
    const image = loadSharp()(await readRegularFile(path), { failOn: 'error' }).flatten({ background: 'white' });
    const { data, info } = await rawPixels(image, (await image.metadata()).channels <= 2 ? 1 : 3);
    return { width: info.width, height: info.height, channels: info.channels, data };
  } catch (error) {
    const [reason] = describeSystemError(error).trim().split('\n');
    throw new InputError(path, `cannot read the image (${reason})`);
  }
}

/** Encodes an animation that loops forever. GIF rounds durations to hundredths of a second. */
export async function encodeAnimation(
  { frames, durations }: Animation,
  format: 'webp' | 'gif',
  scale = 1,
): Promise<Buffer> {
  const [first] = frames;
  if (first === undefined) throw new Error('animation: no frames');
  const [width, pageHeight, channels] = [first.width * scale, first.height * scale, first.channels as 1 | 3];
  const pixels = Buffer.concat(frames.map((frame) => enlarge(frame, scale).data));
  const options = { delay: durations.map(Math.round), loop: 0 };
  const strip = loadSharp()(pixels, { raw: { width, height: pageHeight * frames.length, pageHeight, channels } });
  return (format === 'gif' ? strip.gif(options) : strip.webp({ ...options, lossless: true })).toBuffer();
}
