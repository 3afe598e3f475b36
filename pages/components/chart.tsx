/** Curves over iterations, drawn by uPlot. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** A curve: its name in the legend and the key of its values. */
export interface Curve {
  key: string;
  label: string;
  /** A custom property of the style sheet, such as `--curve-1`. */
  color: string;
  /** Drawn thin and pale, behind all others, and without a name in the legend. */
  isFaint?: boolean;
  /** In saved tables, what was done to values of the same label, such as "smoothed". */
  note?: string;
  /** Dashed, so that the curve before, which it often equals, is seen too. */
  isDashed?: boolean;
  /** Keys of the lower and the upper edge of an area around the curve. */
  band?: readonly [low: string, high: string];
}

/** Values by key at an iteration, or at another place of the horizontal axis. */
export interface ChartPoint {
  step: number;
  values: Record<string, number>;
}

export interface ChartProps {
  /** For screen readers; who shows the chart writes it above. */
  title: string;
  curves: readonly Curve[];
  points: readonly ChartPoint[];
  isLog?: boolean;
  /** Of the horizontal axis. */
  unit?: string;
  height?: number;
  /** The visible iterations, which stay when points are added (default: all). */
  zoom?: Zoom | undefined;
  /** Receives the range that the reader selects by dragging; undefined after a double click. */
  onZoom?: ((zoom: Zoom | undefined) => void) | undefined;
  /** In the place of curves without points. */
  emptyText?: string;
}

/** The first and the last visible iteration. */
export type Zoom = readonly [from: number, to: number];

const HEIGHT = 180;
/** Charts of a page show the values at the same place. */
const SHARED = 'charts';

export function Chart(props: ChartProps) {
  const {
    title,
    points,
    isLog = false,
    unit = 'iteration',
    height = HEIGHT,
    zoom,
    onZoom,
    emptyText = 'No iteration yet',
  } = props;
  const curves = useMemo(() => props.curves.toSorted(faintFirst), [props.curves]);
  const area = useRef<HTMLDivElement>(null);
  const zoomed = useRef(onZoom);
  zoomed.current = onZoom;
  const isDark = useDarkScheme();
  const plot = useRef<uPlot>(undefined);
  const [shown, setShown] = useState<ShownValues>([]);
  useEffect(() => {
    const host = area.current!;
    const created = createPlot(
      host,
      { curves, isLog, height, isWhole: unit === 'iteration' },
      setShown,
      onZoom && ((range) => zoomed.current?.(range)),
    );
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: host.clientWidth, height }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      created.destroy();
    };
  }, [curves, isLog, isDark, height, unit]);
  useEffect(() => {
    const { current } = plot;
    showPoints(current!, curves, points, isLog, zoom);
    // After the drawing that `setData` has queued. A plot that is gone has no element.
    queueMicrotask(() => current!.root.isConnected && setShown(shownValues(current!)));
  }, [points, curves, isLog, zoom, isDark, height, unit]);
  return (
    <figure class="chart">
      <div
        ref={area}
        role="img"
        aria-label={describe(title, curves, points, unit, zoom)}
        style={{ height: `${height}px` }}
        onDblClick={() => onZoom?.(undefined)}
      />
      {points.length === 0 && (
        <p class="empty" style={{ height: `${height}px` }}>
          {emptyText}
        </p>
      )}
      <ul class="legend">
        {curves.map(
          ({ key, label, color, isFaint = false, isDashed = false }, index) =>
            !isFaint && (
              <li key={key}>
                <span class={isDashed ? 'swatch dashed' : 'swatch'} style={{ color: `var(${color})` }} />
                <span>{label}</span> {points.length > 0 && <strong>{valueText(shown[index + 1])}</strong>}
              </li>
            ),
        )}
      </ul>
      {shown[0] !== undefined && (
        <span class="cursor capital">
          {unit} {valueText(shown[0])}
        </span>
      )}
    </figure>
  );
}

const faintFirst = (a: Curve, b: Curve): number => Number(b.isFaint ?? false) - Number(a.isFaint ?? false);

/** The first iterations differ from all others, and would flatten a linear curve: of many points, this part is cut off. */
const BEGINNING = 0.05;
const MANY = 60;

