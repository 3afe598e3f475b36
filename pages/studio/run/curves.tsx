/** The curves of a run, with smoothing, a logarithmic scale, and a zoom that stays put as new points arrive. */
import { useMemo, useState } from 'preact/hooks';
import type { RunDetail } from '../../../src/studio/schemas.js';
import { Chart, type ChartPoint, type Zoom } from '../../components/chart.js';
import { queryValue } from '../address.js';
import { formatNumber } from '../format.js';
import { cosineLatent, withCosines } from './cosines.js';
import { type CurveGroup, MAIN_GROUPS, OTHER_GROUPS } from './terms.js';
import { smoothed, useCurves, withSmoothed } from './useCurves.js';

interface CurvesProps {
  run: string;
  /** Undefined until it is read. */
  detail: RunDetail | undefined;
  query: string;
  onQuery: (query: string) => void;
  onFailure: (error: unknown) => void;
}

export function Curves({ run, detail, query, onQuery, onFailure }: CurvesProps) {
  const view = useChartView(query, onQuery);
  const followed = useCurves(run, view.zoom, onFailure);
  // Together, so that no chart appears later than others.
  const points = useMemo(() => (detail ? withCosines(followed, cosineLatent(detail)) : []), [followed, detail]);
  const [hasOthers, setHasOthers] = useState(false);
  return (
    <section aria-labelledby="curves-heading">
      <h2 id="curves-heading">Curves</h2>
      <ChartControls view={view} last={points.at(-1)?.step} />
      <Groups groups={MAIN_GROUPS} points={points} view={view} />
      <details onToggle={({ currentTarget }) => setHasOthers(currentTarget.open)}>
        <summary>Losses, other terms, speed and memory</summary>
        {hasOthers && <Groups groups={OTHER_GROUPS} points={points} view={view} />}
      </details>
    </section>
  );
}

/** The look of charts, from the query of the address. */
export interface ChartView {
  smoothing: number;
  isLog: boolean;
  zoom: Zoom | undefined;
  onSmoothing: (smoothing: number) => void;
  onLog: (isLog: boolean) => void;
  onZoom: (zoom: Zoom | undefined) => void;
}

export function useChartView(query: string, onQuery: (query: string) => void): ChartView {
  const [smoothing, setSmoothing] = queryValue(query, onQuery, 'smoothing', '0.6');
  const [scale, setScale] = queryValue(query, onQuery, 'scale', 'linear');
  const [range, setRange] = queryValue(query, onQuery, 'zoom');
  const zoom = useMemo(() => parseZoom(range), [range]);
  return {
    smoothing: Math.min(0.99, Math.max(0, Number(smoothing) || 0)),
    isLog: scale === 'log',
    zoom,
    onSmoothing: (value) => setSmoothing(String(value)),
    onLog: (isLog) => setScale(isLog ? 'log' : 'linear'),
    onZoom: (value) => setRange(value ? value.map(Math.round).join('-') : ''),
  };
}

function parseZoom(range: string): Zoom | undefined {
  const [, from, to] = /^(\d+)-(\d+)$/u.exec(range) ?? [];
  return from !== undefined && Number(to) > Number(from) ? [Number(from), Number(to)] : undefined;
}

interface ChartControlsProps {
  view: ChartView;
  /** The last iteration with values. */
  last: number | undefined;
}

export function ChartControls({ view, last }: ChartControlsProps) {
  const { smoothing, isLog, zoom, onSmoothing, onLog, onZoom } = view;
  const limit = (index: 0 | 1, text: string): void => {
    const value = Number(text);
    if (text === '' || !(value >= 0)) return;
    const [from, to] = zoom ?? [0, Number.MAX_SAFE_INTEGER];
    onZoom(index === 0 ? [value, Math.max(to, value + 1)] : [Math.min(from, value - 1), value]);
  };
  return (
    <div class="chart-controls" role="group" aria-label="Charts">
      <label>
        Smoothing{' '}
        <input
          id="smoothing"
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={smoothing}
          onInput={({ currentTarget }) => onSmoothing(currentTarget.valueAsNumber)}
        />
        <output>{smoothing.toFixed(2)}</output>
      </label>
      <label>
        <input
          id="log-scale"
          type="checkbox"
          checked={isLog}
          onChange={({ currentTarget }) => onLog(currentTarget.checked)}
        />{' '}
        Log scale
      </label>
      <span class="range">
        <label>
          From{' '}
          <input
            type="number"
            min="0"
            class="iteration"
            value={zoom?.[0] ?? ''}
            placeholder="first"
            onChange={({ currentTarget }) => limit(0, currentTarget.value)}
          />
        </label>{' '}
        <label>
          to iteration{' '}
          <input
            type="number"
            min="1"
            class="iteration"
            value={zoom && zoom[1] < Number.MAX_SAFE_INTEGER ? zoom[1] : ''}
            placeholder="last"
            onChange={({ currentTarget }) => limit(1, currentTarget.value)}
          />
        </label>
      </span>
      <button type="button" disabled={!zoom} onClick={() => onZoom(undefined)}>
        Show all
      </button>
      <span class="hint">
        Drag in a chart to zoom in. Values below charts:{' '}
        {last === undefined
          ? 'no iteration is logged yet'
          : `iteration ${formatNumber(last)}, the last one ${zoom ? 'shown' : 'logged'}`}
        {smoothing > 0 && ', smoothed'}.
      </span>
    </div>
  );
}

function Groups({
  groups,
  points,
  view,
}: {
  groups: readonly CurveGroup[];
  points: readonly ChartPoint[];
  view: ChartView;
}) {
  return (
    <div class="charts">
      {groups.map((group) => (
        <GroupChart key={group.title} group={group} points={points} view={view} />
      ))}
    </div>
  );
}

function GroupChart({
  group: { title, meaning, curves },
  points,
  view,
}: {
  group: CurveGroup;
  points: readonly ChartPoint[];
  view: ChartView;
}) {
  const { smoothing, isLog, zoom, onZoom } = view;
  const last = points.at(-1);
  // A run has only the terms of its plan.
  const present = useMemo(
    () => curves.filter(({ key }) => last === undefined || key in last.values),
    [curves, last !== undefined],
  );
  const drawn = useMemo(() => withSmoothed(present, smoothing), [present, smoothing]);
  const values = useMemo(() => smoothed(points, present, smoothing), [points, present, smoothing]);
  const shownZoom = useMemo(
    () => zoom && clipped(zoom, last?.step),
    [zoom, zoom?.[1] === Number.MAX_SAFE_INTEGER ? last?.step : 0],
  );
  if (present.length === 0) return null;
  return (
    <div class="chart-card">
      <Chart title={title} curves={drawn} points={values} isLog={isLog} zoom={shownZoom} onZoom={onZoom} />
      <p class="meaning">{meaning}</p>
    </div>
  );
}

/** A zoom without an end follows the last iteration. */
const clipped = ([from, to]: Zoom, last = to): Zoom => [from, to === Number.MAX_SAFE_INTEGER ? last : to];
