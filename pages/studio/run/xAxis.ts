/** What the horizontal axis of charts shows. */
import type { ChartPoint, Zoom } from '../../components/chart.js';

/** Keys of the log, and units for readers. */
const AXES = {
  iteration: { key: undefined, unit: 'iteration', scale: 1 },
  epoch: { key: 'epoch', unit: 'epoch', scale: 1 },
  time: { key: 'seconds', unit: 'minutes of training', scale: 1 / 60 },
} as const;
export type XAxis = keyof typeof AXES;
export const X_AXES = Object.keys(AXES) as readonly XAxis[];

export const isXAxis = (text: string): text is XAxis => Object.hasOwn(AXES, text);
export const unitOf = (axis: XAxis): string => AXES[axis].unit;

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

/** A zoom without an end follows the last place. */
export const clipped = ([from, to]: Zoom, last = to): Zoom => [from, to === Number.MAX_SAFE_INTEGER ? last : to];
