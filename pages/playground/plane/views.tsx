/** The plane and the codes, each on a canvas with a title, a caption and a legend. */
import { useEffect, useRef } from 'preact/hooks';
import { useDarkScheme } from '../../components/chart.js';
import { drawArrows } from './arrows.js';
import {
  CLASS_COLORS,
  type Context,
  type Draw,
  drawCodes,
  drawEncoder,
  drawGenerator,
  type DrawingStyle,
  SIDE,
} from './drawing.js';
import { FIELD } from './lattice.js';
import type { TrackFrame } from './protocol.js';
import type { PushTerm } from './terms.js';

export interface ViewProps {
  track: TrackFrame | undefined;
  latent: 2 | 3;
  isConditional: boolean;
  /** Terms whose arrows are drawn. */
  arrows: readonly PushTerm[];
  /** The view that a question is about (default: none). */
  asked?: ViewName | undefined;
  /** Where a page has several of a kind: their name, and the color of its curves. */
  side?: { name: string; color: string };
}

interface DrawingProps extends ViewProps {
  name: ViewName;
  title: string;
  caption: string;
  /** Describes the canvas for screen readers. */
  label: string;
  /** Colors or shapes of swatches, and their meanings. */
  legend: Record<string, string>;
  onPointerDown?: (event: PointerEvent) => void;
  onPointerMove?: (event: PointerEvent) => void;
}

export type ViewName = 'generator' | 'encoder' | 'codes';

/** The views by their ids, also for saved pictures. */
export const VIEWS: Record<ViewName, Draw> = {
  generator: drawGenerator,
  encoder: drawEncoder,
  codes: drawCodes,
};

/** Of legends. The others are shapes of the style sheet. */
const LEGEND_COLORS: Record<string, string> = {
  gray: 'gray',
  'class-a': CLASS_COLORS[0],
  'class-b': CLASS_COLORS[1],
  black: 'black',
  white: 'white',
};

/** Draws a view and its arrows. */
export function drawView(
  name: ViewName,
  context: Context,
  track: TrackFrame,
  arrows: readonly PushTerm[],
  style: DrawingStyle,
): void {
  VIEWS[name](context, track, style);
  if (name !== 'encoder') drawArrows(context, name === 'generator' ? 'plane' : 'codes', track.pushes, arrows, style);
}

/** Reads the colors that the style sheet has for an element now. */
export const colorsOf = (element: Element): DrawingStyle['colorOf'] => {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(name).trim() || 'gray';
};

/** A square canvas that is drawn again whenever the view changes. */
function Drawing(props: DrawingProps) {
  const { side, name, title, caption, label, legend, track, latent, isConditional, arrows, asked } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDark = useDarkScheme();
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, SIDE, SIDE);
    const style = { latent, isConditional, colorOf: colorsOf(canvas.current!) };
    if (track) drawView(name, context, track, arrows, style);
  }, [track, latent, arrows, isDark]);
  const { onPointerDown, onPointerMove } = props;
  return (
    <figure class={name === asked ? 'card asked' : 'card'}>
      <figcaption>
        <strong class="row">
          {title} {side && <SideMark {...side} />}
        </strong>
        <span class="meaning">{caption}</span>
      </figcaption>
      <canvas
        id={`${side ? `${side.name.toLowerCase()}-` : ''}${name}-view`}
        ref={canvas}
        class={onPointerDown ? 'view drawn' : 'view'}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label={side ? `${side.name}: ${label}` : label}
        {...(onPointerDown && { onPointerDown, onPointerMove })}
      />
      <ul class="legend">
        {Object.entries(legend).map(([color, meaning]) => (
          <li key={color}>
            <span class={`swatch ${color}`} style={{ background: LEGEND_COLORS[color] }} /> {meaning}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** Names one of two trainings in the color of its curves. */
export const SideMark = ({ name, color }: { name: string; color: string }) => (
  <span>
    <span class="swatch" style={{ background: `var(${color})` }} /> {name}
  </span>
);

/** Data, and the generator's image of the prior. */
export function GeneratorView({
  onPoint,
  ...props
}: ViewProps & { onPoint?: ((x: number, y: number) => void) | undefined }) {
  const { latent, isConditional } = props;
  const prior = latent === 2 ? 'circle' : 'sphere';
  const addPoint = ({ offsetX, offsetY, currentTarget }: PointerEvent): void => {
    const { clientWidth, clientHeight } = currentTarget as HTMLCanvasElement;
    onPoint?.(FIELD.range * ((2 * offsetX) / clientWidth - 1), FIELD.range * (1 - (2 * offsetY) / clientHeight));
  };
  const data: Record<string, string> = isConditional
    ? { 'class-a': 'one class', 'class-b': 'the other' }
    : { gray: 'data x' };
  return (
    <Drawing
      {...props}
      name="generator"
      title="Generator"
      caption={latent === 2 ? 'It bends the circle into the plane.' : 'It bends the sphere into the plane.'}
      label={`Data (${isConditional ? 'orange and blue' : 'gray'}) and the generator's image of the ${prior} (colors)${onPoint ? '; press to add points' : ''}`}
      legend={{ ...data, codes: 'samples g(z)' }}
      {...(onPoint && {
        onPointerDown: addPoint,
        onPointerMove: (event: PointerEvent) => event.buttons === 1 && addPoint(event),
      })}
    />
  );
}

/** The encoder's map of the plane. */
export const EncoderView = (props: ViewProps) => (
  <Drawing
    {...props}
    name="encoder"
    title="Encoder"
    caption="It gives every point of the plane a code."
    label="The encoder's map of the plane: each point has the color of its code; data are black, their reconstructions white"
    legend={{ codes: 'codes', black: 'data', white: 'reconstructed' }}
  />
);

/** How codes are distributed: histograms over the circle, or maps of the sphere. */
export function CodesView(props: ViewProps) {
  const isCircle = props.latent === 2;
  return (
    <Drawing
      {...props}
      name="codes"
      title="Codes"
      caption={isCircle ? 'Bars outside: data. Inside: samples.' : 'Above: data. Below: samples.'}
      label={
        isCircle
          ? 'Histograms of codes over the circle: of data outside, of samples inside; even bars are uniform'
          : 'Codes on maps of the sphere of equal areas: of data above, of samples below'
      }
      legend={isCircle ? { codes: 'codes per arc', dashed: 'if uniform' } : { codes: 'codes; equal areas are equal' }}
    />
  );
}
