/** Draws where terms push samples and codes. */
import { BAR, CODE_RADIUS, type Context, type DrawingStyle, mapTop, onMap, SIDE, toPixels } from './drawing.js';
import type { Push, PushedPlace, PushTerm } from './terms.js';

/** Custom properties of the style sheet. Charts have the same colors. */
export const TERM_COLORS: Record<PushTerm | 'uniform', string> = {
  KL_real: '--curve-1',
  KL_fake: '--curve-2',
  match_x: '--curve-3',
  match_z: '--curve-4',
  uniform: '--curve-6',
};

/** Pixels of an arrow: pushes of one step differ by a factor of thousands, so lengths are logarithmic. */
const [UNIT, LONGEST, SHORTEST] = [14, 72, 3];
const lengthOf = (push: number): number => Math.min(LONGEST, UNIT * Math.log2(1 + push));

type Pixel = [x: number, y: number];

/** Which view shows pushes on which points. */
const PLACES = {
  plane: ['fake', 'reconstruction'],
  codes: ['realCodes', 'fakeCodes'],
} as const satisfies Record<string, readonly PushedPlace[]>;

/** Draws arrows above a view, solid for the encoder and dashed for the generator. */
export function drawArrows(
  context: Context,
  view: keyof typeof PLACES,
  pushes: readonly Push[],
  terms: readonly PushTerm[],
  { latent, colorOf }: DrawingStyle,
): void {
  const shown = pushes.filter(
    ({ term, on }) => terms.includes(term) && (PLACES[view] as readonly PushedPlace[]).includes(on),
  );
  for (const push of shown) {
    const color = colorOf(TERM_COLORS[push.term]);
    const width = view === 'plane' ? 2 : latent;
    for (let index = 0; index < push.from.length / width; index++) {
      const norm = Math.hypot(...push.by.subarray(index * width, (index + 1) * width));
      const [from, to] = endsOf(push, index, norm, view === 'plane' ? 0 : latent);
      drawArrow(context, from, to, color, push.network === 'generator');
    }
  }
}

/** The pixels of both ends of an arrow. */
function endsOf(push: Push, index: number, norm: number, latent: 0 | 2 | 3): [Pixel, Pixel] {
  const { from, by, on } = push;
  const length = lengthOf(norm);
  if (latent === 0) {
    const [x, y] = toPixels(from, index);
    return [
      [x, y],
      [x + (length * by[2 * index]!) / (norm || 1), y - (length * by[2 * index + 1]!) / (norm || 1)],
    ];
  }
  const isOfData = on === 'realCodes';
  if (latent === 2) {
    // Both circles are outside their own bars' ground line.
    const radius = CODE_RADIUS + (isOfData ? 1 : -1) * BAR * (push.network === 'encoder' ? 1.6 : 2.6);
    const angle = Math.atan2(from[2 * index + 1]!, from[2 * index]!);
    const isLeft = from[2 * index]! * by[2 * index + 1]! > from[2 * index + 1]! * by[2 * index]!;
    const at = (turned: number): Pixel => [SIDE / 2 + radius * Math.cos(turned), SIDE / 2 - radius * Math.sin(turned)];
    return [at(angle), at(angle + ((isLeft ? 1 : -1) * length) / radius)];
  }
  const top = mapTop(isOfData);
  const start = onMap(from, index, top);
  // A short way along the push gives the direction on the map.
  const moved = from
    .subarray(3 * index, 3 * index + 3)
    .map((value, axis) => value + (0.01 * by[3 * index + axis]!) / (norm || 1));
  const end = onMap(moved, 0, top);
  const distance = Math.hypot(end[0] - start[0], end[1] - start[1]) || 1;
  // The map's left and right edges are the same.
  if (distance > SIDE / 2) return [start, start];
  return [
    start,
    [start[0] + (length * (end[0] - start[0])) / distance, start[1] + (length * (end[1] - start[1])) / distance],
  ];
}

function drawArrow(context: Context, from: Pixel, to: Pixel, color: string, isDashed: boolean): void {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = 3;
  context.lineCap = 'butt';
  context.beginPath();
  context.arc(...from, 4, 0, 2 * Math.PI);
  context.fill();
  if (length < SHORTEST) return;
  const head = Math.min(14, 0.7 * length);
  const [ux, uy] = [dx / length, dy / length];
  context.setLineDash(isDashed ? [5, 4] : []);
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(to[0] - head * ux, to[1] - head * uy);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(...to);
  context.lineTo(to[0] - head * (ux + 0.5 * uy), to[1] - head * (uy - 0.5 * ux));
  context.lineTo(to[0] - head * (ux - 0.5 * uy), to[1] - head * (uy + 0.5 * ux));
  context.fill();
}
