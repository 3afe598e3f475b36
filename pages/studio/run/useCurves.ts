/** The curves of a run, as they grow. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Curves } from '../../../src/studio/schemas.js';
import type { ChartPoint, Curve, Zoom } from '../../components/chart.js';
import { readCurves } from '../api.js';
import { live } from '../live.js';

/** Points of an answer, and the number beyond which the page asks again. */
const [POINTS, MAX_POINTS] = [1000, 2000];

/**
 * Follows the curves of a run.
 * @param zoom iterations that are shown in more detail (default: all)
 */
export function useCurves(
  run: string,
  zoom: Zoom | undefined,
  onFailure: (error: unknown) => void,
): readonly ChartPoint[] {
  const [points, setPoints] = useState<readonly ChartPoint[]>([]);
  const current = useRef({ run, zoom, count: 0 });
  Object.assign(current.current, { run, zoom });
  const read = async (): Promise<void> => {
    const number = ++current.current.count;
    const curves = await readCurves(run, POINTS, current.current.zoom);
    if (number !== current.current.count) return;
    const points = pointsOf(curves);
    const last = points.at(-1)?.step ?? -1;
    // Entries that arrived in the meantime stay.
    setPoints((before) => [
      ...points,
      ...before.filter(({ step }) => step > last && isWithin(step, current.current.zoom)),
    ]);
  };
  useEffect(() => {
    setPoints([]);
    return live.follow(run, (message) => {
      if (message.type === 'following' || message.type === 'rewritten') read().catch(onFailure);
      else if (message.type === 'entries')
        setPoints((before) => appended(before, message.entries, current.current.zoom));
    });
  }, [run]);
  useEffect(() => {
    if (current.current.count > 0) read().catch(onFailure);
  }, [zoom]);
  useEffect(() => {
    if (points.length > MAX_POINTS) read().catch(onFailure);
  }, [points.length > MAX_POINTS]);
  return points;
}

const isWithin = (step: number, zoom: Zoom | undefined): boolean => zoom === undefined || step <= zoom[1];

/** Key of the means of a curve whose extremes are drawn. */
const meanKey = (key: string): string => `${key} mean`;

function pointsOf({ steps, values, means = {} }: Curves): ChartPoint[] {
  const columns = [
    ...Object.entries(values),
    ...Object.entries(means).map(([key, column]) => [meanKey(key), column] as const),
  ];
  return steps.map((step, row) => ({
    step,
    values: Object.fromEntries(columns.flatMap(([key, column]) => (column[row] === null ? [] : [[key, column[row]!]]))),
  }));
}

/** Appends entries, which may repeat earlier ones. */
function appended(
  before: readonly ChartPoint[],
  entries: readonly Record<string, number>[],
  zoom: Zoom | undefined,
): readonly ChartPoint[] {
  const last = before.at(-1)?.step ?? -1;
  const added = entries.flatMap(({ step, ...values }) =>
    step !== undefined && step > last && isWithin(step, zoom) ? [{ step, values }] : [],
  );
  return added.length === 0 ? before : [...before, ...added];
}

/** Key of the values of a curve that a chart shows in front. */
export const shownKey = (key: string, smoothing: number): string => (smoothing === 0 ? key : smoothKey(key));

/** Key of the smoothed values of a curve. */
const smoothKey = (key: string): string => `${key} smoothed`;

/**
 * Adds exponential moving averages of curves to points, without the bias of their beginning.
 * @param smoothing weight of the past, 0 to below 1
 */
export function smoothed(
  points: readonly ChartPoint[],
  curves: readonly Curve[],
  smoothing: number,
): readonly ChartPoint[] {
  if (smoothing === 0) return points;
  const means = new Map<string, { sum: number; weight: number }>();
  return points.map(({ step, values }) => {
    const added: Record<string, number> = {};
    for (const { key } of curves) {
      const value = values[meanKey(key)] ?? values[key];
      if (value === undefined) continue;
      const { sum, weight } = means.get(key) ?? { sum: 0, weight: 0 };
      const next = { sum: smoothing * sum + (1 - smoothing) * value, weight: smoothing * weight + (1 - smoothing) };
      means.set(key, next);
      added[smoothKey(key)] = next.sum / next.weight;
    }
    return { step, values: { ...values, ...added } };
  });
}

/** Returns each curve with its smoothed version. */
export const withSmoothed = (curves: readonly Curve[], smoothing: number): readonly Curve[] =>
  smoothing === 0
    ? curves
    : curves.flatMap((curve) => [
        { ...curve, isFaint: true },
        { ...curve, key: smoothKey(curve.key), note: 'smoothed' },
      ]);
