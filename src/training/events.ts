/** Events of a run, and the queue to a consumer that may be slower. */
import { render, type Text } from '../errors.js';
import type { NetworkName } from '../networks/network.js';
import type { Configuration } from './configuration.js';
import type { IterationReport } from './trainer.js';

/** An event of a training run. Paths are those of the run folder. */
export type TrainingEvent =
  /** Images are being decoded. */
  | { readonly type: 'decoding'; readonly done: number; readonly total: number; readonly skipped: number }
  /** A feature extractor for evaluations is being trained. */
  | { readonly type: 'extractor'; readonly step: number; readonly steps: number; readonly loss: number }
  /** The trained model is scored on test images. */
  | { readonly type: 'scoring'; readonly done: number; readonly total: number }
  /** Training begins after `step` iterations. */
  | {
      readonly type: 'start';
      /** The run folder. */
      readonly run: string;
      readonly configuration: Configuration;
      /** Numbers of images. */
      readonly images: { readonly train: number; readonly test: number };
      readonly step: number;
      readonly totalSteps: number;
      readonly batchesPerEpoch: number;
      /** Number of learned parameters of each network. */
      readonly parameters: Readonly<Record<NetworkName, number>>;
    }
  | { readonly type: 'iteration'; readonly report: IterationReport }
  /** Image grids of samples and reconstructions were written. */
  | ({ readonly type: 'previews'; readonly step: number } & PreviewFiles)
  | { readonly type: 'checkpoint'; readonly step: number; readonly file: string }
  /** An evaluation of this checkpoint is due. Training waits until all subscribers have returned. */
  | { readonly type: 'evaluationDue'; readonly epochs: number; readonly step: number; readonly file: string }
  /** Metrics of a checkpoint; `isBest` if they are the best so far by the chosen metric. */
  | {
      readonly type: 'evaluation';
      readonly epochs: number;
      readonly step: number;
      readonly file: string;
      readonly metrics: Readonly<Record<string, number>>;
      readonly isBest: boolean;
    }
  /** Training waits after this iteration, which was drawn and logged. */
  | { readonly type: 'paused'; readonly step: number }
  /** A pause has ended. */
  | { readonly type: 'continued'; readonly step: number }
  /** A fact that is not a problem, such as that an extractor is trained once. */
  | { readonly type: 'note'; readonly message: string; readonly text?: Text }
  /** A problem that does not end the training. */
  | { readonly type: 'warning'; readonly message: string; readonly text?: Text }
  /** Training has ended, and its last iteration is saved. */
  | { readonly type: 'trained'; readonly summary: TrainingSummary };

/** The message has the keys of settings; the text leaves their names open. */
export const messageEvent = <T extends 'note' | 'warning'>(type: T, message: Text) => ({
  type,
  message: render(message),
  text: message,
});

/** The files of the previews of an iteration. */
export interface PreviewFiles {
  readonly samples: string;
  readonly reconstructions: string;
}

/** Delivers an event to every subscriber in order and awaits each one. */
export type Emit = (event: TrainingEvent) => Promise<void>;

/** What a training run offers to its subscribers. */
export interface RunningTraining {
  /** Emits a further event. */
  readonly emit: Emit;
  /** Rejects if another process has taken the run over; called before each write into it. */
  readonly confirm: () => Promise<void>;
}

/** Receives training events and may emit further ones. Training waits for the returned promise. */
export type Subscriber = (event: TrainingEvent, training: RunningTraining) => void | Promise<void>;

/** How a training run ended. Its keys are those of `train --json`. */
export interface TrainingSummary {
  /** Iterations done in all, including those before a resumption. */
  readonly steps: number;
  /** Iterations of this session; 0 if the run had its configured length already. */
  readonly session_steps: number;
  /** True if training was stopped before its configured length. */
  readonly interrupted: boolean;
  /** Seconds of this training session, without start-up and evaluations. */
  readonly seconds: number;
  /** Fraction of these seconds inside ONNX Runtime. */
  readonly runtime_fraction: number;
  /** The last checkpoint. */
  readonly checkpoint: string;
  /** The last previews; absent if they could not be written. */
  readonly samples?: string;
  readonly reconstructions?: string;
}

/** The next event of progress replaces the last one. */
const isProgress = ({ type }: { readonly type: string }): boolean =>
  type === 'iteration' || type === 'decoding' || type === 'extractor' || type === 'scoring';

/** Progress events that wait; of more, the oldest are dropped. */
const MAX_PROGRESS = 256;
/** Other events that wait; for more, training waits. */
const MAX_OTHERS = 64;

/** A bounded queue. If the consumer does not keep up, the oldest progress events are dropped, and no others. */
export class EventQueue<Event extends { readonly type: string }> {
  private readonly waiting: Event[] = [];
  private isClosed = false;
  private wakers: (() => void)[] = [];

  /** Resolves once there is room for further events. */
  readonly push = async (event: Event): Promise<void> => {
    if (this.isClosed) return;
    this.waiting.push(event);
    if (this.progressCount > MAX_PROGRESS) this.waiting.splice(this.waiting.findIndex(isProgress), 1);
    this.wake();
    while (!this.isClosed && this.waiting.length - this.progressCount > MAX_OTHERS) await this.change();
  };

  /** The consumer receives the events that wait, and pending `push` calls resolve. */
  close(): void {
    this.isClosed = true;
    this.wake();
  }

  /** In order, until the queue is closed and empty. */
  async *take(): AsyncGenerator<Event, void> {
    while (!this.isClosed || this.waiting.length > 0) {
      const event = this.waiting.shift();
      this.wake();
      if (event !== undefined) yield event;
      else await this.change();
    }
  }

  private get progressCount(): number {
    return this.waiting.filter(isProgress).length;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.wakers.push(resolve));
  }

  private wake(): void {
    const wakers = this.wakers;
    this.wakers = [];
    for (const wake of wakers) wake();
  }
}

/**
 * Yields the events of a training run. Leaving the loop early aborts the run's signal and waits for its end. The loop ends with the run's error.
 * @param run starts a training run that reports to `onEvent` and stops at `signal`
 */
export async function* eventsOf<Event extends { readonly type: string }>(
  run: (onEvent: (event: Event) => Promise<void>, signal: AbortSignal) => Promise<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<Event, void> {
  const controller = new AbortController();
  const queue = new EventQueue<Event>();
  const training = run(queue.push, AbortSignal.any([controller.signal, ...(signal ? [signal] : [])])).finally(() =>
    queue.close(),
  );
  // Awaited below; a rejection before that is not unhandled.
  training.catch(() => undefined);
  try {
    yield* queue.take();
  } finally {
    controller.abort();
    queue.close();
    await training;
  }
}
