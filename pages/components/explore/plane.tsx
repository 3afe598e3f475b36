/** The plane that touches the sphere at a code: a pad to drag on. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Prior } from '../../../src/age/prior.js';
import { fileName } from '../files.js';
import { saveImages } from '../imageGrid.js';
import type { ImageShape } from '../images.js';
import type { Networks } from '../networks.js';
import { pixelsOf } from '../pixels.js';
import { SaveMenu } from '../saveMenu.js';
import type { ExplorePanelProps } from './panel.js';
import { codeOnPlane, drawTangentPlane, type TangentPlane } from './tangentPlane.js';

/** Degrees from the center to an edge, where an axis leads to a code that shares nothing with the center. */
const REACH = 90;
/** Degrees that an arrow key moves, alone and with shift. */
const [STEP, LARGE_STEP] = [3, 15];
/** Images along each side of the overview. An odd number has one in the center. */
const OVERVIEW = 7;

/** Degrees to the right and up. */
interface Position {
  x: number;
  y: number;
}
const CENTER: Position = { x: 0, y: 0 };
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

const clamp = (degrees: number): number => Math.max(-REACH, Math.min(REACH, degrees));
const toRadians = (degrees: number): number => (degrees * Math.PI) / 180;
const codeAt = (prior: Prior, plane: TangentPlane, { x, y }: Position) =>
  codeOnPlane(prior, plane, toRadians(x), toRadians(y));

export function Plane({ model: { info, networks }, isActive, toolOf, onFailure }: ExplorePanelProps) {
  const [seed, setSeed] = useState(0);
  // With new directions, the plane touches where it was left.
  const tool = toolOf<Position>(`plane ${seed}`);
  const origin = tool?.origin;
  const plane = useMemo(() => origin && drawTangentPlane(origin, seed), [origin, seed]);
  const position = tool?.values ?? CENTER;
  const [images, setImages] = useState<readonly Float32Array[]>();
  const text = describe(position);
  return (
    <section class="plane" aria-label="Plane">
      <PlaneMeaning />
      <Pad
        position={position}
        text={text}
        disabled={!plane}
        onMove={(to, isLast) => plane && tool!.move(codeAt(info.prior, plane, to), to, isLast)}
        onEnd={() => tool?.settle()}
      >
        <Overview
          prior={info.prior}
          plane={isActive ? plane : undefined}
          shape={info.shape}
          networks={networks}
          onImages={setImages}
          onFailure={onFailure}
        />
        {position !== CENTER && <span class="chip capital">{text}</span>}
      </Pad>
      <div class="toolbar">
        <button id="directions" type="button" disabled={!plane} onClick={() => setSeed(seed + 1)}>
          New directions
        </button>
        <button
          id="to-center"
          type="button"
          disabled={position === CENTER}
          onClick={() => tool!.move(tool!.origin, CENTER, true)}
        >
          Recenter
        </button>
        <SaveMenu
          label="Save plane"
          disabled={!images}
          onFailure={onFailure}
          onSave={(format) => saveImages(images!, info.shape, format, fileName(info.name, `plane at ${origin!.name}`))}
        />
      </div>
    </section>
  );
}

export const PlaneMeaning = () => (
  <p class="meaning">Drag to move the code in two random directions, up to {REACH}° from the center.</p>
);

/** "12° right, 30° up", or "center". */
function describe({ x, y }: Position): string {
  const along = (degrees: number, positive: string, negative: string): string[] =>
    Math.round(degrees) === 0 ? [] : [`${Math.abs(Math.round(degrees))}° ${degrees > 0 ? positive : negative}`];
  return [...along(x, 'right', 'left'), ...along(y, 'up', 'down')].join(', ') || 'center';
}

interface PadProps {
  position: Position;
  text: string;
  disabled: boolean;
  onMove: (position: Position, isLast: boolean) => void;
  /** Called at the end of a drag. */
  onEnd: () => void;
  children: preact.ComponentChildren;
}

/** A slider of two dimensions. */
function Pad({ position, text, disabled, onMove, onEnd, children }: PadProps) {
  const pad = useRef<HTMLDivElement>(null);
  const follow = ({ clientX, clientY }: PointerEvent): void => {
    const { left, top, width, height } = pad.current!.getBoundingClientRect();
    const to = {
      x: clamp(REACH * ((2 * (clientX - left)) / width - 1)),
      y: clamp(REACH * (1 - (2 * (clientY - top)) / height)),
    };
    onMove(to, false);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const arrow = ARROWS[event.key];
    if (!arrow && event.key !== 'Home') return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    onMove(arrow ? { x: clamp(position.x + step * arrow[0]), y: clamp(position.y + step * arrow[1]) } : CENTER, true);
  };
  return (
    <div
      id="plane-pad"
      ref={pad}
      class="plane-pad frame"
      style={{ '--cells': OVERVIEW }}
      role="slider"
      tabIndex={0}
      aria-label="Position on the plane"
      aria-disabled={disabled}
      aria-valuemin={-REACH}
      aria-valuemax={REACH}
      aria-valuenow={Math.round(position.x)}
      aria-valuetext={text}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        pad.current!.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove={(event) => event.buttons > 0 && follow(event)}
      onPointerUp={onEnd}
      onPointerCancel={onEnd}
    >
      {children}
      <div
        class="knob"
        style={{ left: `${50 + (50 * position.x) / REACH}%`, top: `${50 - (50 * position.y) / REACH}%` }}
      />
    </div>
  );
}

interface OverviewProps {
  prior: Prior;
  /** Undefined if it is not visible. */
  plane: TangentPlane | undefined;
  shape: ImageShape;
  networks: Networks;
  /** Receives all images, row by row, or undefined while they are computed. */
  onImages: (images: readonly Float32Array[] | undefined) => void;
  onFailure: (error: unknown) => void;
}

/** Images of the whole plane, computed one by one from the center, so that dragging stays smooth. */
function Overview({ prior, plane, shape, networks, onImages, onFailure }: OverviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [, height, width] = shape;
  useEffect(() => {
    if (!plane) return;
    let isCurrent = true;
    const context = canvas.current!.getContext('2d')!;
    const images: Float32Array[] = [];
    onImages(undefined);
    const draw = async (): Promise<void> => {
      for (const [column, row] of cellsFromCenter()) {
        const degrees = (cell: number): number => REACH * ((2 * cell + 1) / OVERVIEW - 1);
        const image = await networks.generate(codeAt(prior, plane, { x: degrees(column), y: -degrees(row) }));
        if (!isCurrent) return;
        images[row * OVERVIEW + column] = image;
        context.putImageData(pixelsOf(image, shape), column * width, row * height);
      }
      onImages(images);
    };
    draw().catch(onFailure);
    return () => (isCurrent = false);
  }, [plane, networks]);
  return <canvas ref={canvas} width={OVERVIEW * width} height={OVERVIEW * height} aria-hidden="true" />;
}

function cellsFromCenter(): readonly (readonly [column: number, row: number])[] {
  const middle = (OVERVIEW - 1) / 2;
  const distance = ([column, row]: readonly [number, number]): number => Math.hypot(column - middle, row - middle);
  return Array.from(
    { length: OVERVIEW ** 2 },
    (_, index) => [index % OVERVIEW, Math.floor(index / OVERVIEW)] as const,
  ).sort((a, b) => distance(a) - distance(b));
}
