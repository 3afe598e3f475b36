/** Images of points of the latent space. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Point } from './networks.js';
import { drawImage } from './pixels.js';

/** Channels, height and width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** An image [C, H, W] in 0..1. Its area stays empty without one. */
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

interface TileProps {
  point: Point;
  shape: ImageShape;
  label: string;
  onSelect: (point: Point) => void;
  /** Undefined on pages that do not mark the selected tile. */
  isSelected?: boolean;
  /** 0 to 1, shown as a bar (default: none). */
  typicality?: number | undefined;
  /** -1 for tiles that arrow keys reach. */
  tabIndex?: 0 | -1;
}

/** A button with the image of a point. */
export function Tile({ point, shape, label, onSelect, isSelected, typicality, tabIndex }: TileProps) {
  return (
    <button
      type="button"
      class="tile"
      aria-label={label}
      title={label}
      aria-pressed={isSelected}
      tabIndex={tabIndex}
      onClick={() => onSelect(point)}
    >
      <ImageCanvas image={point.image} shape={shape} />
      {typicality !== undefined && <span class="typicality" style={{ width: `${100 * typicality}%` }} />}
    </button>
  );
}

const CODE_HEIGHT = 24;

/** A code [M] as bars: one per coordinate, up if it is positive. */
export function CodeBars({ code }: { code: Float32Array }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const largest = code.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
    context.clearRect(0, 0, code.length, CODE_HEIGHT);
    context.fillStyle = getComputedStyle(canvas.current!).color;
    code.forEach((value, index) => {
      const height = (Math.abs(value) / largest) * (CODE_HEIGHT / 2);
      context.fillRect(index, CODE_HEIGHT / 2 - (value > 0 ? height : 0), 1, Math.max(1, height));
    });
  }, [code]);
  const label = `Code: ${code.length} coordinates, ${Array.from(code.subarray(0, 3), (value) => value.toFixed(2)).join(', ')}…`;
  return (
    <canvas
      ref={canvas}
      class="code"
      width={code.length}
      height={CODE_HEIGHT}
      role="img"
      aria-label={label}
      title={label}
    />
  );
}
