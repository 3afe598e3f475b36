/** Canvases that show the plane and the codes. */
import { useEffect, useRef } from 'preact/hooks';
import { colorOf, cssColor, latticeOf } from './lattice.js';
import { FIELD, type PlaneView } from './training.js';

/** Pixels of a canvas on a screen of twice the usual density. */
const SIDE = 480;
const BARS = 48;

type Latent = 2 | 3;
interface ViewProps {
  readonly view: PlaneView | undefined;
  readonly latent: Latent;
}

/** A square canvas that is drawn again whenever its inputs change. */
function Drawing({ id, label, draw, inputs, ...handlers }: DrawingProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, SIDE, SIDE);
    draw(context);
  }, inputs);
  return (
    <canvas
      id={id}
      ref={canvas}
      class={handlers.onPointerDown ? 'view drawn' : 'view'}
      width={SIDE}
      height={SIDE}
      role="img"
      aria-label={label}
      {...handlers}
    />
  );
}

interface DrawingProps {
  readonly id: string;
  readonly label: string;
  readonly draw: (context: CanvasRenderingContext2D) => void;
  readonly inputs: readonly unknown[];
  readonly onPointerDown?: (event: PointerEvent) => void;
  readonly onPointerMove?: (event: PointerEvent) => void;
}

/** Pixels of a coordinate of the plane; the y axis points up. */
const toPixel = (value: number): number => ((value / FIELD.range + 1) / 2) * SIDE;

/** Draws points as squares, which are faster than disks and look the same at this size. */
function dots(
  context: CanvasRenderingContext2D,
  points: Float32Array,
  side: number,
  color: (index: number) => string,
): void {
  for (let index = 0; index < points.length / 2; index++) {
    context.fillStyle = color(index);
    context.fillRect(
      toPixel(points[2 * index]!) - side / 2,
      SIDE - toPixel(points[2 * index + 1]!) - side / 2,
      side,
      side,
    );
  }
}

/** The colors of the lattice of the prior. */
const LATTICES: Readonly<Record<Latent, readonly string[]>> = { 2: latticeColors(2), 3: latticeColors(3) };

function latticeColors(latent: Latent): string[] {
  const codes = latticeOf(latent);
  return Array.from({ length: codes.length / latent }, (_, index) => cssColor(colorOf(codes, index, latent)));
}

/** Data, and the generator's image of the prior. */
export function GeneratorView({
  view,
  latent,
  onPoint,
}: ViewProps & { onPoint: ((x: number, y: number) => void) | undefined }) {
  const pointOf = ({ offsetX, offsetY, currentTarget }: PointerEvent): void => {
    const { clientWidth, clientHeight } = currentTarget as HTMLCanvasElement;
    onPoint?.(FIELD.range * ((2 * offsetX) / clientWidth - 1), FIELD.range * (1 - (2 * offsetY) / clientHeight));
  };
  const draw = (context: CanvasRenderingContext2D): void => {
    if (!view) return;
    dots(context, view.shown, 6, () => 'gray');
    const colors = LATTICES[latent];
    if (latent === 3) return dots(context, view.image, 5, (index) => colors[index]!);
    context.lineWidth = 5;
    const count = view.image.length / 2;
    for (let index = 0; index < count; index++) {
      const next = (index + 1) % count;
      context.strokeStyle = colors[index]!;
      context.beginPath();
      context.moveTo(toPixel(view.image[2 * index]!), SIDE - toPixel(view.image[2 * index + 1]!));
      context.lineTo(toPixel(view.image[2 * next]!), SIDE - toPixel(view.image[2 * next + 1]!));
      context.stroke();
    }
  };
  return (
    <Drawing
      id="generator-view"
      label={`Data (gray) and the generator's image of the ${latent === 2 ? 'circle' : 'sphere'} (colors)${onPoint ? '; press to add points' : ''}`}
      draw={draw}
      inputs={[view, latent]}
      {...(onPoint && {
        onPointerDown: pointOf,
        onPointerMove: (event: PointerEvent) => event.buttons === 1 && pointOf(event),
      })}
    />
  );
}

