/** The look of charts, kept in the query of the address, and its controls. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Zoom } from '../../components/chart.js';
import { Menu } from '../../components/menu.js';
import { queryValue } from '../address.js';
import { formatNumber } from '../format.js';
import { axisName, clipped, isXAxis, X_AXES, type XAxis } from './xAxis.js';

export interface ChartView {
  smoothing: number;
  isLog: boolean;
  axis: XAxis;
  /** In units of the axis. */
  zoom: Zoom | undefined;
  onSmoothing: (smoothing: number) => void;
  onLog: (isLog: boolean) => void;
  onAxis: (axis: XAxis) => void;
  onZoom: (zoom: Zoom | undefined) => void;
}

export function useChartView(query: string, onQuery: (query: string) => void): ChartView {
  const [smoothing, setSmoothing] = queryValue(query, onQuery, 'smoothing', '0.9');
  const [scale, setScale] = queryValue(query, onQuery, 'scale', 'linear');
  const [axis, setAxis] = queryValue(query, onQuery, 'x', 'iteration');
  const [range, setRange] = queryValue(query, onQuery, 'zoom');
  const zoom = useMemo(() => parseZoom(range), [range]);
  const shownAxis = isXAxis(axis) ? axis : 'iteration';
  const digits = shownAxis === 'iteration' ? 0 : 2;
  return {
    smoothing: Math.min(0.99, Math.max(0, Number(smoothing) || 0)),
    isLog: scale === 'log',
    axis: shownAxis,
    zoom,
    onSmoothing: (value) => setSmoothing(String(value)),
    onLog: (isLog) => setScale(isLog ? 'log' : 'linear'),
    onAxis: (next) => {
      // Its numbers mean something else on another axis.
      setRange('');
      setAxis(next);
    },
    onZoom: (value) => setRange(value ? value.map((limit) => Number(limit.toFixed(digits))).join('-') : ''),
  };
}

function parseZoom(range: string): Zoom | undefined {
  const [, from, to] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/u.exec(range) ?? [];
  return from !== undefined && Number(to) > Number(from) ? [Number(from), Number(to)] : undefined;
}

interface ChartControlsProps {
  view: ChartView;
  /** The last place with data, if it is known. */
  last: number | undefined;
  children?: ComponentChildren;
}

/** Smoothing, and a menu for the rest. */
export function ChartControls({ view, last, children }: ChartControlsProps) {
  const { smoothing, axis, zoom, onSmoothing, onZoom } = view;
  const isBehind = zoom !== undefined && last !== undefined && clipped(zoom, last) === undefined;
  return (
    <div class="toolbar filters" role="group" aria-label="Charts">
      <label title="Exponential moving average; 0 shows exact values">
        Smoothing
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
      {children}
      <Menu label="Axes" staysOpen>
        {() => <Axes view={view} last={last} isBehind={isBehind} />}
      </Menu>
      {zoom && (
        <button type="button" class="quiet" onClick={() => onZoom(undefined)}>
          Show all
        </button>
      )}
      {isBehind && (
        <span id="range-problem" role="status" class="failed">
          {axisName(axis)} end at {formatNumber(last)}, so all are shown.
        </span>
      )}
    </div>
  );
}

/** A range behind the data is not shown, and an end behind it follows the data. */
function Axes({ view, last, isBehind }: Omit<ChartControlsProps, 'children'> & { isBehind: boolean }) {
  const { isLog, axis, zoom, onLog, onAxis, onZoom } = view;
  const limit = (index: 0 | 1, text: string): void => {
    const [from, to] = zoom ?? [0, Number.MAX_SAFE_INTEGER];
    const value = text === '' ? undefined : Math.max(0, Number(text));
    const next: Zoom =
      index === 0
        ? [value ?? 0, value === undefined || value < to ? to : Number.MAX_SAFE_INTEGER]
        : [
            value !== undefined && value <= from ? 0 : from,
            value === undefined || value === 0 || value >= (last ?? value + 1) ? Number.MAX_SAFE_INTEGER : value,
          ];
    onZoom(next[0] === 0 && next[1] === Number.MAX_SAFE_INTEGER ? undefined : next);
  };
  const field = (index: 0 | 1, name: string, placeholder: string) => (
    <label>
      {name}
      <input
        type="number"
        min="0"
        step="any"
        value={zoom && zoom[index] > 0 && zoom[index] < Number.MAX_SAFE_INTEGER ? zoom[index] : ''}
        placeholder={placeholder}
        aria-invalid={isBehind}
        aria-describedby={isBehind ? 'range-problem' : undefined}
        onChange={({ currentTarget }) => limit(index, currentTarget.value)}
      />
    </label>
  );
  return (
    <>
      <label>
        <input
          id="log-scale"
          type="checkbox"
          checked={isLog}
          onChange={({ currentTarget }) => onLog(currentTarget.checked)}
        />
        Logarithmic values
      </label>
      <label>
        Over
        <select
          id="x-axis"
          aria-label="Horizontal axis"
          value={axis}
          onChange={({ currentTarget }) => onAxis(currentTarget.value as XAxis)}
        >
          {X_AXES.map((each) => (
            <option key={each} value={each}>
              {axisName(each)}
            </option>
          ))}
        </select>
      </label>
      {field(0, 'From', 'First')}
      {field(1, 'To', 'Last')}
      <p>Drag in a chart to choose a range.</p>
    </>
  );
}
