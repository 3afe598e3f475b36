/** The state of the training on digits, and the actions of its buttons. */
import { appendPoint, type ChartPoint } from '../../components/chart.js';
import { download } from '../../components/files.js';
import { messageOf } from '../../../src/errors.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { ModelSource } from '../../../src/web/modelWorker.js';
import type { Configuration } from '../../../src/training/configuration.js';
import type { IterationReport } from '../../../src/training/trainer.js';
import { deleteStoredCheckpoint, readStoredCheckpoint, storeCheckpoint } from '../../../src/web/checkpoints.js';
import { oneAtATime } from '../../../src/turns.js';
import { configurationOf } from './configuration.js';
import { type Digits, loadDigits } from './data.js';
import { DigitsSession, type Preview } from './session.js';

/** The name in the storage of the browser. */
const STORED = 'digits';
/** Milliseconds between two previews, and between two saves while training runs. */
const [PREVIEW_MS, SAVE_MS] = [1500, 60_000];
const DEFAULT_WIDTH = 8;
const SEED = 1;
/** The latest reports, whose times give the speed. */
const TIMED = 20;
const COMPILING = 'Compiling the iteration…';

export interface DigitsState {
  isRunning: boolean;
  /** Whether buttons wait for an action. */
  isBusy: boolean;
  message: string;
  hasFailed: boolean;
  preview?: Preview;
  points: readonly ChartPoint[];
  /** Iterations per second. */
  rate: number;
  device: WebDevice;
  width: number;
}

export const INITIAL_STATE: DigitsState = {
  isRunning: false,
  isBusy: true,
  message: 'Loading the digits…',
  hasFailed: false,
  points: [],
  rate: 0,
  device: 'wasm',
  width: DEFAULT_WIDTH,
};

/** The save of a page that the visitor has left. */
let leaving: Promise<unknown> = Promise.resolve();

export class DigitsTraining {
  private state = INITIAL_STATE;
  private digits: Digits | undefined;
  private current: DigitsSession | undefined;
  private isLeft = false;
  private runs = 0;
  private readonly inTurn = oneAtATime();

  /** @param onChange receives each new state */
  constructor(private readonly onChange: (state: DigitsState) => void) {}

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

  run(): void {
    const session = this.session;
    this.change({ isRunning: true, message: '', hasFailed: false });
    this.train(session);
    // If the worker has failed, the run has failed as well, and its message is shown.
    this.follow(session, ++this.runs).catch((error: unknown) => this.recover(session, error));
  }

  pause(): void {
    const session = this.session;
    this.change({ isRunning: false, message: '', hasFailed: false });
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
  reset(width: number): void {
    this.attempt(COMPILING, async () => {
      await deleteStoredCheckpoint(STORED).catch(() => undefined);
      await this.start(configurationOf(width, SEED));
    });
  }

  /** Continues on another device, or stays if that cannot be used. */
  moveTo(device: WebDevice): void {
    this.attempt(COMPILING, async () => {
      const bytes = await this.session.training.exportCheckpoint();
      await storeCheckpoint(STORED, bytes);
      await this.start(bytes, device);
    });
  }

  save(): void {
    this.attempt('Saving…', async () => {
      await this.store(this.session);
      return `Iteration ${this.iteration} is saved in this browser; it continues after a reload.`;
    });
  }

  download(): void {
    this.attempt('', async () => {
      const bytes = await this.session.training.exportCheckpoint();
      download(new Blob([bytes as Uint8Array<ArrayBuffer>]), `${String(this.iteration).padStart(6, '0')}.safetensors`);
    });
  }

  /** Continues the checkpoint in a file. */
  continueFile(file: File | undefined): void {
    if (!file) return;
    this.attempt('Reading the checkpoint…', async () => {
      await this.start(new Uint8Array(await file.arrayBuffer()));
      return `Continues ${file.name} on these digits.`;
    });
  }

  /** Passes on the networks as they are now. */
  explore(onExplore: (source: ModelSource) => void): void {
    const { training } = this.session;
    training
      .readWeights()
      .then((weights) => onExplore({ configuration: training.configuration, weights }))
      .catch((error: unknown) => this.fail(error));
  }

  private get session(): DigitsSession {
    return this.current!;
  }

  private get iteration(): number {
    return this.session.training.progress.step;
  }

  private change(changes: Partial<DigitsState>): void {
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

  private addReport({ step, scalars }: IterationReport): void {
    this.change({ points: appendPoint(this.state.points, { step, values: scalars }) });
  }

  private async show(session: DigitsSession): Promise<void> {
    const preview = await session.preview();
    if (session === this.current) this.change({ preview });
  }

  private async store({ training }: DigitsSession): Promise<void> {
    await storeCheckpoint(STORED, await training.exportCheckpoint());
  }

  /** Replaces the training once the next one is compiled. */
  private async start(from: Configuration | Uint8Array, device: WebDevice = this.state.device): Promise<void> {
    this.digits ??= await loadDigits();
    const next = await DigitsSession.start(this.digits, from, device);
    if (this.isLeft) return next.stop();
    this.current?.stop();
    this.current = next;
    this.change({ device, width: next.training.configuration.width, points: [] });
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
    const stored = await readStoredCheckpoint(STORED).catch(() => undefined);
    const fresh = configurationOf(DEFAULT_WIDTH, SEED);
    if (!stored) {
      await this.start(fresh, device);
      return '';
    }
    try {
      await this.start(stored, device);
      return `Continues from iteration ${this.iteration}, as saved in this browser.`;
    } catch (error) {
      await this.start(fresh, device);
      return `The checkpoint in this browser cannot be continued (${messageOf(error)}).`;
    }
  }

  private train(session: DigitsSession): void {
    session.training.run().catch((error: unknown) => this.recover(session, error));
  }

  /** Shows previews and saves while training runs, each after the one before. */
  private async follow(session: DigitsSession, run: number): Promise<void> {
    const isActive = (): boolean => this.state.isRunning && run === this.runs && session === this.current;
    let saved = performance.now();
    for (;;) {
      await new Promise((resolve) => void setTimeout(resolve, PREVIEW_MS));
      if (!isActive()) return;
      await this.show(session);
      if (performance.now() - saved < SAVE_MS) continue;
      saved = performance.now();
      await this.store(session).catch((error: unknown) => this.change({ message: messageOf(error), hasFailed: true }));
      // An export ends a run.
      if (isActive()) this.train(session);
    }
  }

  /** After a run that failed: the CPU replaces a GPU that was lost. */
  private recover(session: DigitsSession, error: unknown): void {
    if (session !== this.current) return;
    if (this.state.device === 'wasm') return this.fail(error);
    this.attempt('', async () => {
      await this.startFromStored('wasm');
      return `${messageOf(error)}; continues on the CPU from iteration ${this.iteration}, the last that was saved.`;
    });
  }
}
