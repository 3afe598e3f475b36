/** The state of training on images, and the actions of its buttons. */
import { appendPoint, type ChartPoint } from '../../components/chart.js';
import { download } from '../../components/files.js';
import { messageOf } from '../../../src/errors.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { ModelSource } from '../../../src/web/modelWorker.js';
import type { Configuration } from '../../../src/training/configuration.js';
import type { IterationReport } from '../../../src/training/trainer.js';
import { deleteStoredCheckpoint, readStoredCheckpoint, storeCheckpoint } from '../../../src/web/checkpoints.js';
import { oneAtATime } from '../../../src/turns.js';
import type { TrainingImages } from './images.js';
import { ImageSession, type Preview, type SessionStart } from './session.js';

/** Images to train on, and how training begins. */
export interface TrainingKind {
  /** The name in the storage of the browser (default: nothing is stored). */
  stored?: string;
  /** Of downloaded checkpoints, before the iteration (default: none). */
  prefix?: string;
  /** In messages, such as "these digits". */
  name: string;
  load: () => Promise<TrainingImages>;
  /** The ways to begin; the first is the default. */
  variants: readonly string[];
  start: (variant: string) => Promise<SessionStart>;
  /** The variant of a training that continues a checkpoint. */
  variantOf: (configuration: Configuration, chosen: string) => string;
}

/** Milliseconds between two previews, and between two saves while training runs. */
const [PREVIEW_MS, SAVE_MS] = [1500, 60_000];
/** The latest reports, whose times give the speed. */
const TIMED = 20;
const COMPILING = 'Compiling the networks…';

export interface ImageTrainingState {
  isRunning: boolean;
  /** Whether buttons wait for an action. */
  isBusy: boolean;
  message: string;
  hasFailed: boolean;
  images?: TrainingImages;
  /** Whether training began with new weights. */
  isNew: boolean;
  preview?: Preview;
  points: readonly ChartPoint[];
  /** Iterations per second. */
  rate: number;
  device: WebDevice;
  variant: string;
}

export const initialStateOf = ({ name, variants }: TrainingKind): ImageTrainingState => ({
  isRunning: false,
  isBusy: true,
  message: `Loading ${name}…`,
  hasFailed: false,
  isNew: true,
  points: [],
  rate: 0,
  device: 'wasm',
  variant: variants[0]!,
});

/** The save of a page that the visitor has left. */
let leaving: Promise<unknown> = Promise.resolve();

export class ImageTraining {
  private state: ImageTrainingState;
  private images: TrainingImages | undefined;
  private current: ImageSession | undefined;
  private isLeft = false;
  private runs = 0;
  private readonly inTurn = oneAtATime();

  /** @param onChange receives each new state */
  constructor(
    private readonly kind: TrainingKind,
    private readonly onChange: (state: ImageTrainingState) => void,
  ) {
    this.state = initialStateOf(kind);
  }

  /** Continues from this browser's checkpoint, or begins. */
  open(): void {
    this.attempt(COMPILING, async () => {
      await leaving;
      return this.startFromStored('wasm');
    });
  }

  /** Stores the training, which continues when the visitor returns. */
  leave(): void {
    const { current } = this;
    this.isLeft = true;
    this.current = undefined;
    if (!current) return;
    leaving = this.store(current)
      .catch(() => undefined)
      .finally(() => current.stop());
  }

  /** Trains, after an action for which buttons wait. */
  run(): void {
    this.change({ isRunning: true, hasFailed: false });
    void this.inTurn(() => Promise.resolve(this.begin()));
  }

  pause(): void {
    this.change({ isRunning: false });
    if (this.state.isBusy) return;
    const session = this.session;
    this.change({ message: '', hasFailed: false });
    session.training
      .pause()
      .then(() => this.show(session))
      .catch((error: unknown) => this.recover(session, error));
  }

  /** Trains one iteration. The button stays enabled, so that each press counts. */
  step(): void {
    const iterate = async (): Promise<void> => {
      const report = await this.session.training.step();
      if (report) this.addReport(report);
      await this.show(this.session);
    };
    this.change({ message: '', hasFailed: false });
    this.inTurn(iterate).catch((error: unknown) => this.fail(error));
  }

  /** Begins again with fresh weights. */
  reset(variant: string): void {
    this.attempt(COMPILING, async () => {
      const { stored } = this.kind;
      if (stored) await deleteStoredCheckpoint(stored).catch(() => undefined);
      this.change({ variant });
      await this.start(await this.kind.start(variant));
    });
  }

  /** Continues on another device, or stays if that cannot be used. */
  moveTo(device: WebDevice): void {
    this.attempt(COMPILING, async () => {
      const bytes = await this.session.training.exportCheckpoint();
      await this.keep(bytes);
      await this.start({ checkpoint: bytes }, device);
    });
  }

  save(): void {
    this.attempt('Saving…', async () => {
      await this.store(this.session);
      return `Iteration ${this.iteration.toLocaleString('en')} is saved in this browser; it continues after a reload.`;
    });
  }

