/** The messages between the page and the worker that trains on the plane. */
import type { NetworkName } from '../../../src/networks/network.js';
import type { PlaneModel, PlaneOptions } from './model.js';
import type { Push } from './terms.js';
import type { PlaneData } from './shapes.js';
import type { PlaneReport } from './training.js';
import type { PlaneView } from './view.js';

/** Which networks an iteration updates. */
export type Which = NetworkName | 'both';

/** One training. Several advance together. */
export interface PlaneTrack {
  model: PlaneModel;
  data: PlaneData;
}

/** `run`, `step` and `pause` are answered by the frame after their last iteration. */
export type PlaneRequest =
  | { type: 'start'; tracks: readonly PlaneTrack[] }
  | { type: 'options'; options: readonly PlaneOptions[]; hasPushes: boolean }
  | { type: 'run'; which: Which; perSecond: number; count: number }
  | { type: 'step'; which: Which }
  | { type: 'pause' };

/** The state of all tracks, and what led to it. */
export interface PlaneFrame {
  /** Updates of each network, the same in all tracks. */
  updates: Record<NetworkName, number>;
  /** The networks that learned since the frame before. */
  moved: Which | undefined;
  /** Iterations per second of this run, or 0. */
  rate: number;
  tracks: readonly TrackFrame[];
}

export interface TrackFrame {
  /** Means over the iterations since the frame before; empty if there were none. */
  report: PlaneReport;
  view: PlaneView;
  /** Empty unless the page asks for them. */
  pushes: readonly Push[];
}

/** Iterations: half of the updates of both networks. */
export const iterationOfFrame = ({ updates }: Pick<PlaneFrame, 'updates'>): number =>
  (updates.encoder + updates.generator) / 2;