/** The lowest and the highest value of curves at the visible points, or undefined if there are none. */
export function extentOf(
  curves: readonly ArrayLike<number | null | undefined>[],
  first: number,
  last: number,
): [low: number, high: number] | undefined {
  const count = last - first + 1;
  const begin = count < MANY ? first : first + Math.ceil(BEGINNING * count);
  let [low, high] = [Infinity, -Infinity];
  for (const values of curves)
    for (let index = begin; index <= last; index++) {
      const value = values[index];
      if (typeof value !== 'number') continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  return low > high ? undefined : [low, high];
}

/** Of a vertical axis. Without points it has numbers too, so that nothing moves when points arrive. */
function linearRange(plot: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  const [low, high] = extentOf(plot.data.slice(1), ...(plot.series[0]!.idxs ?? [0, -1])) ?? [min, max];
  return uPlot.rangeNum(low, high, 0.1, true);
}
const logRange = (_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax =>
  min === null || max === null ? [0.1, 1] : uPlot.rangeLog(min, max, 10, false);

/** Labels with the digits that tell neighbors apart. uPlot's own have at most three after the point. */
export function tickLabels(_: unknown, ticks: readonly number[]): string[] {
  const most = ticks.reduce((size, tick) => Math.max(size, Math.abs(tick)), 0);
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : most || 1;
  let digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  // 0.25 has one digit more than its size.
  while (Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits++;
  const isExtreme = most >= 1e7 || (most > 0 && most < 1e-3);
  return ticks.map((tick) =>
    tick === 0
      ? '0'
      : isExtreme
        ? Number(tick.toPrecision(12)).toExponential()
        : tick.toLocaleString('en', precisely(digits)),
  );
}

const precisely = (digits: number) => ({ minimumFractionDigits: 0, maximumFractionDigits: digits });

/** Every label stands for itself: the ticks of a logarithmic axis are multiples of powers of 10. */
const logLabels = (_: unknown, ticks: readonly (number | null)[]): string[] =>
  ticks.map((tick) =>
    tick === null ? '' : tick >= 1e-3 && tick < 1e7 ? tick.toLocaleString('en', precisely(6)) : tick.toExponential(),
  );

/** Pixels for the longest label of an axis. Charts below each other begin at the same place if labels have up to five digits. */
const labelWidth = (_: unknown, labels: readonly string[] | null): number =>
  Math.max(45, 12 + 6.5 * (labels ?? []).reduce((most, label) => Math.max(most, label.length), 0));

/** Distances between ticks at whole numbers: 1, 2, 5, 10, 20... */
const WHOLE_STEPS = Array.from({ length: 27 }, (_, index) => [1, 2, 5][index % 3]! * 10 ** Math.floor(index / 3));

interface PlotShape extends Required<Pick<ChartProps, 'curves' | 'isLog' | 'height'>> {
  /** Whether places are whole numbers. */
  isWhole: boolean;
}

/** Creates a plot without points. */
function createPlot(
  host: HTMLElement,
  { curves, isLog, height, isWhole }: PlotShape,
  onShown: (values: ShownValues) => void,
  onZoom: ChartProps['onZoom'],
): uPlot {
  const style = getComputedStyle(host);
  const colorOf = (name: string): string => style.getPropertyValue(name).trim() || 'gray';
  const axis = {
    stroke: colorOf('--muted'),
    grid: { stroke: colorOf('--line'), width: 0.5 },
    ticks: { show: false },
    font: '11px Inter, system-ui, sans-serif',
  };
  const series = curves.map(({ color, isFaint = false, isDashed = false }) => ({
    stroke: colorOf(color),
    width: isFaint ? 1 : 1.75,
    ...(isDashed && { dash: [6, 6] }),
    alpha: isFaint ? 0.18 : 1,
    // A single value, which no line shows.
    points: { show: ({ data: [steps] }: uPlot) => !isFaint && steps.length === 1 },
  }));
  // Edges of bands follow the curves.
  const edges = curves.flatMap(({ band = [] }) => band.map(() => ({ stroke: 'transparent' })));
  const bands = curves
    .filter(({ band }) => band)
    .map(({ color }, index) => {
      const low = 1 + curves.length + 2 * index;
      return {
        series: [low + 1, low] as uPlot.Band.Bounds,
        fill: `color-mix(in srgb, ${colorOf(color)} 20%, transparent)`,
      };
    });
  const onSelect = (self: uPlot): void => {
    const { left, width } = self.select;
    if (width > 0) onZoom?.([self.posToVal(left, 'x'), self.posToVal(left + width, 'x')]);
    self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  return new uPlot(
    {
      width: host.clientWidth,
      height,
      padding: [8, 18, 0, 0],
      series: [{}, ...series, ...edges],
      bands,
      scales: {
        x: { time: false },
        y: isLog ? { distr: 3, range: logRange } : { range: linearRange },
      },
      axes: [
        { ...axis, size: 28, space: 40, ...(isWhole && { incrs: WHOLE_STEPS }) },
        { ...axis, size: labelWidth, space: 24, values: isLog ? logLabels : tickLabels },
      ],
      legend: { show: false },
      cursor: {
        drag: { x: onZoom !== undefined, y: false, setScale: false },
        sync: { key: SHARED, setSeries: false, scales: ['x', null], filters: { pub: isPointer } },
      },
      hooks: { setSelect: [onSelect], setCursor: [(self) => onShown(shownValues(self))] },
    },
    emptyData(curves),
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
  const columns = columnsOf(curves).map((key) => points.map(({ values }) => valueOf(values[key])));
  plot.setData(
    points.length === 0 ? emptyData(curves) : [points.map(({ step }) => step), ...columns],
    zoom === undefined,
  );
  if (zoom) plot.setScale('x', { min: zoom[0], max: zoom[1] });
}

/** The place of the cursor on the horizontal axis, and the value of each curve. */
type ShownValues = readonly unknown[];

/** At the cursor. Without one, the latest visible values, which have no common place. */
function shownValues({ cursor, scales, data }: uPlot): ShownValues {
  const [places, ...columns] = data;
  if (typeof cursor.idx === 'number') return data.map((column, series) => column[cursor.idxs![series] ?? -1]);
  const { max = null } = scales.x!;
  const last = max === null ? places.length - 1 : places.findLastIndex((place) => place <= max);
  const latest = columns.map((column) =>
    Array.from(column.slice(0, last + 1)).findLast((value) => typeof value === 'number'),
  );
  return [undefined, ...latest];
}

/** Places without values, so that the axes are drawn. */
const emptyData = (curves: readonly Curve[]): uPlot.AlignedData => [
  [0, 1],
  ...columnsOf(curves).map(() => [null, null]),
];

/** Keys of the plotted columns. */
const columnsOf = (curves: readonly Curve[]): string[] => [
  ...curves.map(({ key }) => key),
  ...curves.flatMap(({ band = [] }) => band),
];

/** A zoom of one chart reaches the others by the address. */
const isPointer = (event: string): boolean => event === 'mousemove' || event === 'mouseleave';

const valueText = (value: unknown): string => (typeof value === 'number' ? formatValue(value) : '–');

/** Three digits, without an exponent if the number is large. */
const formatValue = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

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
function describe(
  title: string,
  curves: readonly Curve[],
  points: readonly ChartPoint[],
  unit: string,
  zoom: Zoom | undefined,
): string {
  const latest = points.findLast(({ step }) => zoom === undefined || step <= zoom[1]);
  if (!latest) return `${title}: no iterations yet`;
  const values = curves
    .filter(({ key, isFaint = false }) => !isFaint && key in latest.values)
    .map(({ key, label }) => `${label} ${formatValue(latest.values[key]!)}`);
  return `${title} at ${unit} ${latest.step}: ${values.join(', ')}`;
}

const MAX_POINTS = 1500;

/** Adds a point. If there are too many, every second of the older half is dropped. */
export function appendPoint(points: readonly ChartPoint[], point: ChartPoint): readonly ChartPoint[] {
  const kept =
    points.length < MAX_POINTS ? points : points.filter((_, index) => index > MAX_POINTS / 2 || index % 2 === 0);
  return [...kept, point];
}
