/** Several runs side by side: all curves, previews of the same iteration, and the settings in which they differ. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ListedRun, RunDetail } from '../../../src/studio/schemas.js';
import type { ChartPoint, Zoom } from '../../components/chart.js';
import { ChartCard } from '../../components/chartCard.js';
import { addressOf, formatRuns, MAX_RUNS, parseRuns, queryValue } from '../address.js';
import { readRun } from '../api.js';
import type { ViewProps } from '../view.js';
import { ChartControls, type ChartView, useChartView } from '../run/chartView.js';
import { cosineLatent, withCosines } from '../run/cosines.js';
import { useCurves } from '../run/useCurves.js';
import { clipped, placed, unitOf, type XAxis } from '../run/xAxis.js';
import { GroupSeeds } from '../runs/groupSeeds.js';
import { alone, groupSeeds, type SeedGroup } from '../runs/seeds.js';
import {
  COLORS,
  comparedCurve,
  type ComparedCurve,
  MAIN_CURVES,
  MAX_COMPARED,
  OTHER_CURVES,
  type RunPoints,
} from './comparedCurves.js';
import { ComparedSheets } from './comparedSheets.js';
import { Differences } from './differences.js';

export function ComparePage({ query, onQuery, runs, onFailure }: ViewProps) {
  const [list, setList] = queryValue(query, onQuery, 'runs');
  const [grouping, setGrouping] = queryValue(query, onQuery, 'group');
  const named = useMemo(() => parseRuns(list).slice(0, MAX_RUNS), [list]);
  const missing = named.filter((id) => !runs.has(id));
  const ids = useMemo(() => named.filter((id) => !missing.includes(id)), [named, missing.join('\n')]);
  const shown = ids.map((id) => runs.get(id)!);
  const all = (grouping === 'seed' ? groupSeeds : alone)(shown);
  const view = useChartView(query, onQuery);
  const details = useDetails(ids);
  const [points, setPoints] = useState<RunPoints>(new Map());
  const onAxis = useMemo(() => pointsOnAxis(points, details, view.axis), [points, details, view.axis]);
  const ends =
    view.axis === 'iteration'
      ? shown.map(({ step }) => step)
      : Array.from(onAxis.values(), (of) => of.at(-1)?.step ?? 0);
  const last = ends.length === 0 ? undefined : Math.max(...ends);
  const zoom = view.axis === 'iteration' && clipped(view.zoom, last) ? view.zoom : undefined;
  if (ids.length === 0) return <NothingChosen />;
  return (
    <>
      <header class="run-header row">
        <h1>Comparison</h1>
        <ComparedRuns
          groups={all}
          onRemove={(removed) => setList(formatRuns(named.filter((id) => !removed.includes(id))))}
        />
      </header>
      {new Set(shown.map(({ data }) => data)).size > 1 && (
        <p class="meaning">These runs have different data, so their errors and FIDs cannot be compared.</p>
      )}
      {missing.length > 0 && <p class="failed">Not in this folder: {missing.join(', ')}.</p>}
      {ids.map((id) => (
        <Follower
          key={id}
          id={id}
          zoom={zoom}
          onPoints={(next) => setPoints((before) => new Map(before).set(id, next))}
          onFailure={onFailure}
        />
      ))}
      <section aria-labelledby="compared-curves">
        <div class="section-header row between">
          <h2 id="compared-curves">Curves</h2>
          <ChartControls view={view} last={last}>
            <GroupSeeds
              title="Runs that differ only in their seeds become one curve: their mean, in an area of one standard deviation"
              isGrouped={grouping === 'seed'}
              onChange={setGrouping}
            />
          </ChartControls>
        </div>
        {all.length > MAX_COMPARED && (
          <p class="failed">
            Charts show the first {MAX_COMPARED} of {all.length}; more cannot be distinguished.
          </p>
        )}
        <Charts groups={all.slice(0, MAX_COMPARED)} points={onAxis} last={last} view={view} />
      </section>
      <ComparedSheets runs={shown} details={details} query={query} onQuery={onQuery} />
      <Differences details={details} />
    </>
  );
}

const NothingChosen = () => (
  <div class="empty">
    <h1>Comparison</h1>
    <p>
      Select two or more runs in the <a href="#/">list</a> to compare them.
    </p>
  </div>
);

interface ComparedRunsProps {
  groups: readonly SeedGroup[];
  onRemove: (ids: readonly string[]) => void;
}

/** The runs with their colors in charts. */
const ComparedRuns = ({ groups, onRemove }: ComparedRunsProps) => (
  <ul class="list row" aria-label="Compared runs">
    {groups.map(({ id, name, runs }, index) => (
      <li key={id} class="chip">
        {index < COLORS.length && <span class="swatch" style={{ background: `var(${COLORS[index]})` }} />}{' '}
        {runs.length === 1 ? <a href={addressOf('run', id)}>{name}</a> : name}{' '}
        <button
          type="button"
          class="link"
          aria-label={`Remove ${name}`}
          onClick={() => onRemove(runs.map((run) => run.id))}
        >
          ✕
        </button>
      </li>
    ))}
  </ul>
);

