/** The messages between a page and its training worker. */
import type { WebDevice } from '../engine/runtime/web.js';
import type { Configuration } from '../training/configuration.js';
import type { IterationReport } from '../training/trainer.js';

/** What is trained. */
export interface TrainingStart {
  readonly configuration: Configuration;
  /** Training images, bytes [N, C, H, W]. */
  readonly images: Uint8Array;
  /** Where to compute (default: wasm). */
  readonly device?: WebDevice;
  /** The bytes of a checkpoint to continue from (default: fresh weights from the seed). */
  readonly checkpoint?: Uint8Array;
}

/** From the page to the worker. Each is answered once; `run` is answered when training pauses, which may be by `pause`. */
export type Request =
  | { readonly type: 'start'; readonly start: TrainingStart }
  | { readonly type: 'run'; readonly reportEvery: number }
  | { readonly type: 'pause' }
  | { readonly type: 'step' }
  | { readonly type: 'export' }
  | { readonly type: 'import'; readonly checkpoint: Uint8Array };

/** Where a training stands. */
export interface TrainingProgress {
  /** Iterations done. */
  readonly step: number;
  readonly totalSteps: number;
}

/** From the worker to the page: an answer with the number of its request, or the report of an iteration. */
export type Reply =
  | { readonly type: 'answer'; readonly id: number; readonly progress: TrainingProgress; readonly report?: IterationReport; readonly checkpoint?: Uint8Array }
  | { readonly type: 'failure'; readonly id: number; readonly message: string; readonly isInputError: boolean }
  | { readonly type: 'report'; readonly report: IterationReport };

export type NumberedRequest = Request & { readonly id: number };
