import { render, type Text } from '../errors.js';
import type { NetworkName } from '../networks/network.js';
import type { Configuration } from './configuration.js';
import type { IterationReport } from './trainer.js';

/** An event of a training run. Paths are those of the run folder. */
export type TrainingEvent =
  | { type: 'decoding'; done: number; total: number; skipped: number }
  /** A feature extractor for evaluations is being trained. */
  | { type: 'extractor'; step: number; steps: number; loss: number }
  /** Test images are being scored. */
  | { type: 'scoring'; done: number; total: number }
  /** Training begins after `step` iterations. */
  | {
      type: 'start';
      run: string;
      configuration: Configuration;
      /** Numbers of images. */
      images: { train: number; test: number };
      step: number;
      totalSteps: number;
      batchesPerEpoch: number;
      /** Learned parameters. */
      parameters: Record<NetworkName, number>;
    }
  | { type: 'iteration'; report: IterationReport }
  | ({ type: 'previews'; step: number } & PreviewFiles)
  | { type: 'checkpoint'; step: number; file: string }
  /** An evaluation of this checkpoint is due. Training waits until all subscribers have returned. */
  | { type: 'evaluationDue'; epochs: number; step: number; file: string }
  /** Metrics of a checkpoint; `isBest` if they are the best so far by the chosen metric. */
  | {
      type: 'evaluation';
      epochs: number;
      step: number;
      file: string;
      metrics: Record<string, number>;
      isBest: boolean;
    }
  /** Training waits after this iteration, which was drawn and logged. */
  | { type: 'paused'; step: number }
  | { type: 'continued'; step: number }
  /** A fact that is not a problem. */
  | { type: 'note'; message: string; text?: Text }
  /** A problem that does not end the training. */
  | { type: 'warning'; message: string; text?: Text }
  /** The last iteration is saved. */
  | { type: 'trained'; summary: TrainingSummary };

/** The message names settings by their keys; the text leaves the names open. */
export const messageEvent = <T extends 'note' | 'warning'>(type: T, message: Text) => ({
  type,
  message: render(message),
  text: message,
});

export interface PreviewFiles {
  samples: string;
  reconstructions: string;
}

/** Awaits every subscriber in order. */
export type Emit = (event: TrainingEvent) => Promise<void>;

export interface RunningTraining {
  emit: Emit;
}

/** Training waits for the returned promise. */
export type Subscriber = (event: TrainingEvent, training: RunningTraining) => void | Promise<void>;

/** The keys are those of `train --json`. */
export interface TrainingSummary {
  /** Iterations in all, including those before a resumption. */
  steps: number;
  /** Iterations of this session. */
  session_steps: number;
  /** Whether it stopped before its configured length. */
  interrupted: boolean;
  /** Of this session, without start-up and evaluations. */
  seconds: number;
  /** Fraction of these seconds inside ONNX Runtime. */
  runtime_fraction: number;
  checkpoint: string;
  /** Absent if they could not be written. */
  samples?: string;
  reconstructions?: string;
}

interface AnyEvent {
  type: string;
}

const isProgress = ({ type }: AnyEvent) => ['iteration', 'decoding', 'extractor', 'scoring'].includes(type);

/** Of more waiting progress events, the oldest are dropped. */
const MAX_PROGRESS = 256;
/** With more other events, training waits. */
const MAX_OTHERS = 64;

/** A bounded queue to a consumer that may be slower. It drops only progress events. */
export class EventQueue<Event extends AnyEvent> {
  private readonly waiting: Event[] = [];
  private isClosed = false;
  private wakers: (() => void)[] = [];

  /** Resolves once there is room for further events. */
  readonly push = async (event: Event) => {
    if (this.isClosed) return;
    this.waiting.push(event);
    if (this.progressCount > MAX_PROGRESS) this.waiting.splice(this.waiting.findIndex(isProgress), 1);
    this.wake();
    while (!this.isClosed && this.waiting.length - this.progressCount > MAX_OTHERS) await this.change();
  };

  close(): void {
    this.isClosed = true;
    this.wake();
  }

  async *take(): AsyncGenerator<Event, void> {
    while (!this.isClosed || this.waiting.length > 0) {
      const event = this.waiting.shift();
      this.wake();
      if (event !== undefined) yield event;
      else await this.change();
    }
  }

  private get progressCount() {
    return this.waiting.filter(isProgress).length;
  }

  private change() {
    return new Promise<void>((resolve) => this.wakers.push(resolve));
  }

  private wake() {
    const wakers = this.wakers;
    this.wakers = [];
    for (const wake of wakers) wake();
  }
}

/**
 * Yields the events of a run, and throws its error. Leaving the loop early aborts the run and waits for its end.
 * @param run starts a run that reports to `onEvent` and stops at `signal`
 */
export async function* eventsOf<Event extends AnyEvent>(
  run: (onEvent: (event: Event) => Promise<void>, signal: AbortSignal) => Promise<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<Event, void> {
  const controller = new AbortController();
  const queue = new EventQueue<Event>();
  const signals = AbortSignal.any([controller.signal, ...(signal ? [signal] : [])]);
  const training = run(queue.push, signals).finally(() => queue.close());
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