interface FollowerProps {
  id: string;
  /** Iterations to read in more detail. */
  zoom: Zoom | undefined;
  onPoints: (points: readonly ChartPoint[]) => void;
  onFailure: (error: unknown) => void;
}

/** Follows the curves of one run. */
function Follower({ id, zoom, onPoints, onFailure }: FollowerProps) {
  const points = useCurves(id, zoom, onFailure);
  useEffect(() => onPoints(points), [points]);
  return null;
}

interface ChartsProps {
  groups: readonly SeedGroup[];
  points: RunPoints;
  /** The last place with data. */
  last: number | undefined;
  view: ChartView;
}

/** With the details, which some curves need, so that no chart appears later than others. */
const pointsOnAxis = (points: RunPoints, details: readonly RunDetail[], axis: XAxis): RunPoints =>
  new Map(
    details.map((detail) => {
      const { id } = detail.summary;
      return [id, placed(withCosines(points.get(id) ?? [], cosineLatent(detail)), axis)];
    }),
  );

function Charts({ groups, points, last, view }: ChartsProps) {
  const [hasOthers, setHasOthers] = useState(false);
  const isEmpty = Array.from(points.values()).every(({ length }) => length === 0);
  const chartsOf = (curves: readonly ComparedCurve[]) => (
    <div class="charts">
      {curves.map((curve) => (
        <ComparedChart
          key={curve.key}
          curve={curve}
          groups={groups}
          points={points}
          last={last}
          isShown={isEmpty}
          view={view}
        />
      ))}
    </div>
  );
  return (
    <>
      {chartsOf(MAIN_CURVES)}
      <p class="meaning">Values are the last ones{view.smoothing > 0 && ', smoothed'}. Drag in a chart to zoom in.</p>
      <details onToggle={({ currentTarget }) => setHasOthers(currentTarget.open)}>
        <summary>Losses, other terms, speed and memory</summary>
        {hasOthers && chartsOf(OTHER_CURVES)}
      </details>
    </>
  );
}

interface ComparedChartProps extends ChartsProps {
  curve: ComparedCurve;
  /** Also without points. */
  isShown: boolean;
}

function ComparedChart({
  curve: { key, title, names: code, meaning },
  groups,
  points,
  last,
  isShown,
  view,
}: ComparedChartProps) {
  const { smoothing, isLog, axis, zoom, onZoom } = view;
  const names = groups.map(({ id, name }) => `${id} ${name}`).join('\n');
  const compared = useMemo(() => comparedCurve(key, groups, points, smoothing), [key, names, points, smoothing]);
  // A chart is made again for other curves, but not for more points.
  const curves = useMemo(() => compared.curves, [names, smoothing > 0]);
  const shownZoom = useMemo(() => clipped(zoom, last), [zoom, last]);
  if (compared.points.length === 0 && !isShown) return null;
  return (
    <ChartCard
      title={title}
      names={code}
      meaning={meaning}
      source="comparison"
      curves={curves}
      points={compared.points}
      isLog={isLog}
      unit={unitOf(axis)}
      zoom={shownZoom}
      onZoom={onZoom}
    />
  );
}

/** Reads runs, without those that cannot be read, such as a queued run. */
function useDetails(ids: readonly ListedRun['id'][]): readonly RunDetail[] {
  const [details, setDetails] = useState<readonly RunDetail[]>([]);
  useEffect(() => {
    let isLatest = true;
    void Promise.allSettled(ids.map(readRun)).then((read) => {
      if (isLatest) setDetails(read.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
    });
    return () => {
      isLatest = false;
    };
  }, [ids]);
  return details;
}
