/** Small curves of the table of runs. */
import { useEffect, useState } from 'preact/hooks';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { readCurves } from '../api.js';
import { labelOf } from '../labels.js';
import { bandOf, type BandPoint, type SeedGroup, type Series } from './seeds.js';

const KEY = 'encoder.match_x';
const POINTS = 48;
/** The first points fall so far that the others would look flat. */
const BEGINNING = 2;
const [WIDTH, HEIGHT] = [96, 24];

/** Curves that were read, so that a row that returns to the window has them at once. */
const known = new Map<string, Promise<Series>>();

function readSeries({ id, step, totalSteps }: ListedRun): Promise<Series> {
  // A run in training is read again when its curve has grown by a point.
  const key = `${id}\n${Math.floor((step * POINTS) / (totalSteps ?? POINTS))}`;
  const found =
    known.get(key) ??
    readCurves(id, POINTS).then(({ steps, values, means }) => seriesOf(steps, (means ?? values)[KEY] ?? []));
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

const seriesOf = (steps: readonly number[], values: readonly (number | null)[]): Series =>
  steps.flatMap((step, index) =>
    index >= BEGINNING && typeof values[index] === 'number' ? [[step, values[index]] as const] : [],
  );

/** The curve of `match_x`: of several seeds, their mean and the area of one deviation around it. */
export function Sparkline({ runs }: Pick<SeedGroup, 'runs'>) {
  const [points, setPoints] = useState<readonly BandPoint[]>([]);
  const steps = runs.map(({ id, step }) => `${id} ${step}`).join('\n');
  useEffect(() => {
    let isLatest = true;
    const started = runs.filter(({ model }) => model !== '');
    void Promise.all(started.map((run) => readSeries(run).catch((): Series => []))).then((series) => {
      if (isLatest) setPoints(bandOf(series.filter(({ length }) => length > 1)));
    });
    return () => {
      isLatest = false;
    };
  }, [steps]);
  if (points.length < 2) return <svg class="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true" />;
  const { lineOf, areaOf } = scaled(points);
  const [first, last] = [points[0]!, points.at(-1)!];
  return (
    <svg
      class="sparkline"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`${labelOf('match_x')} from ${first.mean.toPrecision(2)} to ${last.mean.toPrecision(2)}`}
    >
      {runs.length > 1 && <path class="area" d={areaOf()} />}
      <path d={lineOf()} />
    </svg>
  );
}

/** Below it, the logarithm of a mean minus a deviation has no meaning. */
const LEAST = 1e-4;
const heightOf = (value: number): number => Math.log(Math.max(value, LEAST));

/** Paths within the drawing, whose lowest value is at its foot; logarithmic, so that more than the first fall is seen. */
function scaled(points: readonly BandPoint[]) {
  const from = points[0]!.place;
  const length = points.at(-1)!.place - from || 1;
  const low = Math.min(...points.map(({ mean, deviation }) => heightOf(mean - deviation)));
  const range = Math.max(...points.map(({ mean, deviation }) => heightOf(mean + deviation))) - low || 1;
  const at = (place: number, value: number): string => {
    const x = 1 + ((WIDTH - 2) * (place - from)) / length;
    const y = HEIGHT - 2 - ((HEIGHT - 4) * (heightOf(value) - low)) / range;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  const upper = points.map(({ place, mean, deviation }) => at(place, mean + deviation));
  const lower = points.map(({ place, mean, deviation }) => at(place, mean - deviation)).reverse();
  return {
    lineOf: () => `M${points.map(({ place, mean }) => at(place, mean)).join('L')}`,
    areaOf: () => `M${[...upper, ...lower].join('L')}Z`,
  };
}
