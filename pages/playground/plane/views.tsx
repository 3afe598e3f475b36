/** The plane and the codes, each on a canvas with a title and a legend. */
import { useEffect, useRef } from 'preact/hooks';
import { colorOf, cssColor, latticeOf } from './lattice.js';
import { FIELD, type PlaneView } from './training.js';

/** Pixels of a canvas on a screen of twice the usual density. */
const SIDE = 480;
const BARS = 48;

interface ViewProps {
  view: PlaneView | undefined;
  latent: 2 | 3;
}

interface DrawingProps extends ViewProps {
  id: string;
  title: string;
  /** Describes the canvas for screen readers. */
  label: string;
  /** Colors, which are classes of swatches, and their meanings. */
  legend: Record<string, string>;
  draw: (context: CanvasRenderingContext2D, view: PlaneView) => void;
  onPointerDown?: (event: PointerEvent) => void;
  onPointerMove?: (event: PointerEvent) => void;
}

/** A square canvas that is drawn again whenever the view changes. */
function Drawing({ id, title, label, legend, view, latent, draw, ...handlers }: DrawingProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, SIDE, SIDE);
    if (view) draw(context, view);
  }, [view, latent]);
  return (
    <figure>
      <figcaption>{title}</figcaption>
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
      <ul class="legend">
        {Object.entries(legend).map(([color, meaning]) => (
          <li key={color}>
            <span class={`swatch ${color}`} /> {meaning}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** Pixels of a point of the plane, whose y axis points up. */
const toPixels = (points: Float32Array, index: number): [x: number, y: number] => [
  ((points[2 * index]! / FIELD.range + 1) / 2) * SIDE,
  ((1 - points[2 * index + 1]! / FIELD.range) / 2) * SIDE,
];

/** Draws points as squares, which are faster than disks and look the same at this size. */
function drawDots(
  context: CanvasRenderingContext2D,
  points: Float32Array,
  side: number,
  color: (index: number) => string,
): void {
  for (let index = 0; index < points.length / 2; index++) {
    const [x, y] = toPixels(points, index);
    context.fillStyle = color(index);
    context.fillRect(x - side / 2, y - side / 2, side, side);
  }
}

/** The colors of the lattice of the prior. */
const LATTICES = { 2: latticeColors(2), 3: latticeColors(3) };

function latticeColors(latent: 2 | 3): string[] {
  const codes = latticeOf(latent);
  return Array.from({ length: codes.length / latent }, (_, index) => cssColor(colorOf(codes, index, latent)));
}

/** Orange and blue differ for color-blind readers too (Okabe and Ito). */
const CLASS_COLORS = ['#e69f00', '#0072b2'];

/** Data, and the generator's image of the prior. */
export function GeneratorView({
  onPoint,
  isConditional,
  ...props
}: ViewProps & { isConditional: boolean; onPoint: ((x: number, y: number) => void) | undefined }) {
  const colors = LATTICES[props.latent];
  const prior = props.latent === 2 ? 'circle' : 'sphere';
  const addPoint = ({ offsetX, offsetY, currentTarget }: PointerEvent): void => {
    const { clientWidth, clientHeight } = currentTarget as HTMLCanvasElement;
    onPoint?.(FIELD.range * ((2 * offsetX) / clientWidth - 1), FIELD.range * (1 - (2 * offsetY) / clientHeight));
  };
  const draw = (context: CanvasRenderingContext2D, { shown, labels, image }: PlaneView): void => {
    drawDots(context, shown, 6, (index) => (isConditional ? CLASS_COLORS[labels[index]!]! : 'gray'));
    if (props.latent === 3) return drawDots(context, image, 5, (index) => colors[index % colors.length]!);
    context.lineWidth = 5;
    // A closed curve per class.
    for (let index = 0; index < image.length / 2; index++) {
      const first = index - (index % colors.length);
      context.strokeStyle = colors[index - first]!;
      context.beginPath();
      context.moveTo(...toPixels(image, index));
      context.lineTo(...toPixels(image, first + ((index - first + 1) % colors.length)));
      context.stroke();
    }
  };
  const data: Record<string, string> = isConditional
    ? { 'class-a': 'data of one class', 'class-b': 'data of the other' }
    : { gray: 'data' };
  return (
    <Drawing
      {...props}
      id="generator-view"
      title="Data and generator"
      label={`Data (${isConditional ? 'orange and blue' : 'gray'}) and the generator's image of the ${prior} (colors)${onPoint ? '; press to add points' : ''}`}
      legend={{ ...data, codes: 'samples, colored by their codes' }}
      draw={draw}
      {...(onPoint && {
        onPointerDown: addPoint,
        onPointerMove: (event: PointerEvent) => event.buttons === 1 && addPoint(event),
      })}
    />
  );
}

/** The encoder's map of the plane. */
export function EncoderView(props: ViewProps) {
  const draw = (context: CanvasRenderingContext2D, view: PlaneView): void => {
    const field = new OffscreenCanvas(FIELD.side, FIELD.side);
    const pixels = new ImageData(FIELD.side, FIELD.side);
    for (let index = 0; index < FIELD.side ** 2; index++) {
      // The grid begins at its lower left corner.
      const row = FIELD.side - 1 - Math.floor(index / FIELD.side);
      const color = colorOf(view.field, index, props.latent);
      pixels.data.set([...color, 255], 4 * (row * FIELD.side + (index % FIELD.side)));
    }
    field.getContext('2d')!.putImageData(pixels, 0, 0);
    context.drawImage(field, 0, 0, SIDE, SIDE);
    drawDots(context, view.shown, 6, () => 'black');
    drawDots(context, view.reconstructions, 4, () => 'white');
  };
  return (
    <Drawing
      {...props}
      id="encoder-view"
      title="Encoder"
      label="The encoder's map of the plane: each point has the color of its code; data are black, their reconstructions white"
      legend={{ codes: 'the code of each point', black: 'data', white: 'their reconstructions' }}
      draw={draw}
    />
  );
}

/** How codes are distributed: histograms over the circle, or maps of the sphere. */
export function CodesView(props: ViewProps) {
  const [data, samples] = props.latent === 2 ? ['outside', 'inside'] : ['above', 'below'];
  return (
    <Drawing
      {...props}
      id="codes-view"
      title={`Codes: of data ${data}, of samples ${samples}`}
      label={
        props.latent === 2
          ? 'Histograms of codes over the circle: of data outside, of samples inside; even bars are uniform'
          : 'Codes on maps of the sphere of equal areas: of data above, of samples below'
      }
      legend={
        props.latent === 2
          ? { codes: 'codes per arc of the circle', dashed: 'codes that are uniform' }
          : { codes: 'a code; equal areas of a map are equal areas of the sphere' }
      }
      draw={props.latent === 2 ? drawHistograms : drawMaps}
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

function drawHistograms(context: CanvasRenderingContext2D, { realCodes, fakeCodes }: PlaneView): void {
  const [radius, unit, longest, center] = [0.3 * SIDE, 0.06 * SIDE, 3, SIDE / 2];
  // Angles of a canvas point down.
  const angleOf = (bar: number): number => (-2 * Math.PI * bar) / BARS;
  for (const [codes, side] of [
    [realCodes, 1],
    [fakeCodes, -1],
  ] as const) {
    for (const [bar, value] of histogramOf(codes).entries()) {
      const end = radius + side * unit * Math.min(longest, value);
      const [angle, next, middle] = [angleOf(bar), angleOf(bar + 0.9), angleOf(bar + 0.5)];
      context.fillStyle = cssColor(colorOf(Float32Array.of(Math.cos(middle), -Math.sin(middle)), 0, 2));
      context.beginPath();
      context.arc(center, center, Math.max(radius, end), angle, next, true);
      context.arc(center, center, Math.min(radius, end), next, angle, false);
      context.fill();
    }
  }
  context.strokeStyle = 'gray';
  context.lineWidth = 2;
  for (const reach of [radius - unit, radius, radius + unit]) {
    context.setLineDash(reach === radius ? [] : [4, 6]);
    context.beginPath();
    context.arc(center, center, reach, 0, 2 * Math.PI);
    context.stroke();
  }
  context.setLineDash([]);
}

/** Longitude to the right, height upwards: Lambert's cylindrical projection, which keeps areas. */
function drawMaps(context: CanvasRenderingContext2D, { realCodes, fakeCodes }: PlaneView): void {
  const height = SIDE / 2 - 8;
  context.strokeStyle = 'gray';
  for (const [codes, top] of [
    [realCodes, 4],
    [fakeCodes, SIDE / 2 + 4],
  ] as const) {
    context.strokeRect(1, top, SIDE - 2, height);
    for (let index = 0; index < codes.length / 3; index++) {
      const turn = Math.atan2(codes[3 * index + 1]!, codes[3 * index]!) / (2 * Math.PI) + 0.5;
      context.fillStyle = cssColor(colorOf(codes, index, 3));
      context.fillRect(turn * SIDE - 2, top + (height * (1 - codes[3 * index + 2]!)) / 2 - 2, 4, 4);
    }
  }
}
