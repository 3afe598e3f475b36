/** An image in which the visitor paints a hole, or erases parts of it. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ImageShape } from './images.js';
import { pixelsOf } from './pixels.js';

/** Of the brush, relative to the image's side. */
const RADIUS = 1 / 14;

interface HolePainterProps {
  /** [C, H, W] in 0..1. */
  image: Float32Array;
  shape: ImageShape;
  /** 1 at hidden pixels [H, W]. */
  hole: Uint8Array;
  name: string;
  /** Called at the end of each stroke. */
  onHole: (hole: Uint8Array) => void;
}

export function HolePainter({ image, shape, hole, name, onHole }: HolePainterProps) {
  const [, side] = shape;
  const canvas = useRef<HTMLCanvasElement>(null);
  const painted = useRef<Uint8Array | undefined>(undefined);
  const [isErasing, setIsErasing] = useState(false);
  const show = (pixels: Uint8Array): void => {
    [canvas.current!.width, canvas.current!.height] = [side, side];
    canvas.current!.getContext('2d')!.putImageData(withHole(image, shape, pixels), 0, 0);
  };
  useLayoutEffect(() => show(hole), [image, hole]);
  const paint = ({ clientX, clientY }: PointerEvent): void => {
    const { left, top, width, height } = canvas.current!.getBoundingClientRect();
    const center = [((clientY - top) * side) / height, ((clientX - left) * side) / width] as const;
    paintDisk(painted.current!, side, center, isErasing ? 0 : 1);
    show(painted.current!);
  };
  const end = (): void => {
    if (!painted.current) return;
    onHole(painted.current);
    painted.current = undefined;
  };
  return (
    <div class="hole">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${name} with its hole: paint with a mouse, pen or finger`}
        onPointerDown={(event) => {
          painted.current = hole.slice();
          canvas.current!.setPointerCapture(event.pointerId);
          paint(event);
        }}
        onPointerMove={(event) => painted.current && paint(event)}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <p class="toolbar">
        <label>
          <input
            type="checkbox"
            checked={isErasing}
            onChange={({ currentTarget }) => setIsErasing(currentTarget.checked)}
          />{' '}
          Erase
        </label>
        <button type="button" onClick={() => onHole(new Uint8Array(side * side).fill(1))}>
          Hide all
        </button>
        <button type="button" onClick={() => onHole(centralHole(side))}>
          Hide the middle
        </button>
        <button type="button" onClick={() => onHole(new Uint8Array(side * side))}>
          Show all
        </button>
      </p>
    </div>
  );
}

/** A quarter of the image. */
export function centralHole(side: number): Uint8Array {
  const [start, end] = [Math.round(side / 4), Math.round((3 * side) / 4)];
  const isInside = (at: number) => at >= start && at < end;
  return Uint8Array.from({ length: side * side }, (_, pixel) =>
    isInside(Math.floor(pixel / side)) && isInside(pixel % side) ? 1 : 0,
  );
}

function paintDisk(hole: Uint8Array, side: number, [row, column]: readonly [number, number], value: 0 | 1): void {
  for (let pixel = 0; pixel < hole.length; pixel++) {
    const [y, x] = [Math.floor(pixel / side) + 0.5, (pixel % side) + 0.5];
    if (Math.hypot(y - row, x - column) <= RADIUS * side) hole[pixel] = value;
  }
}

/** Hidden pixels are striped, so that they differ from every image. */
function withHole(image: Float32Array, shape: ImageShape, hole: Uint8Array): ImageData {
  const pixels = pixelsOf(image, shape);
  const [, , width] = shape;
  for (const [at, hidden] of hole.entries()) {
    if (hidden === 0) continue;
    const isDark = (Math.floor(at / width) + (at % width)) % 4 < 2;
    pixels.data.fill(isDark ? 120 : 160, 4 * at, 4 * at + 3);
  }
  return pixels;
}
