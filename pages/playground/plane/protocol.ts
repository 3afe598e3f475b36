/** The messages between the page and the worker that trains on the plane. */
import type { PlaneData } from './shapes.js';
import type { PlaneModel, PlaneOptions, PlaneReport, PlaneView } from './training.js';

export type PlaneRequest =
  | { readonly type: 'start'; readonly model: PlaneModel; readonly data: PlaneData; readonly options: PlaneOptions }
  | { readonly type: 'options'; readonly options: PlaneOptions }
  | { readonly type: 'run'; readonly perSecond: number }
  | { readonly type: 'pause' }
  | { readonly type: 'step' };

/** A view, and the iterations since the one before. */
export interface PlaneFrame {
  /** Means over these iterations; undefined if there were none. */
  readonly report: PlaneReport | undefined;
  readonly view: PlaneView;
  /** Iterations per second of this run, or 0. */
  readonly rate: number;
}
