/** Curves over iterations, drawn by uPlot. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** A curve: its name in the legend and the key of its values. */
export interface Curve {
  readonly key: string;
  readonly label: string;
  /** A custom property of the style sheet, such as `--curve-1`. */
  readonly color: string;
  /** Drawn thin and pale, as the values behind a smooth curve, and without a name in the legend. */
  readonly isFaint?: boolean;
}

/** Values by key at an iteration. */
export interface ChartPoint {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

interface ChartProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly points: readonly ChartPoint[];
  readonly isLog?: boolean;
  /** The iterations that are shown, also when points are added (default: all). */
  readonly zoom?: Zoom | undefined;
  /** Receives what the reader selects by dragging; undefined after a double click. */
  readonly onZoom?: ((zoom: Zoom | undefined) => void) | undefined;
}

/** The first and the last iteration that are shown. */
export type Zoom = readonly [from: number, to: number];

const HEIGHT = 180;

export function Chart({ title, curves, points, isLog = false, zoom, onZoom }: ChartProps) {
  const area = useRef<HTMLDivElement>(null);
  const zoomed = useRef(onZoom);
  zoomed.current = onZoom;
  const isDark = useDarkScheme();
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const host = area.current!;
    const style = getComputedStyle(host);
    const colorOf = (name: string): string => style.getPropertyValue(name).trim() || 'gray';
    const axis = {
      stroke: colorOf('--text'),
      grid: { stroke: colorOf('--line'), width: 0.5 },
      ticks: { show: false },
      size: 40,
      font: '11px system-ui',
    };
    plot.current = new uPlot(
      {
        width: host.clientWidth,
        height: HEIGHT,
        // The legend names the curves and shows the latest values, or those under the cursor.
        series: [
          { label: 'iteration' },
          ...curves.map(({ label, color, isFaint = false }) => ({
            label,
            stroke: colorOf(color),
            width: isFaint ? 1 : 1.5,
            alpha: isFaint ? 0.35 : 1,
            ...(isFaint ? { class: 'faint' } : {}),
            points: { show: false },
            value: (_: uPlot, value: number | null | undefined) =>
              typeof value === 'number' ? formatValue(value) : '–',
          })),
        ],
        scales: {
          x: { time: false },
          y: isLog ? { distr: 3, range: (_, min, max) => uPlot.rangeLog(min, max, 10, false) } : {},
        },
        axes: [
          { ...axis, size: 28 },
          { ...axis, size: 48 },
        ],
        legend: { live: true },
        cursor: { drag: { x: onZoom !== undefined, y: false, setScale: false } },
        hooks: {
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width > 0) zoomed.current?.([self.posToVal(left, 'x'), self.posToVal(left + width, 'x')]);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [[], ...curves.map(() => [])],
      host,
    );
    const reset = (): void => zoomed.current?.(undefined);
    host.addEventListener('dblclick', reset);
    const observer = new ResizeObserver(() => plot.current!.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      host.removeEventListener('dblclick', reset);
      observer.disconnect();
      plot.current!.destroy();
    };
  }, [curves, isLog, isDark]);
  useEffect(() => {
    // To uPlot, null is a gap and undefined a point of other curves only.
    const valueOf = (value: number | undefined): number | null | undefined =>
      value !== undefined && isLog && value <= 0 ? null : value;
    plot.current!.setData(
      [points.map(({ step }) => step), ...curves.map(({ key }) => points.map(({ values }) => valueOf(values[key])))],
      zoom === undefined,
    );
    if (zoom) plot.current!.setScale('x', { min: zoom[0], max: zoom[1] });
    // Without a cursor, the legend shows the latest values.
    if (typeof plot.current!.cursor.idx === 'number' || points.length === 0) return;
    const { current } = plot;
    // After the drawing that `setData` has queued, which clears the legend.
    const shown = zoom ? points.filter(({ step }) => step <= zoom[1]) : points;
    const lastOf = (key: string): number => shown.findLastIndex(({ values }) => key in values);
    const latest = [shown.length - 1, ...curves.map(({ key }) => lastOf(key))].map((index) =>
      index < 0 ? null : index,
    );
    queueMicrotask(() => current === plot.current && current!.setLegend({ idxs: latest }, false));
  }, [points, curves, isLog, zoom, isDark]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={area} role="img" aria-label={describe(title, curves, points)} />
    </figure>
  );
}

/** Three digits, without an exponent where numbers are large. */
const formatValue = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

/** Whether the page is dark; colors of canvases do not follow the style sheet. */
export function useDarkScheme(): boolean {
  const [isDark, setIsDark] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const media = matchMedia(DARK);
    const onChange = (): void => setIsDark(media.matches);
    media.addEventListener('change', onChange);
    return () => media.removeEventListener('change', onChange);
  }, []);
  return isDark;
}

const DARK = '(prefers-color-scheme: dark)';

/** What the curves show, for screen readers. */
function describe(title: string, curves: readonly Curve[], points: readonly ChartPoint[]): string {
  const latest = points.at(-1);
  if (!latest) return `${title}: no iterations yet`;
  const values = curves
    .filter(({ key }) => key in latest.values)
    .map(({ key, label }) => `${label} ${formatValue(latest.values[key]!)}`);
  return `${title} at iteration ${latest.step}: ${values.join(', ')}`;
}

/** Points of a chart at most; beyond, every second of the older half is dropped. */
const MAX_POINTS = 1500;

/** Adds a point, and thins out the older half when there are too many. */
export function appendPoint(points: readonly ChartPoint[], point: ChartPoint): readonly ChartPoint[] {
  const kept =
    points.length < MAX_POINTS ? points : points.filter((_, index) => index > MAX_POINTS / 2 || index % 2 === 0);
  return [...kept, point];
}
