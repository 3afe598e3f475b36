/** The messages between the page and the worker that trains on the plane. */
import type { PlaneData } from './shapes.js';
import type { PlaneModel, PlaneOptions, PlaneReport, PlaneView } from './training.js';

export type PlaneRequest =
  | { type: 'start'; model: PlaneModel; data: PlaneData; options: PlaneOptions }
  | { type: 'options'; options: PlaneOptions }
  | { type: 'run'; perSecond: number }
  | { type: 'pause' }
  | { type: 'step' };

/** A view, and the iterations since the one before. */
export interface PlaneFrame {
  /** Means over these iterations; undefined if there were none. */
  report: PlaneReport | undefined;
  view: PlaneView;
  /** Iterations per second of this run, or 0. */
  rate: number;
}
