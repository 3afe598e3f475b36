/** A drawing pad: white on black like the digits of MNIST, or in colors on white. */
import { useEffect, useRef, useState } from 'preact/hooks';

const SIDE = 280;
const [MIN_PEN, MAX_PEN] = [4, 48];
/** Milliseconds after a stroke until the page uses the drawing. */
const PAUSE_MS = 200;
const PAPERS = {
  gray: { paper: '#000000', ink: '#ffffff', pen: 24 },
  color: { paper: '#ffffff', ink: '#8d5524', pen: 32 },
};

interface DrawingPadProps {
  /** Whether the visitor chooses colors. */
  isColored: boolean;
  /** Receives the drawing as a PNG after each stroke. */
  onDrawing: (drawing: Blob) => void;
}

export function DrawingPad({ isColored, onDrawing }: DrawingPadProps) {
  const { paper, ...brush } = PAPERS[isColored ? 'color' : 'gray'];
  const [ink, setInk] = useState(brush.ink);
  const [pen, setPen] = useState(brush.pen);
  const { canvas, clear, listeners } = useStrokes({ paper, ink, pen }, onDrawing);
  return (
    <div class="pad">
      <canvas
        id="pad"
        ref={canvas}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label="Drawing pad: draw with a mouse, pen or finger"
        {...listeners}
      />
      <div class="toolbar">
        {isColored && (
          <label>
            <span class="hidden">Color of the brush</span>
            <input
              id="brush-color"
              type="color"
              value={ink}
              title="Color of the brush"
              onInput={({ currentTarget }) => setInk(currentTarget.value)}
            />
          </label>
        )}
        <input
          id="brush-size"
          type="range"
          min={MIN_PEN}
          max={MAX_PEN}
          value={pen}
          aria-label="Size of the brush"
          title="Size of the brush"
          onInput={({ currentTarget }) => setPen(currentTarget.valueAsNumber)}
        />
        <button type="button" onClick={clear}>
          Clear
        </button>
      </div>
    </div>
  );
}

interface Brush {
  paper: string;
  ink: string;
  pen: number;
}

function useStrokes({ paper, ink, pen }: Brush, onDrawing: (drawing: Blob) => void) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const stroke = useRef<{ at: readonly [number, number] | undefined; timer: number }>({ at: undefined, timer: 0 });
  const clear = (): void => {
    clearTimeout(stroke.current.timer);
    const context = canvas.current!.getContext('2d')!;
    context.fillStyle = paper;
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
    Object.assign(context, { strokeStyle: ink, lineWidth: pen, lineCap: 'round' });
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
  return {
    canvas,
    clear,
    listeners: {
      onPointerDown: (event: PointerEvent): void => {
        clearTimeout(stroke.current.timer);
        canvas.current!.setPointerCapture(event.pointerId);
        draw(positionOf(event));
      },
      onPointerMove: (event: PointerEvent): void => void (stroke.current.at && draw(positionOf(event))),
      onPointerUp: end,
      onPointerCancel: end,
    },
  };
}
