/** A drawing pad, white on black like the digits of MNIST. */
import { useEffect, useRef } from 'preact/hooks';

const SIDE = 280;
const PEN = 24;
/** Milliseconds after a stroke until the page uses the drawing. */
const PAUSE_MS = 200;

/** @param onDrawing receives the drawing as a PNG after each stroke */
export function DrawingPad({ disabled, onDrawing }: { disabled: boolean; onDrawing: (drawing: Blob) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const stroke = useRef<{ at: readonly [number, number] | undefined; timer: number }>({ at: undefined, timer: 0 });
  const clear = (): void => {
    clearTimeout(stroke.current.timer);
    const context = canvas.current!.getContext('2d')!;
    context.fillStyle = 'black';
    context.fillRect(0, 0, SIDE, SIDE);
  };
  useEffect(() => {
    clear();
    return () => clearTimeout(stroke.current.timer);
  }, []);

  const positionOf = ({ clientX, clientY }: PointerEvent): readonly [number, number] => {
    const { left, top, width, height } = canvas.current!.getBoundingClientRect();
    return [((clientX - left) * SIDE) / width, ((clientY - top) * SIDE) / height];
  };
  const draw = (to: readonly [number, number]): void => {
    const context = canvas.current!.getContext('2d')!;
    const from = stroke.current.at ?? to;
    Object.assign(context, { strokeStyle: 'white', lineWidth: PEN, lineCap: 'round' });
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    stroke.current.at = to;
  };
  const end = (): void => {
    if (!stroke.current.at) return;
    stroke.current.at = undefined;
    clearTimeout(stroke.current.timer);
    stroke.current.timer = window.setTimeout(
      () => canvas.current?.toBlob((drawing) => drawing && onDrawing(drawing)),
      PAUSE_MS,
    );
  };
  return (
    <div class="pad">
      <canvas
        id="pad"
        ref={canvas}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label="Drawing pad: draw with a mouse, pen or finger"
        onPointerDown={(event) => {
          if (disabled) return;
          clearTimeout(stroke.current.timer);
          canvas.current!.setPointerCapture(event.pointerId);
          draw(positionOf(event));
        }}
        onPointerMove={(event) => stroke.current.at && draw(positionOf(event))}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <p>
        Draw here, or choose a file below.{' '}
        <button type="button" onClick={clear}>
          Clear
        </button>
      </p>
    </div>
  );
}
