/** Draws the views of the plane on any canvas of SIDE x SIDE. */
import { colorOf, cssColor, FIELD, latticeOf } from './lattice.js';
import type { TrackFrame } from './protocol.js';
import type { PlaneView } from './view.js';

/** Pixels of a canvas on a screen of twice the usual density. */
export const SIDE = 480;
const BARS = 48;

/** The two circles of codes of the Codes view: of data and of samples. */
export const CODE_RADIUS = 0.3 * SIDE;
/** The height of a bar of uniform codes. */
export const BAR = 0.06 * SIDE;
const LONGEST_BAR = 3;

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** What a drawing depends on besides the frame. */
export interface DrawingStyle {
  latent: 2 | 3;
  isConditional: boolean;
  /** The color of a custom property of the style sheet. */
  colorOf: (name: string) => string;
}

export type Draw = (context: Context, frame: TrackFrame, style: DrawingStyle) => void;

/** Pixels of a point of the plane, whose y axis points up. */
export const toPixels = (points: Float32Array, index: number): [x: number, y: number] => [
  ((points[2 * index]! / FIELD.range + 1) / 2) * SIDE,
  ((1 - points[2 * index + 1]! / FIELD.range) / 2) * SIDE,
];

/** Draws points of one color. */
function drawDots(context: Context, points: Float32Array, radius: number, color: string, isOf = (_: number) => true) {
  context.fillStyle = color;
  context.beginPath();
  for (let index = 0; index < points.length / 2; index++) {
    if (!isOf(index)) continue;
    const [x, y] = toPixels(points, index);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
}

/** The colors of the lattice of the prior. */
const LATTICES = { 2: latticeColors(2), 3: latticeColors(3) };

function latticeColors(latent: 2 | 3): string[] {
  const codes = latticeOf(latent);
  return Array.from({ length: codes.length / latent }, (_, index) => cssColor(colorOf(codes, index, latent)));
}

/** Orange and blue differ for color-blind readers too (Okabe and Ito). */
export const CLASS_COLORS = ['#e69f00', '#0072b2'] as const;

/** Data, and the generator's image of the prior. */
export const drawGenerator: Draw = (context, { view: { shown, labels, image } }, { latent, isConditional }) => {
  if (isConditional)
    CLASS_COLORS.forEach((color, label) => drawDots(context, shown, 3, color, (index) => labels[index] === label));
  else drawDots(context, shown, 3, 'gray');
  const colors = LATTICES[latent];
  if (latent === 3) {
    for (let index = 0; index < image.length / 2; index++) {
      const [x, y] = toPixels(image, index);
      context.fillStyle = colors[index % colors.length]!;
      context.fillRect(x - 2.5, y - 2.5, 5, 5);
    }
    return;
  }
  context.lineWidth = 5;
  context.lineCap = 'round';
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

/** The encoder's map of the plane. */
export const drawEncoder: Draw = (context, { view }, { latent }) => {
  // The first frame has only data.
  const isKnown = view.field.length > 0;
  if (isKnown) drawField(context, view, latent);
  drawDots(context, view.shown, 3, isKnown ? 'black' : 'gray');
  drawDots(context, view.reconstructions, 2.5, 'white');
};

function drawField(context: Context, view: PlaneView, latent: 2 | 3): void {
  const field = new OffscreenCanvas(FIELD.side, FIELD.side);
  const pixels = new ImageData(FIELD.side, FIELD.side);
  for (let index = 0; index < FIELD.side ** 2; index++) {
    // The grid begins at its lower left corner.
    const row = FIELD.side - 1 - Math.floor(index / FIELD.side);
    pixels.data.set([...colorOf(view.field, index, latent), 255], 4 * (row * FIELD.side + (index % FIELD.side)));
  }
  field.getContext('2d')!.putImageData(pixels, 0, 0);
  context.drawImage(field, 0, 0, SIDE, SIDE);
}

/** How codes are distributed: histograms over the circle, or maps of the sphere. */
export const drawCodes: Draw = (context, { view, pushes }, { latent }) => {
  // Arrows are drawn above.
  context.globalAlpha = pushes.length > 0 ? 0.35 : 1;
  if (latent === 2) drawHistograms(context, view);
  else drawMaps(context, view);
  context.globalAlpha = 1;
};

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

function drawHistograms(context: Context, { realCodes, fakeCodes }: PlaneView): void {
  const center = SIDE / 2;
  // Angles of a canvas point down.
  const angleOf = (bar: number): number => (-2 * Math.PI * bar) / BARS;
  const alpha = context.globalAlpha;
  for (const [codes, side, opacity] of [
    [realCodes, 1, 1],
    [fakeCodes, -1, 0.5],
  ] as const) {
    context.globalAlpha = alpha * opacity;
    for (const [bar, value] of histogramOf(codes).entries()) {
      const end = CODE_RADIUS + side * BAR * Math.min(LONGEST_BAR, value);
      const [angle, next, middle] = [angleOf(bar), angleOf(bar + 0.9), angleOf(bar + 0.5)];
      context.fillStyle = cssColor(colorOf(Float32Array.of(Math.cos(middle), -Math.sin(middle)), 0, 2));
      context.beginPath();
      context.arc(center, center, Math.max(CODE_RADIUS, end), angle, next, true);
      context.arc(center, center, Math.min(CODE_RADIUS, end), next, angle, false);
      context.fill();
    }
  }
  context.globalAlpha = alpha;
  context.strokeStyle = 'gray';
  context.lineWidth = 2;
  for (const reach of [CODE_RADIUS - BAR, CODE_RADIUS, CODE_RADIUS + BAR]) {
    context.setLineDash(reach === CODE_RADIUS ? [] : [4, 6]);
    context.beginPath();
    context.arc(center, center, reach, 0, 2 * Math.PI);
    context.stroke();
  }
  context.setLineDash([]);
}

/** The upper edge of the map of codes of data or samples, and its height. */
export const mapTop = (isOfData: boolean): number => (isOfData ? 4 : SIDE / 2 + 4);
const MAP_HEIGHT = SIDE / 2 - 8;

/** Longitude to the right, height upwards: Lambert's cylindrical projection, which keeps areas. */
export function onMap(codes: Float32Array, index: number, top: number): [x: number, y: number] {
  const turn = Math.atan2(codes[3 * index + 1]!, codes[3 * index]!) / (2 * Math.PI) + 0.5;
  return [turn * SIDE, top + (MAP_HEIGHT * (1 - codes[3 * index + 2]!)) / 2];
}

function drawMaps(context: Context, { realCodes, fakeCodes }: PlaneView): void {
  context.strokeStyle = 'gray';
  context.lineWidth = 1;
  for (const codes of [realCodes, fakeCodes]) {
    const top = mapTop(codes === realCodes);
    context.strokeRect(1, top, SIDE - 2, MAP_HEIGHT);
    for (let index = 0; index < codes.length / 3; index++) {
      const [x, y] = onMap(codes, index, top);
      context.fillStyle = cssColor(colorOf(codes, index, 3));
      context.fillRect(x - 2, y - 2, 4, 4);
    }
  }
}
