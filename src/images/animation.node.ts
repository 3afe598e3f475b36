import { loadSharp } from './decode.node.js';
import { enlarge } from './drawing.js';
import type { Animation } from './frames.js';

/** Encodes an animation as WebP or GIF that loops forever. GIF rounds durations to hundredths of a second. */
export async function encodeAnimation({ frames, durations }: Animation, format: 'webp' | 'gif', scale = 1): Promise<Buffer> {
  const [first] = frames;
  if (first === undefined) throw new Error('animation: no frames');
  const [width, pageHeight] = [first.width * scale, first.height * scale];
  const pixels = Buffer.concat(frames.map((frame) => enlarge(frame, scale).data));
  const options = { delay: durations.map(Math.round), loop: 0 };
  const strip = loadSharp()(pixels, { raw: { width, height: pageHeight * frames.length, pageHeight, channels: first.channels as 1 | 3 } });
  return (format === 'gif' ? strip.gif(options) : strip.webp({ ...options, lossless: true })).toBuffer();
}