  download(): void {
    this.attempt('Fitting the density of codes…', async () => {
      const bytes = await this.session.training.exportCheckpoint({ density: true });
      const { prefix = '' } = this.kind;
      const name = `${prefix}${String(this.iteration).padStart(6, '0')}.safetensors`;
      download(new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
    });
  }

  /** Continues the checkpoint in a file. */
  continueFile(file: File | undefined): void {
    if (!file) return;
    this.attempt('Reading the checkpoint…', async () => {
      await this.start({ checkpoint: new Uint8Array(await file.arrayBuffer()) });
      return `Continues ${file.name} on ${this.kind.name}.`;
    });
  }

  /** Passes on the networks as they are now, which draw samples from the density of codes. */
  explore(onExplore: (source: ModelSource) => void): void {
    this.attempt('Fitting the density of codes…', async () => {
      onExplore({ checkpoint: await this.session.training.exportCheckpoint({ density: true }) });
    });
  }

  private get session(): ImageSession {
    return this.current!;
  }

  private get iteration(): number {
    return this.session.training.progress.step;
  }

  private change(changes: Partial<ImageTrainingState>): void {
    this.state = { ...this.state, ...changes };
    this.onChange(this.state);
  }

  private fail(error: unknown): void {
    this.change({ isRunning: false, isBusy: false, message: messageOf(error), hasFailed: true });
  }

  /** Pauses and does something for which the buttons wait, after earlier actions. Shows the message that it returns. */
  private attempt(message: string, action: () => Promise<string | void>): void {
    void this.inTurn(async () => {
      this.change({ isRunning: false, isBusy: true, message, hasFailed: false });
      // A worker that has failed reports that to its run.
      await this.current?.training.pause().catch(() => undefined);
      try {
        this.change({ isBusy: false, message: (await action()) ?? '' });
      } catch (error) {
        this.fail(error);
      }
    });
  }

  private begin(): void {
    const session = this.current;
    if (!this.state.isRunning || !session) return;
    this.change({ message: '' });
    this.train(session);
    // If the worker has failed, the run has failed as well, and its message is shown.
    this.follow(session, ++this.runs).catch((error: unknown) => this.recover(session, error));
  }

  private addReport({ step, scalars }: IterationReport): void {
    this.change({ points: appendPoint(this.state.points, { step, values: scalars }) });
  }

  private async show(session: ImageSession): Promise<void> {
    const preview = await session.preview();
    if (session === this.current) this.change({ preview });
  }

  private async store({ training }: ImageSession): Promise<void> {
    await this.keep(await training.exportCheckpoint());
  }

  private async keep(checkpoint: Uint8Array): Promise<void> {
    if (this.kind.stored) await storeCheckpoint(this.kind.stored, checkpoint);
  }

  /** Replaces the training once the next one is compiled. */
  private async start(from: SessionStart, device: WebDevice = this.state.device): Promise<void> {
    this.images ??= await this.kind.load();
    this.change({ images: this.images });
    const next = await ImageSession.start(this.images, from, device);
    if (this.isLeft) return next.stop();
    this.current?.stop();
    this.current = next;
    const variant = this.kind.variantOf(next.training.configuration, this.state.variant);
    this.change({ device, variant, points: [], isNew: from.checkpoint === undefined });
    const times: number[] = [];
    next.training.onReport = (report) => {
      this.addReport(report);
      times.push(performance.now());
      if (times.length > TIMED) times.shift();
      this.change({ rate: ((times.length - 1) * 1000) / Math.max(1, times.at(-1)! - times[0]!) });
    };
    await this.show(next);
  }

  private async startFromStored(device: WebDevice): Promise<string> {
    const stored = this.kind.stored && (await readStoredCheckpoint(this.kind.stored).catch(() => undefined));
    const fresh = await this.kind.start(this.state.variant);
    if (!stored) {
      await this.start(fresh, device);
      return '';
    }
    try {
      await this.start({ checkpoint: stored }, device);
      return `Continues from iteration ${this.iteration.toLocaleString('en')}, as saved in this browser.`;
    } catch (error) {
      await this.start(fresh, device);
      return `The checkpoint in this browser cannot be continued (${messageOf(error)}).`;
    }
  }

  private train(session: ImageSession): void {
    session.training.run().catch((error: unknown) => this.recover(session, error));
  }

  /** Shows previews and saves while training runs, each after the one before. */
  private async follow(session: ImageSession, run: number): Promise<void> {
    const isActive = (): boolean => this.state.isRunning && run === this.runs && session === this.current;
    let saved = performance.now();
    for (;;) {
      await new Promise((resolve) => void setTimeout(resolve, PREVIEW_MS));
      if (!isActive()) return;
      await this.show(session);
      if (!this.kind.stored || performance.now() - saved < SAVE_MS) continue;
      saved = performance.now();
      await this.store(session).catch((error: unknown) => this.change({ message: messageOf(error), hasFailed: true }));
      // An export ends a run.
      if (isActive()) this.train(session);
    }
  }

  /** After a run that failed: the CPU replaces a GPU that was lost. */
  private recover(session: ImageSession, error: unknown): void {
    if (session !== this.current) return;
    if (this.state.device === 'wasm') return this.fail(error);
    this.attempt('', async () => {
      await this.startFromStored('wasm');
      const saved = this.iteration.toLocaleString('en');
      return `${messageOf(error)}; continues on the CPU from iteration ${saved}, the last that was saved.`;
    });
  }
}
