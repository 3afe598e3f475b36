import type { RandomStream } from '../random.js';

/** The share of holes that hide the whole image. */
const EVERYTHING = 0.1;

/** Draws which pixels [size, size] of an image are hidden (1): a rectangle, free strokes, or everything. */
export function drawHole(size: number, stream: RandomStream): Uint8Array {
  const kind = stream.uniform();
  if (kind < EVERYTHING) return new Uint8Array(size * size).fill(1);
  return kind < (1 + EVERYTHING) / 2 ? rectangle(size, stream) : strokes(size, stream);
}

/** With sides from a quarter to seven eighths of the image's. */
function rectangle(size: number, stream: RandomStream) {
  const hole = new Uint8Array(size * size);
  const side = () => Math.round(size * (0.25 + 0.625 * stream.uniform()));
  const [height, width] = [side(), side()];
  const start = (length: number) => Math.floor(stream.uniform() * (size - length + 1));
  const [top, left] = [start(height), start(width)];
  for (let row = top; row < top + height; row++) hole.fill(1, row * size + left, row * size + left + width);
  return hole;
}

const MOST_STROKES = 4;
const TURN = Math.PI / 4;

/** Round brushes on winding paths. */
function strokes(size: number, stream: RandomStream) {
  const hole = new Uint8Array(size * size);
  const count = 1 + Math.floor(stream.uniform() * MOST_STROKES);
  for (let number = 0; number < count; number++) {
    const radius = size * (0.04 + 0.08 * stream.uniform());
    let [x, y] = [stream.uniform() * size, stream.uniform() * size];
    let angle = 2 * Math.PI * stream.uniform();
    const steps = Math.ceil((size * (0.5 + stream.uniform())) / radius);
    for (let step = 0; step < steps; step++) {
      for (const pixel of pixelsOfDisk(size, { x, y, radius })) hole[pixel] = 1;
      angle += TURN * (2 * stream.uniform() - 1);
      x = within(x + radius * Math.cos(angle), size);
      y = within(y + radius * Math.sin(angle), size);
    }
  }
  return hole;
}

const within = (position: number, size: number) => Math.min(size, Math.max(0, position));

function* pixelsOfDisk(size: number, { x, y, radius }: { x: number; y: number; radius: number }) {
  for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(size, y + radius); row++)
    for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(size, x + radius); column++)
      if ((row + 0.5 - y) ** 2 + (column + 0.5 - x) ** 2 <= radius ** 2) yield row * size + column;
}
