/** Images as one file. */
import { GAP, squareColumns } from '../../src/images/imageGrid.js';
import { download } from './files.js';
import type { ImageShape } from './images.js';
import { pixelsOf } from './pixels.js';

export const IMAGE_FORMATS = { PNG: 'image/png', WebP: 'image/webp' } as const;
export type ImageFormat = keyof typeof IMAGE_FORMATS;

/** Differs from both black and white images. */
const BACKGROUND = '#606060';

/**
 * Saves images [C, H, W] in 0..1 as one file, in rows that make the grid about square. A browser that cannot write a
 * format writes PNG.
 * @param name of the file, without its extension
 * @param group images that stay in one row
 */
export async function saveImages(
  images: readonly Float32Array[],
  shape: ImageShape,
  format: ImageFormat,
  name: string,
  group = 1,
): Promise<void> {
  const [, height, width] = shape;
  const columns = group * Math.ceil(squareColumns(images.length) / group);
  const gap = images.length > 1 ? GAP : 0;
  const canvas = new OffscreenCanvas(
    columns * (width + gap) + gap,
    Math.ceil(images.length / columns) * (height + gap) + gap,
  );
  const context = canvas.getContext('2d')!;
  context.fillStyle = BACKGROUND;
  context.fillRect(0, 0, canvas.width, canvas.height);
  images.forEach((image, index) => {
    const [column, row] = [index % columns, Math.floor(index / columns)];
    context.putImageData(pixelsOf(image, shape), gap + column * (width + gap), gap + row * (height + gap));
  });
  // At quality 1 WebP is lossless.
  const file = await canvas.convertToBlob({ type: IMAGE_FORMATS[format], quality: 1 });
  download(file, `${name}.${file.type.replace('image/', '')}`);
}
