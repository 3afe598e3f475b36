/** One curve of several runs, as points of one chart. */
import type { ChartPoint, Curve } from '../../components/chart.js';
import { ALL_GROUPS } from '../run/terms.js';
import { shownKey, smoothed, withSmoothed } from '../run/useCurves.js';
import { bandOf, type SeedGroup, type Series } from '../runs/seeds.js';

export const COLORS = ['--curve-1', '--curve-2', '--curve-3', '--curve-4', '--curve-5', '--curve-6'] as const;
export const MAX_COMPARED = COLORS.length;

export interface ComparedCurve {
  key: string;
  title: string;
  /** In the log. */
  names: string;
  meaning: string;
}

const curvesOf = (groups: typeof ALL_GROUPS): readonly ComparedCurve[] =>
  groups.flatMap(({ title, names, meaning, curves }) =>
    curves.map(({ key, label }) => ({
      key,
      title: curves.length === 1 ? title : `${title}, ${label}`,
      names: names.includes(',') ? key.replace(/^.*\./u, '') : names,
      meaning,
    })),
  );

/** One curve for each question: the other network's nearly equals it. */
const MAIN_KEYS: readonly string[] = [
  'encoder.match_x',
  'encoder.KL_real_gap',
  'generator.KL_fake_gap',
  'generator.match_z_cosine',
  'encoder.code_variance_real',
  'encoder.code_variance_fake',
];
const isMain = ({ key }: ComparedCurve): boolean => MAIN_KEYS.includes(key);
const ALL_CURVES = curvesOf(ALL_GROUPS);
export const MAIN_CURVES = ALL_CURVES.filter(isMain);
export const OTHER_CURVES = ALL_CURVES.filter((curve) => !isMain(curve));

const [low, high] = [(key: string): string => `${key} low`, (key: string): string => `${key} high`];

/** Points of runs, placed on the axis, by ID. */
export type RunPoints = ReadonlyMap<string, readonly ChartPoint[]>;

/** A run is a curve, with its exact values if it is smoothed. Seeds are a mean and the area of one deviation around it. */
export function comparedCurve(
  key: string,
  groups: readonly SeedGroup[],
  points: RunPoints,
  smoothing: number,
): { curves: readonly Curve[]; points: readonly ChartPoint[] } {
  const places = new Map<number, Record<string, number>>();
  const put = (place: number, values: Record<string, number>): void =>
    void places.set(place, { ...places.get(place), ...values });
  const curves = groups.flatMap(({ id: group, name, runs }, index): readonly Curve[] => {
    const color = COLORS[index]!;
    const shown = runs.map(({ id }) => smoothed(points.get(id) ?? [], [{ key, label: '', color }], smoothing));
    if (runs.length === 1) {
      for (const { step, values } of shown[0]!) {
        if (values[key] === undefined) continue;
        put(step, { [group]: values[key], [shownKey(group, smoothing)]: values[shownKey(key, smoothing)]! });
      }
      return withSmoothed([{ key: group, label: name, color }], smoothing);
    }
    const series = shown.map((each) => each.flatMap((point) => valueIn(point, shownKey(key, smoothing))));
    for (const { place, mean, deviation } of bandOf(series))
      put(place, { [group]: mean, [low(group)]: mean - deviation, [high(group)]: mean + deviation });
    return [{ key: group, label: name, color, band: [low(group), high(group)] }];
  });
  return {
    curves,
    points: Array.from(places, ([step, values]) => ({ step, values })).sort((a, b) => a.step - b.step),
  };
}

const valueIn = ({ step, values }: ChartPoint, key: string): Series =>
  values[key] === undefined ? [] : [[step, values[key]]];
