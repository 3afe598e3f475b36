/** Pictures and animations of the views, a row per track. */
import { encodeFrames } from '../../components/animation.js';
import { type DrawingStyle, SIDE } from './drawing.js';
import { iterationOfFrame, type PlaneFrame } from './protocol.js';
import type { PushTerm } from './terms.js';
import { drawView, VIEWS } from './views.js';

/** Pixels between views, and of the line above them. */
const [GAP, HEADER] = [16, 40];
/** Pixels of a view in an animation, and milliseconds per frame. */
const [SMALL, DELAY_MS, LAST_MS] = [200, 100, 1500];
const NAMES = Object.keys(VIEWS) as (keyof typeof VIEWS)[];

type Styles = readonly DrawingStyle[];

function drawFrame(frame: PlaneFrame, arrows: readonly PushTerm[], styles: Styles, side: number): OffscreenCanvas {
  const scale = side / SIDE;
  const [gap, header] = [GAP * scale, HEADER * Math.max(0.5, scale)];
  const width = Math.round(NAMES.length * (side + gap) + gap);
  const canvas = new OffscreenCanvas(width, Math.round(frame.tracks.length * (side + gap) + header));
  const context = canvas.getContext('2d')!;
  const { colorOf } = styles[0]!;
  context.fillStyle = colorOf('--surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colorOf('--text');
  context.font = `600 ${0.45 * header}px Inter, system-ui, sans-serif`;
  context.textBaseline = 'middle';
  context.fillText(`agenet, iteration ${iterationOfFrame(frame)}`, gap, header / 2);
  for (const [row, track] of frame.tracks.entries()) {
    for (const [column, name] of NAMES.entries()) {
      context.save();
      context.translate(gap + column * (side + gap), header + row * (side + gap));
      context.scale(scale, scale);
      context.beginPath();
      context.rect(0, 0, SIDE, SIDE);
      context.clip();
      context.fillStyle = colorOf('--background');
      context.fillRect(0, 0, SIDE, SIDE);
      drawView(name, context, track, arrows, styles[row]!);
      context.restore();
    }
  }
  return canvas;
}

export const pictureOf = (frame: PlaneFrame, arrows: readonly PushTerm[], styles: Styles): Promise<Blob> =>
  drawFrame(frame, arrows, styles, SIDE).convertToBlob({ type: 'image/png' });

/** The frames as a GIF that rests at its end. */
export function animationOf(frames: readonly PlaneFrame[], arrows: readonly PushTerm[], styles: Styles): Promise<Blob> {
  const pictures = frames.map((frame, index) => () => {
    const canvas = drawFrame(frame, arrows, styles, SMALL);
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const delay = index === frames.length - 1 ? LAST_MS : DELAY_MS;
    return { data, width: canvas.width, height: canvas.height, delay };
  });
  return encodeFrames(pictures);
}
