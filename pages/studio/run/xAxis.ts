/** What the horizontal axis of charts shows. */
import type { ChartPoint, Zoom } from '../../components/chart.js';

/** Keys of the log, and units for readers. */
const AXES = {
  iteration: { key: undefined, unit: 'iteration', name: 'Iterations', scale: 1 },
  epoch: { key: 'epoch', unit: 'epoch', name: 'Epochs', scale: 1 },
  time: { key: 'seconds', unit: 'minutes of training', name: 'Minutes', scale: 1 / 60 },
} as const;
export type XAxis = keyof typeof AXES;
export const X_AXES = Object.keys(AXES) as readonly XAxis[];

export const isXAxis = (text: string): text is XAxis => Object.hasOwn(AXES, text);
export const unitOf = (axis: XAxis): string => AXES[axis].unit;
export const axisName = (axis: XAxis): string => AXES[axis].name;

/** Moves points to their place on an axis. Those without one are left out, so that places ascend. */
export function placed(points: readonly ChartPoint[], axis: XAxis): readonly ChartPoint[] {
  const { key, scale } = AXES[axis];
  if (key === undefined) return points;
  let last = -Infinity;
  return points.flatMap(({ values }) => {
    const step = (values[key] ?? NaN) * scale;
    // Training that was resumed from an earlier checkpoint repeats a part.
    if (!(step >= last)) return [];
    last = step;
    return [{ step, values }];
  });
}

/**
 * Returns the part of a zoom that has data, or undefined if there is none.
 * @param last place with data (default: unknown)
 */
export function clipped(zoom: Zoom | undefined, last = zoom?.[1]): Zoom | undefined {
  return zoom && last !== undefined && zoom[0] < last ? [zoom[0], Math.min(zoom[1], last)] : undefined;
}
