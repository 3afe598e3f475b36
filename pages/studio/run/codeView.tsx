/** Codes of test images as points of the plane, over the iterations of a run. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Prior } from '../../../src/age/prior.js';
import { decodeNpy } from '../../../src/data/formats/npy.js';
import { messageOf } from '../../../src/errors.js';
import { classColors } from '../../../src/images/legend.js';
import { principalComponents } from '../../../src/numerics/principalComponents.js';
import { readCodes, readDataInfo } from '../api.js';
import { labelOf } from '../labels.js';
import { alignedAxes } from './axes.js';

interface Codes {
  /** [N, M]. */
  data: Float32Array;
  latent: number;
}

const SIDE = 560;
/** Colors of the circle and of points without labels, on a ground that is dark in both schemes. */
const [CIRCLE, POINT] = ['#a3aab6', '#8db0ff'];
/** Radius of a point. */
const DOT = 3;
/** Half the side of the view beyond the circle of the prior. */
const MARGIN = 1.6;

interface CodeViewProps {
  run: string;
  /** Whether the studio offers the data, and with them the labels. */
  hasData: boolean;
  prior: Prior;
  step: number | undefined;
  /** The iteration whose codes determine the directions, so that the view stays while points move. */
  newest: number | undefined;
}

export function CodeView({ run, hasData, prior, step, newest }: CodeViewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [problem, setProblem] = useState('');
  const codes = useCodes(run, step, setProblem);
  const reference = useCodes(run, newest, setProblem);
  const labels = useLabels(hasData ? run : undefined);
  const axes = useAxes(reference);
  useEffect(() => {
    if (codes === undefined || axes?.length !== 2 * codes.latent) return;
    setProblem('');
    draw(canvas.current!, project(codes, axes), radiusOf(prior, codes.latent), labels);
  }, [codes, axes, labels]);
  const variance = codes && varianceOf(prior, codes);
  const text =
    variance === undefined
      ? ''
      : `${labelOf('code_variance')}: ${variance.toFixed(2)}, relative to the prior. Dashed: 95% of the codes of the prior, along any two directions.`;
  return (
    <div>
      <canvas
        ref={canvas}
        class="code-view frame"
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label={`Codes of test images at iteration ${step}. ${text}`}
      />
      {labels && (
        <ul class="legend" aria-label="Classes">
          {labels.colors.map((color, index) => (
            <li key={color}>
              <span class="swatch" style={{ background: color }} /> {labels.names[index]}
            </li>
          ))}
        </ul>
      )}
      <p class="meaning">{problem || text}</p>
    </div>
  );
}

/** The two directions in which codes vary most [2, M], turned as little as possible when newer codes arrive. */
function useAxes(codes: Codes | undefined): Float64Array | undefined {
  const [axes, setAxes] = useState<Float64Array>();
  useEffect(() => {
    if (!codes) return;
    const found = principalComponents({ data: codes.data, width: codes.latent }).axes;
    setAxes((before) => (before?.length === found.length ? alignedAxes(found, before) : found));
  }, [codes]);
  return axes;
}

function useCodes(run: string, step: number | undefined, onProblem: (problem: string) => void): Codes | undefined {
  const [codes, setCodes] = useState<Codes>();
  useEffect(() => {
    if (step === undefined) return;
    let isLatest = true;
    const load = async (): Promise<void> => {
      const { shape, data } = decodeNpy(await readCodes(run, step), 'the codes');
      if (!(data instanceof Float32Array) || shape.length !== 2) throw new Error('expected float32 [N, M]');
      if (isLatest) setCodes({ data, latent: shape[1]! });
    };
    load().catch(
      (error: unknown) => isLatest && onProblem(`The codes of iteration ${step} cannot be shown: ${messageOf(error)}`),
    );
    return () => {
      isLatest = false;
    };
  }, [run, step]);
  return codes;
}

interface Labels {
  labels: readonly number[];
  /** For each class. */
  colors: readonly string[];
  names: readonly string[];
}

/** Labels of the test images. Without them, points have one color. */
function useLabels(run: string | undefined): Labels | undefined {
  const [labels, setLabels] = useState<Labels>();
  useEffect(() => {
    if (run === undefined) return;
    readDataInfo(run).then(
      ({ labels: found, classNames }) => {
        if (!found) return;
        const colors = classColors(1 + Math.max(...found)).map((color) => `rgb(${color.join(' ')})`);
        setLabels({ labels: found, colors, names: colors.map((_, index) => classNames?.[index] ?? String(index)) });
      },
      () => undefined,
    );
  }, [run]);
  return labels;
}

/** Coordinates [N, 2] of codes along two axes [2, M] through the center of the sphere. */
function project({ data, latent }: Codes, axes: Float64Array): Float64Array {
  const points = new Float64Array((2 * data.length) / latent);
  data.forEach((value, index) => {
    const [row, column] = [Math.floor(index / latent), index % latent];
    points[2 * row]! += value * axes[column]!;
    points[2 * row + 1]! += value * axes[latent + column]!;
  });
  return points;
}

/**
 * The radius that contains 95% of the projected codes of the prior; on the sphere, P(r > R) = (1 - R^2)^((M - 2) / 2).
 */
function radiusOf(prior: Prior, latent: number): number {
  if (prior === 'normal') return Math.sqrt(-2 * Math.log(0.05));
  return latent > 2 ? Math.sqrt(1 - 0.05 ** (2 / (latent - 2))) : 1;
}

/** The variance of codes relative to that of the prior. */
function varianceOf(prior: Prior, { data, latent }: Codes): number {
  const count = data.length / latent;
  const mean = new Float64Array(latent);
  let squares = 0;
  data.forEach((value, index) => {
    mean[index % latent]! += value / count;
    squares += (value * value) / count;
  });
  const variance = squares - mean.reduce((sum, value) => sum + value * value, 0);
  return variance / (prior === 'normal' ? latent : 1);
}

function draw(canvas: HTMLCanvasElement, points: Float64Array, radius: number, labels: Labels | undefined): void {
  const context = canvas.getContext('2d')!;
  const farthest = points.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = SIDE / 2 / Math.max(MARGIN * radius, 1.05 * farthest);
  context.clearRect(0, 0, SIDE, SIDE);
  context.strokeStyle = CIRCLE;
  context.lineWidth = 1.5;
  context.setLineDash([6, 6]);
  context.beginPath();
  context.arc(SIDE / 2, SIDE / 2, radius * scale, 0, 2 * Math.PI);
  context.stroke();
  for (let index = 0; index < points.length / 2; index++) {
    context.fillStyle = labels?.colors[labels.labels[index]!] ?? POINT;
    context.beginPath();
    context.arc(SIDE / 2 + points[2 * index]! * scale, SIDE / 2 - points[2 * index + 1]! * scale, DOT, 0, 2 * Math.PI);
    context.fill();
  }
}
