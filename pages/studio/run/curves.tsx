/** The curves of a run, whose zoom stays put as new points arrive. */
import { useMemo, useState } from 'preact/hooks';
import type { RunDetail } from '../../../src/studio/schemas.js';
import type { ChartPoint } from '../../components/chart.js';
import { ChartCard } from '../../components/chartCard.js';
import { formatNumber } from '../format.js';
import { ChartControls, type ChartView, useChartView } from './chartView.js';
import { cosineLatent, withCosines } from './cosines.js';
import { type CurveGroup, MAIN_GROUPS, OTHER_GROUPS } from './terms.js';
import { smoothed, useCurves, withSmoothed } from './useCurves.js';
import { clipped, placed, unitOf } from './xAxis.js';

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
  const { axis, zoom, smoothing } = view;
  const followed = useCurves(run, axis === 'iteration' ? zoom : undefined, onFailure);
  // Together, so that no chart appears later than others.
  const points = useMemo(
    () => (detail ? placed(withCosines(followed, cosineLatent(detail)), axis) : []),
    [followed, detail, axis],
  );
  const [hasOthers, setHasOthers] = useState(false);
  const last = points.at(-1)?.step;
  return (
    <section aria-labelledby="curves-heading">
      <h2 id="curves-heading">Curves</h2>
      <ChartControls view={view} />
      <Groups run={run} groups={MAIN_GROUPS} points={points} view={view} />
      <p class="meaning">
        {last === undefined
          ? 'No iteration is logged yet.'
          : `Values below charts: ${zoom ? 'the last ones shown' : `${unitOf(axis)} ${formatNumber(last)}, the last one logged`}${smoothing > 0 ? ', smoothed, with the exact ones in parentheses' : ''}; under the cursor in all charts at once.`}
      </p>
      <details onToggle={({ currentTarget }) => setHasOthers(currentTarget.open)}>
        <summary>Losses, other terms, speed and memory</summary>
        {hasOthers && <Groups run={run} groups={OTHER_GROUPS} points={points} view={view} />}
      </details>
    </section>
  );
}

interface GroupsProps {
  run: string;
  groups: readonly CurveGroup[];
  points: readonly ChartPoint[];
  view: ChartView;
}

const Groups = ({ groups, ...shared }: GroupsProps) => (
  <div class="charts">
    {groups.map((group) => (
      <GroupChart key={group.title} group={group} {...shared} />
    ))}
  </div>
);

function GroupChart({ run, group, points, view }: Omit<GroupsProps, 'groups'> & { group: CurveGroup }) {
  const { title, meaning, curves } = group;
  const { smoothing, isLog, axis, zoom, onZoom } = view;
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
    <ChartCard
      title={title}
      meaning={meaning}
      source={run}
      curves={drawn}
      points={values}
      isLog={isLog}
      unit={unitOf(axis)}
      zoom={shownZoom}
      onZoom={onZoom}
    />
  );
}
