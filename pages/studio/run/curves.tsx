/** The curves of a run, whose zoom stays put as new points arrive. */
import { useMemo, useState } from 'preact/hooks';
import type { RunDetail } from '../../../src/studio/schemas.js';
import type { ChartPoint } from '../../components/chart.js';
import { ChartCard } from '../../components/chartCard.js';
import { formatNumber } from '../format.js';
import { ChartControls, type ChartView, useChartView } from './chartView.js';
import { cosineLatent, withCosines } from './cosines.js';
import { type CurveGroup, distinctCurves, MAIN_GROUPS, OTHER_GROUPS } from './terms.js';
import { smoothed, useCurves, withSmoothed } from './useCurves.js';
import { clipped, placed, unitOf } from './xAxis.js';

interface CurvesProps {
  run: string;
  /** Iterations done. */
  step: number;
  /** Undefined until it is read. */
  detail: RunDetail | undefined;
  query: string;
  onQuery: (query: string) => void;
  onFailure: (error: unknown) => void;
}

export function Curves({ run, step, detail, query, onQuery, onFailure }: CurvesProps) {
  const view = useChartView(query, onQuery);
  const { axis, zoom, smoothing } = view;
  const followed = useCurves(run, axis === 'iteration' && clipped(zoom, step) ? zoom : undefined, onFailure);
  // Together, so that no chart appears later than others.
  const points = useMemo(
    () => (detail ? placed(withCosines(followed, cosineLatent(detail)), axis) : []),
    [followed, detail, axis],
  );
  const [hasOthers, setHasOthers] = useState(false);
  const last = points.at(-1)?.step;
  // A part of the iterations is read without the last one.
  const end = axis === 'iteration' ? step : last;
  const emptyText = step > 0 ? 'Loading…' : 'No iteration yet';
  const shown = { run, points, last: end, view, emptyText };
  return (
    <section aria-labelledby="curves-heading">
      <div class="section-header row between">
        <h2 id="curves-heading">Curves</h2>
        <ChartControls view={view} last={end} />
      </div>
      <Groups groups={MAIN_GROUPS} {...shown} />
      <p class="meaning">
        {last !== undefined &&
          `Values are from ${zoom ? 'the end of the range' : `${unitOf(axis)} ${formatNumber(last)}, the last one logged`}${smoothing > 0 ? ', smoothed' : ''}. `}
        Drag in a chart to zoom in.
      </p>
      <details onToggle={({ currentTarget }) => setHasOthers(currentTarget.open)}>
        <summary>Losses, other terms, speed and memory</summary>
        {hasOthers && <Groups groups={OTHER_GROUPS} {...shown} />}
      </details>
    </section>
  );
}

interface GroupsProps {
  run: string;
  groups: readonly CurveGroup[];
  points: readonly ChartPoint[];
  /** The last place with data. */
  last: number | undefined;
  view: ChartView;
  emptyText: string;
}

const Groups = ({ groups, ...shared }: GroupsProps) => (
  <div class="charts">
    {groups.map((group) => (
      <GroupChart key={group.title} group={group} {...shared} />
    ))}
  </div>
);

type GroupChartProps = Omit<GroupsProps, 'groups'> & { group: CurveGroup };

function GroupChart({ run, group, points, last: end, view, emptyText }: GroupChartProps) {
  const { title, names, meaning, curves } = group;
  const { smoothing, isLog, axis, zoom, onZoom } = view;
  const distinct = distinctCurves(curves, points);
  // They change rarely, unlike the points.
  const present = useMemo(() => distinct, [distinct.map(({ key, label }) => `${key} ${label}`).join()]);
  const drawn = useMemo(() => withSmoothed(present, smoothing), [present, smoothing]);
  const values = useMemo(() => smoothed(points, present, smoothing), [points, present, smoothing]);
  const shownZoom = useMemo(() => clipped(zoom, end), [zoom, end]);
  if (present.length === 0) return null;
  return (
    <ChartCard
      title={title}
      names={names}
      meaning={meaning}
      source={run}
      curves={drawn}
      points={values}
      isLog={isLog}
      unit={unitOf(axis)}
      zoom={shownZoom}
      onZoom={onZoom}
      emptyText={emptyText}
    />
  );
}
