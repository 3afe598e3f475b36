/** The messages between a page and its workers. */
import type { WebDevice } from '../engine/runtime/web.js';
import type { Codes, CodesAtDistance, ImageBytes } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import type { Configuration } from '../training/configuration.js';
import type { IterationReport } from '../training/trainer.js';

/** What is trained: a configuration, from fresh weights or from a checkpoint of it, or a checkpoint with the configuration that it contains. */
export type TrainingStart = {
  /** Training images, bytes [N, C, H, W]. */
  readonly images: Uint8Array;
  /** Where to compute (default: wasm). */
  readonly device?: WebDevice;
  /** Replaces the length of the configuration. */
  readonly length?: Configuration['length'];
} & (
  | { readonly configuration: Configuration; readonly checkpoint?: Uint8Array | undefined }
  | { readonly configuration?: undefined; readonly checkpoint: Uint8Array }
);

/** To the training worker. `run` is answered when training pauses, which may be by another request; `weights` does not end a run. */
export type TrainingRequest =
  | { readonly type: 'start'; readonly start: TrainingStart }
  | { readonly type: 'run'; readonly reportEvery: number }
  | { readonly type: 'pause' }
  | { readonly type: 'step' }
  | { readonly type: 'weights' }
  | { readonly type: 'export' }
  | { readonly type: 'import'; readonly checkpoint: Uint8Array };

/** Where a training stands. */
export interface TrainingProgress {
  /** Iterations done. */
  readonly step: number;
  readonly totalSteps: number;
}

export interface TrainingAnswer {
  readonly progress: TrainingProgress;
  /** What is trained, as an answer to `start`. */
  readonly configuration?: Configuration;
  readonly report?: IterationReport;
  readonly weights?: ModelWeights;
  readonly checkpoint?: Uint8Array;
}

/** The report of an iteration of a run. */
export type TrainingEvent = IterationReport;

/** A model: the bytes of a checkpoint, or weights and the configuration that they were trained with. */
export type ModelSource =
  { readonly checkpoint: Uint8Array } | { readonly configuration: Configuration; readonly weights: ModelWeights };

/** To the model worker. */
export type ModelRequest =
  | { readonly type: 'load'; readonly source: ModelSource }
  | { readonly type: 'replace'; readonly weights: ModelWeights }
  | { readonly type: 'generate'; readonly inputs: Codes }
  | { readonly type: 'decode'; readonly inputs: CodesAtDistance }
  | { readonly type: 'encode'; readonly inputs: ImageBytes };

/** The configuration of a model that was loaded, or what its networks computed. */
export interface ModelAnswer {
  readonly configuration?: Configuration;
  readonly values?: Float32Array;
}
