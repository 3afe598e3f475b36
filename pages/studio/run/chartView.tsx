/** The look of charts, kept in the query of the address, and its controls. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Zoom } from '../../components/chart.js';
import { queryValue } from '../address.js';
import { isXAxis, unitOf, X_AXES, type XAxis } from './xAxis.js';

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
  const [smoothing, setSmoothing] = queryValue(query, onQuery, 'smoothing', '0.6');
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

/** Controls in one row. */
export function ChartControls({ view, children }: { view: ChartView; children?: ComponentChildren }) {
  const { smoothing, isLog, axis, zoom, onSmoothing, onLog, onAxis, onZoom } = view;
  const limit = (index: 0 | 1, text: string): void => {
    const value = Number(text);
    if (text === '' || !(value >= 0)) return;
    const [from, to] = zoom ?? [0, Number.MAX_SAFE_INTEGER];
    onZoom(index === 0 ? [value, Math.max(to, value + 1)] : [Math.min(from, value - 1), value]);
  };
  return (
    <div class="chart-controls toolbar" role="group" aria-label="Charts">
      <label title="Exponential moving average; 0 shows exact values">
        Smoothing{' '}
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
      <label>
        Over{' '}
        <select id="x-axis" value={axis} onChange={({ currentTarget }) => onAxis(currentTarget.value as XAxis)}>
          {X_AXES.map((each) => (
            <option key={each} value={each}>
              {unitOf(each)}
            </option>
          ))}
        </select>
      </label>
      <span class="range" title="Or drag in a chart">
        <label>
          from{' '}
          <input
            type="number"
            min="0"
            step="any"
            class="iteration"
            value={zoom?.[0] ?? ''}
            placeholder="first"
            onChange={({ currentTarget }) => limit(0, currentTarget.value)}
          />
        </label>{' '}
        <label>
          to{' '}
          <input
            type="number"
            min="0"
            step="any"
            class="iteration"
            value={zoom && zoom[1] < Number.MAX_SAFE_INTEGER ? zoom[1] : ''}
            placeholder="last"
            onChange={({ currentTarget }) => limit(1, currentTarget.value)}
          />
        </label>
      </span>
      <button type="button" disabled={!zoom} onClick={() => onZoom(undefined)}>
        Show all
      </button>
      <label>
        <input
          id="log-scale"
          type="checkbox"
          checked={isLog}
          onChange={({ currentTarget }) => onLog(currentTarget.checked)}
        />{' '}
        Log scale
      </label>
      {children}
    </div>
  );
}
