/** Curves over iterations, drawn by uPlot. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** A curve: its name in the legend and the key of its values. */
export interface Curve {
  key: string;
  label: string;
  /** A custom property of the style sheet, such as `--curve-1`. */
  color: string;
  /** Drawn thin and pale, without a name in the legend: the values behind a smooth curve. */
  isFaint?: boolean;
}

/** Values by key at an iteration. */
export interface ChartPoint {
  step: number;
  values: Record<string, number>;
}

interface ChartProps {
  title: string;
  curves: readonly Curve[];
  points: readonly ChartPoint[];
  isLog?: boolean;
  /** The visible iterations, which stay when points are added (default: all). */
  zoom?: Zoom | undefined;
  /** Receives the range that the reader selects by dragging; undefined after a double click. */
  onZoom?: ((zoom: Zoom | undefined) => void) | undefined;
}

/** The first and the last visible iteration. */
export type Zoom = readonly [from: number, to: number];

const HEIGHT = 180;

export function Chart({ title, curves, points, isLog = false, zoom, onZoom }: ChartProps) {
  const area = useRef<HTMLDivElement>(null);
  const zoomed = useRef(onZoom);
  zoomed.current = onZoom;
  const isDark = useDarkScheme();
  const plot = useRef<uPlot>(undefined);
  useEffect(() => {
    const host = area.current!;
    const created = createPlot(host, curves, isLog, onZoom && ((range) => zoomed.current?.(range)));
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      created.destroy();
    };
  }, [curves, isLog, isDark]);
  useEffect(() => showPoints(plot.current!, curves, points, isLog, zoom), [points, curves, isLog, zoom, isDark]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={area} role="img" aria-label={describe(title, curves, points)} onDblClick={() => onZoom?.(undefined)} />
    </figure>
  );
}

/**
 * Creates a plot without points. Its legend names the curves and shows the latest values, or those under the cursor.
 */
function createPlot(host: HTMLElement, curves: readonly Curve[], isLog: boolean, onZoom: ChartProps['onZoom']): uPlot {
  const style = getComputedStyle(host);
  const colorOf = (name: string): string => style.getPropertyValue(name).trim() || 'gray';
  const axis = {
    stroke: colorOf('--text'),
    grid: { stroke: colorOf('--line'), width: 0.5 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  const series = curves.map(({ label, color, isFaint = false }) => ({
    label,
    stroke: colorOf(color),
    width: isFaint ? 1 : 1.5,
    alpha: isFaint ? 0.35 : 1,
    ...(isFaint ? { class: 'faint' } : {}),
    points: { show: false },
    value: (_: uPlot, value: number | null | undefined) => (typeof value === 'number' ? formatValue(value) : '–'),
  }));
  const onSelect = (self: uPlot): void => {
    const { left, width } = self.select;
    if (width > 0) onZoom?.([self.posToVal(left, 'x'), self.posToVal(left + width, 'x')]);
    self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  return new uPlot(
    {
      width: host.clientWidth,
      height: HEIGHT,
      series: [{ label: 'iteration' }, ...series],
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
      hooks: { setSelect: [onSelect] },
    },
    [[], ...curves.map(() => [])],
    host,
  );
}

function showPoints(
  plot: uPlot,
  curves: readonly Curve[],
  points: readonly ChartPoint[],
  isLog: boolean,
  zoom: Zoom | undefined,
): void {
  // To uPlot, null is a gap and undefined a point of other curves only.
  const valueOf = (value: number | undefined): number | null | undefined =>
    value !== undefined && isLog && value <= 0 ? null : value;
  plot.setData(
    [points.map(({ step }) => step), ...curves.map(({ key }) => points.map(({ values }) => valueOf(values[key])))],
    zoom === undefined,
  );
  if (zoom) plot.setScale('x', { min: zoom[0], max: zoom[1] });
  // Without a cursor, the legend shows the latest values.
  if (typeof plot.cursor.idx === 'number' || points.length === 0) return;
  const shown = zoom ? points.filter(({ step }) => step <= zoom[1]) : points;
  const latest = curves.map(({ key }) => shown.findLastIndex(({ values }) => key in values));
  const idxs = [shown.length - 1, ...latest].map((index) => (index < 0 ? null : index));
  // After the drawing that `setData` has queued, which clears the legend. A plot that is gone has no element.
  queueMicrotask(() => plot.root.isConnected && plot.setLegend({ idxs }, false));
}

/** Three digits, without an exponent if the number is large. */
const formatValue = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

/** Whether the page is dark. Colors of canvases do not follow the style sheet. */
export function useDarkScheme(): boolean {
  const [isDark, setIsDark] = useState(() => matchMedia(DARK).matches);
  useLayoutEffect(() => {
    const media = matchMedia(DARK);
    const onChange = (): void => setIsDark(media.matches);
    media.addEventListener('change', onChange);
    return () => media.removeEventListener('change', onChange);
  }, []);
  return isDark;
}

const DARK = '(prefers-color-scheme: dark)';

/** Describes the curves for screen readers. */
function describe(title: string, curves: readonly Curve[], points: readonly ChartPoint[]): string {
  const latest = points.at(-1);
  if (!latest) return `${title}: no iterations yet`;
  const values = curves
    .filter(({ key }) => key in latest.values)
    .map(({ key, label }) => `${label} ${formatValue(latest.values[key]!)}`);
  return `${title} at iteration ${latest.step}: ${values.join(', ')}`;
}

const MAX_POINTS = 1500;

/** Adds a point. If there are too many, every second of the older half is dropped. */
export function appendPoint(points: readonly ChartPoint[], point: ChartPoint): readonly ChartPoint[] {
  const kept =
    points.length < MAX_POINTS ? points : points.filter((_, index) => index > MAX_POINTS / 2 || index % 2 === 0);
  return [...kept, point];
}
