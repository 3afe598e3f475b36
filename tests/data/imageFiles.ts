import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** Writes PNG files of one grayscale level each into a folder, and the folders between. */
export async function writeImages(folder: string, levels: Record<string, number>): Promise<void> {
  for (const [name, level] of Object.entries(levels)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), await grayscalePng(level));
  }
}

/** An 8x8 PNG of a grayscale level. */
export const grayscalePng = (level: number): Promise<Buffer> =>
  sharp(new Uint8Array(64).fill(level), { raw: { width: 8, height: 8, channels: 1 } })
    .png()
    .toBuffer();

/** An 8x8 PNG of a color. */
export const colorPng = (r: number, g: number, b: number): Promise<Buffer> =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();
