import type { NetworkName } from '../networks/network.js';
import type { IterationReport } from './trainer.js';

/** What a training says of itself while it runs; file paths are those of the run folder. */
export type TrainingEvent =
  | {
      readonly type: 'start';
      readonly step: number;
      readonly totalSteps: number;
      readonly batchesPerEpoch: number;
      readonly parameters: Readonly<Record<NetworkName, number>>;
    }
  | { readonly type: 'iteration'; readonly report: IterationReport }
  | { readonly type: 'pictures'; readonly step: number; readonly samples: string; readonly reconstructions: string }
  | { readonly type: 'checkpoint'; readonly step: number; readonly file: string }
  /** So many epochs are over that an evaluation is due, of the weights in this checkpoint; training waits for its subscribers. */
  | { readonly type: 'epochs'; readonly epochs: number; readonly step: number; readonly file: string }
  /** What a subscriber has found of these weights; `isBest` where they are the best so far by the metric that was chosen. */
  | {
      readonly type: 'evaluation';
      readonly epochs: number;
      readonly step: number;
      readonly file: string;
      readonly metrics: Readonly<Record<string, number>>;
      readonly isBest: boolean;
    }
  /** Something that the user should know and that did not end the training. */
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'end'; readonly summary: TrainingSummary };

/** Takes an event to everybody who listens, and waits for them. */
export type Emit = (event: TrainingEvent) => Promise<void>;

/** What a training offers to its subscribers. */
export interface RunningTraining {
  /** Emits a further event. */
  readonly emit: Emit;
  /** Makes sure before a write into the run folder that no other process has taken it; rejects if one has. */
  readonly confirm: () => Promise<void>;
}

/** Receives training events and may emit further ones. Training waits for the returned promise. */
export type Subscriber = (event: TrainingEvent, training: RunningTraining) => void | Promise<void>;

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
