/** Images as one file. */
import type { ImageShape } from '../../components/images.js';
import { pixelsOf } from '../../components/pixels.js';

export const IMAGE_FORMATS = { PNG: 'image/png', WebP: 'image/webp' } as const;
export type ImageFormat = keyof typeof IMAGE_FORMATS;

export interface ImageGrid {
  /** Images [C, H, W] in 0..1. */
  readonly images: readonly Float32Array[];
  readonly shape: ImageShape;
  readonly format: ImageFormat;
}

/** Pixels between images. */
const GAP = 2;
/** Gray, which differs from both black and white images. */
const BACKGROUND = '#606060';

/** Encodes images in rows that make the grid about square. A browser that cannot write a format writes PNG. */
export function encodeGrid({ images, shape, format }: ImageGrid): Promise<Blob> {
  const [, height, width] = shape;
  const columns = Math.ceil(Math.sqrt(images.length));
  const gap = images.length > 1 ? GAP : 0;
  const canvas = new OffscreenCanvas(
    columns * (width + gap) + gap,
    Math.ceil(images.length / columns) * (height + gap) + gap,
  );
  const context = canvas.getContext('2d')!;
  context.fillStyle = BACKGROUND;
  context.fillRect(0, 0, canvas.width, canvas.height);
  images.forEach((image, index) => {
    context.putImageData(
      pixelsOf(image, shape),
      gap + (index % columns) * (width + gap),
      gap + Math.floor(index / columns) * (height + gap),
    );
  });
  // At quality 1 WebP is lossless.
  return canvas.convertToBlob({ type: IMAGE_FORMATS[format], quality: 1 });
}
