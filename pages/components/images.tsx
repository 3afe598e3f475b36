/** Images of points of the latent space. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Point } from './networks.js';
import { drawImage } from './pixels.js';

/** Channels, height and width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** An image [C, H, W] in 0..1. Without one, its area stays empty. */
export function ImageCanvas({
  image,
  shape,
  ...attributes
}: {
  image: Float32Array | undefined;
  shape: ImageShape;
  id?: string;
  role?: 'img';
  label?: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (image) drawImage(canvas.current!, image, shape);
  }, [image, shape]);
  const { label, ...others } = attributes;
  return <canvas ref={canvas} {...others} aria-label={label} />;
}

/** A button with the image of a point. */
export function Tile({ point, shape, label, onSelect }: { point: Point; shape: ImageShape; label: string; onSelect: (point: Point) => void }) {
  return (
    <button type="button" class="tile" aria-label={label} title={label} onClick={() => onSelect(point)}>
      <ImageCanvas image={point.image} shape={shape} />
    </button>
  );
}
