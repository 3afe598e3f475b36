import type { NetworkName } from '../networks/index.js';
import type { IterationReport } from './trainer.js';

/** What a training says of itself while it runs; file paths are those of the run folder. */
export type TrainingEvent =
  | {
      readonly type: 'start';
      readonly step: number;
      readonly lastStep: number;
      readonly batchesPerEpoch: number;
      readonly parameters: Readonly<Record<NetworkName, number>>;
    }
  | { readonly type: 'iteration'; readonly report: IterationReport }
  | { readonly type: 'pictures'; readonly step: number; readonly samples: string; readonly reconstructions: string }
  | { readonly type: 'checkpoint'; readonly step: number; readonly file: string }
  /** Something that the user should know and that did not end the training. */
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'end'; readonly summary: TrainingSummary };

/** How a training ended. */
export interface TrainingSummary {
  /** Iterations done in all, those before a resumption included. */
  readonly steps: number;
  /** True if it was stopped before its configured length. */
  readonly interrupted: boolean;
  /** Seconds of this training, start-up left out. */
  readonly seconds: number;
  /** The share of these seconds inside the runtime, in iterations only. */
  readonly runtimeShare: number;
  /** The last checkpoint. */
  readonly checkpoint: string;
  /** The last picture of samples and of reconstructions; absent where they could not be written. */
  readonly samples?: string;
  readonly reconstructions?: string;
}
