import type { WebDevice } from '../engine/runtime/web.js';
import type { Codes, CodesAtDistance, ImageBytes } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import type { Configuration } from '../training/configuration.js';
import type { IterationReport } from '../training/trainer.js';

/** A configuration with new weights or those of a checkpoint, or a checkpoint with its own configuration. */
export type TrainingStart = {
  /** Bytes [N, C, H, W]. */
  readonly images: Uint8Array;
  /** Default: wasm. */
  readonly device?: WebDevice;
  /** Replaces the length of the configuration. */
  readonly length?: Configuration['length'];
} & (
  | { readonly configuration: Configuration; readonly checkpoint?: Uint8Array | undefined }
  | { readonly configuration?: undefined; readonly checkpoint: Uint8Array }
);

/** The worker answers `run` when training pauses, which may be by another request; `weights` does not end a run. */
export type TrainingRequest =
  | { readonly type: 'start'; readonly start: TrainingStart }
  | { readonly type: 'run'; readonly reportEvery: number }
  | { readonly type: 'pause' }
  | { readonly type: 'step' }
  | { readonly type: 'weights' }
  | { readonly type: 'export' }
  | { readonly type: 'import'; readonly checkpoint: Uint8Array };

export interface TrainingProgress {
  readonly step: number;
  readonly totalSteps: number;
}

export interface TrainingAnswer {
  readonly progress: TrainingProgress;
  /** Answers `start`. */
  readonly configuration?: Configuration;
  readonly report?: IterationReport;
  readonly weights?: ModelWeights;
  readonly checkpoint?: Uint8Array;
}

/** The bytes of a checkpoint, or weights and their configuration. */
export type ModelSource =
  { readonly checkpoint: Uint8Array } | { readonly configuration: Configuration; readonly weights: ModelWeights };

export type ModelRequest =
  | { readonly type: 'load'; readonly source: ModelSource }
  | { readonly type: 'replace'; readonly weights: ModelWeights }
  | { readonly type: 'generate'; readonly inputs: Codes }
  | { readonly type: 'decode'; readonly inputs: CodesAtDistance }
  | { readonly type: 'encode'; readonly inputs: ImageBytes };

/** The configuration answers `load`, values the networks. */
export interface ModelAnswer {
  readonly configuration?: Configuration;
  readonly values?: Float32Array;
}