/** The encoder's map of the plane: the color of each point is that of its code. */
export function EncoderView({ view, latent }: ViewProps) {
  const draw = (context: CanvasRenderingContext2D): void => {
    if (!view) return;
    const field = new OffscreenCanvas(FIELD.side, FIELD.side);
    const pixels = new ImageData(FIELD.side, FIELD.side);
    for (let index = 0; index < FIELD.side ** 2; index++) {
      // The grid begins at its lower left corner.
      const row = FIELD.side - 1 - Math.floor(index / FIELD.side);
      pixels.data.set([...colorOf(view.field, index, latent), 255], 4 * (row * FIELD.side + (index % FIELD.side)));
    }
    field.getContext('2d')!.putImageData(pixels, 0, 0);
    context.drawImage(field, 0, 0, SIDE, SIDE);
    dots(context, view.shown, 6, () => 'black');
    dots(context, view.reconstructions, 4, () => 'white');
  };
  return (
    <Drawing
      id="encoder-view"
      label="The encoder's map of the plane: each point has the color of its code; data are black, their reconstructions white"
      draw={draw}
      inputs={[view, latent]}
    />
  );
}

/** How codes are distributed: over the circle as histograms, over the sphere as a map of equal areas. */
export function CodesView({ view, latent }: ViewProps) {
  const draw = (context: CanvasRenderingContext2D): void => {
    if (view) (latent === 2 ? drawHistograms : drawMaps)(context, view);
  };
  return (
    <Drawing
      id="codes-view"
      label={
        latent === 2
          ? 'Histograms of codes over the circle: of data outside, of samples inside; even bars are uniform'
          : 'Codes on maps of the sphere of equal areas: of data above, of samples below'
      }
      draw={draw}
      inputs={[view, latent]}
    />
  );
}

/** The share of codes in each of the equal arcs of the circle, relative to a uniform distribution. */
function histogramOf(codes: Float32Array): number[] {
  const counts = new Array<number>(BARS).fill(0);
  const total = codes.length / 2;
  for (let index = 0; index < total; index++) {
    const turn = Math.atan2(codes[2 * index + 1]!, codes[2 * index]!) / (2 * Math.PI);
    counts[Math.floor(((turn + 1) % 1) * BARS) % BARS]! += BARS / total;
  }
  return counts;
}

function drawHistograms(context: CanvasRenderingContext2D, view: PlaneView): void {
  const [radius, unit, longest] = [0.3 * SIDE, 0.06 * SIDE, 3];
  const color = (turn: number): string =>
    cssColor(colorOf(Float32Array.of(Math.cos(2 * Math.PI * turn), Math.sin(2 * Math.PI * turn)), 0, 2));
  for (const [codes, side] of [
    [view.realCodes, 1],
    [view.fakeCodes, -1],
  ] as const) {
    for (const [bar, value] of histogramOf(codes).entries()) {
      const end = radius + side * unit * Math.min(longest, value);
      context.fillStyle = color((bar + 0.5) / BARS);
      context.beginPath();
      // The y axis points up.
      context.arc(
        SIDE / 2,
        SIDE / 2,
        Math.max(radius, end),
        (-2 * Math.PI * bar) / BARS,
        (-2 * Math.PI * (bar + 0.9)) / BARS,
        true,
      );
      context.arc(
        SIDE / 2,
        SIDE / 2,
        Math.min(radius, end),
        (-2 * Math.PI * (bar + 0.9)) / BARS,
        (-2 * Math.PI * bar) / BARS,
        false,
      );
      context.fill();
    }
  }
  context.strokeStyle = 'gray';
  context.lineWidth = 2;
  for (const reach of [radius - unit, radius, radius + unit]) {
    context.setLineDash(reach === radius ? [] : [4, 6]);
    context.beginPath();
    context.arc(SIDE / 2, SIDE / 2, reach, 0, 2 * Math.PI);
    context.stroke();
  }
  context.setLineDash([]);
}

/** Longitude to the right, height upwards: equal areas of the sphere are equal areas of the map (Lambert's cylindrical projection). */
function drawMaps(context: CanvasRenderingContext2D, view: PlaneView): void {
  const height = SIDE / 2 - 8;
  context.strokeStyle = 'gray';
  for (const [codes, top] of [
    [view.realCodes, 4],
    [view.fakeCodes, SIDE / 2 + 4],
  ] as const) {
    context.strokeRect(1, top, SIDE - 2, height);
    for (let index = 0; index < codes.length / 3; index++) {
      const turn = Math.atan2(codes[3 * index + 1]!, codes[3 * index]!) / (2 * Math.PI) + 0.5;
      context.fillStyle = cssColor(colorOf(codes, index, 3));
      context.fillRect(turn * SIDE - 2, top + (height * (1 - codes[3 * index + 2]!)) / 2 - 2, 4, 4);
    }
  }
}
