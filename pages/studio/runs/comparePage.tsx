/** Several runs side by side: one curve, previews, and the settings in which they differ. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { RunDetail, ListedRun } from '../../../src/studio/schemas.js';
import { Chart, type ChartPoint, type Curve } from '../../components/chart.js';
import { addressOf, MAX_RUNS, parseRuns, queryValue } from '../address.js';
import { previewAddress, readRun } from '../api.js';
import { Preview } from '../preview.js';
import type { ViewProps } from '../view.js';
import { cosineLatent, withCosines } from '../run/cosines.js';
import { ChartControls, useChartView } from '../run/curves.js';
import { ALL_GROUPS } from '../run/terms.js';
import { smoothed, useCurves, withSmoothed } from '../run/useCurves.js';

const COLORS = ['--curve-1', '--curve-2', '--curve-3', '--curve-4', '--curve-5', '--curve-6'] as const;

/** The curves that can be compared. */
const KEYS = ALL_GROUPS.flatMap(({ title, curves }) =>
  curves.map(({ key, label }) => ({ key, name: `${title.replace(/:.*/u, '')}, ${label}` })),
);

export function ComparePage({ query, onQuery, runs, onFailure }: ViewProps) {
  const [list] = queryValue(query, onQuery, 'runs');
  const named = useMemo(() => parseRuns(list).slice(0, MAX_RUNS), [list]);
  const missing = named.filter((id) => !runs.has(id));
  const ids = useMemo(() => named.filter((id) => !missing.includes(id)), [named, missing.join('\n')]);
  const [key, setKey] = queryValue(query, onQuery, 'curve', 'encoder.match_x');
  const view = useChartView(query, onQuery);
  const [points, setPoints] = useState<ReadonlyMap<string, readonly ChartPoint[]>>(new Map());
  const details = useDetails(ids);
  const curves = useMemo(() => ids.map((id, index): Curve => ({ key: id, label: id, color: COLORS[index]! })), [ids]);
  const merged = useMemo(() => mergePoints(ids, points, details, key), [ids, points, details, key]);
  const drawn = useMemo(() => withSmoothed(curves, view.smoothing), [curves, view.smoothing]);
  const values = useMemo(() => smoothed(merged, curves, view.smoothing), [merged, curves, view.smoothing]);
  if (ids.length === 0)
    return (
      <>
        <h1>Comparison</h1>
        <p>
          Select runs in the <a href="#/">list</a> to compare them.
        </p>
      </>
    );
  return (
    <>
      <h1>Comparison</h1>
      {missing.length > 0 && <p class="failed">Not in this folder: {missing.join(', ')}.</p>}
      {ids.map((id) => (
        <Follower
          key={id}
          id={id}
          view={view}
          onPoints={(next) => setPoints((before) => new Map(before).set(id, next))}
          onFailure={onFailure}
        />
      ))}
      <section aria-labelledby="compared-curves">
        <h2 id="compared-curves">Curves</h2>
        <label>
          Curve{' '}
          <select id="compared-curve" value={key} onChange={({ currentTarget }) => setKey(currentTarget.value)}>
            {KEYS.map((each) => (
              <option key={each.key} value={each.key}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
        <ChartControls view={view} last={merged.at(-1)?.step} />
        <Chart
          title={KEYS.find((each) => each.key === key)?.name ?? key}
          curves={drawn}
          points={values}
          isLog={view.isLog}
          zoom={view.zoom}
          onZoom={view.onZoom}
        />
      </section>
      <ComparedSheets runs={ids.map((id) => runs.get(id)!)} query={query} onQuery={onQuery} />
      <Differences details={details} />
    </>
  );
}

/** Follows the curves of one run. */
function Follower(props: {
  id: string;
  view: { zoom: readonly [number, number] | undefined };
  onPoints: (points: readonly ChartPoint[]) => void;
  onFailure: (error: unknown) => void;
}) {
  const points = useCurves(props.id, props.view.zoom, props.onFailure);
  useEffect(() => props.onPoints(points), [points]);
  return null;
}

/** The values of one curve of all runs, at all of their iterations. */
function mergePoints(
  ids: readonly string[],
  points: ReadonlyMap<string, readonly ChartPoint[]>,
  details: readonly RunDetail[],
  key: string,
): ChartPoint[] {
  const steps = new Map<number, Record<string, number>>();
  for (const id of ids) {
    const latent = cosineLatent(details.find(({ summary }) => summary.id === id));
    for (const { step, values } of withCosines(points.get(id) ?? [], latent)) {
      if (values[key] !== undefined) steps.set(step, { ...steps.get(step), [id]: values[key] });
    }
  }
  return Array.from(steps, ([step, values]) => ({ step, values })).sort((a, b) => a.step - b.step);
}

/** Reads runs, without those that cannot be read, such as a queued run. */
function useDetails(ids: readonly string[]): readonly RunDetail[] {
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

function ComparedSheets({
  runs,
  query,
  onQuery,
}: {
  runs: readonly ListedRun[];
  query: string;
  onQuery: (query: string) => void;
}) {
  const [chosen, setKind] = queryValue(query, onQuery, 'preview', 'samples');
  const kind = chosen === 'reconstructions' ? chosen : 'samples';
  return (
    <section aria-labelledby="compared-sheets">
      <h2 id="compared-sheets">Previews</h2>
      <div class="tabs" role="group" aria-label="Kind of preview">
        {(['samples', 'reconstructions'] as const).map((each) => (
          <button key={each} type="button" aria-pressed={each === kind} onClick={() => setKind(each)}>
            {each === 'samples' ? 'Samples' : 'Reconstructions'}
          </button>
        ))}
      </div>
      <div class="compared">
        {runs.map(({ id, preview }) => (
          <figure key={id}>
            <figcaption>
              <a href={addressOf('run', id)}>{id}</a>
              {preview !== null && `, iteration ${preview}`}
            </figcaption>
            <div class="sheet">
              <Preview
                address={preview === null ? undefined : previewAddress(id, kind, preview)}
                alt={`${kind} of ${id}`}
              />
            </div>
          </figure>
        ))}
      </div>
    </section>
  );
}

function Differences({ details }: { details: readonly RunDetail[] }) {
  const shown = (detail: RunDetail, name: string): string => {
    const value = detail.configuration?.[name];
    return value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
  };
  const names = [...new Set(details.flatMap(({ configuration }) => Object.keys(configuration ?? {})))];
  const differing = names.filter((name) => new Set(details.map((detail) => shown(detail, name))).size > 1);
  return (
    <section aria-labelledby="differences">
      <h2 id="differences">Differences in configuration</h2>
      {details.length > 0 && differing.length === 0 ? (
        <p class="meaning">All settings are equal.</p>
      ) : (
        <div class="scrolling" tabIndex={0} role="region" aria-label="Differences">
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {details.map(({ summary: { id } }) => (
                  <th key={id} scope="col">
                    {id}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differing.map((name) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {details.map((detail) => (
                    <td key={detail.summary.id}>
                      <code>{shown(detail, name)}</code>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
