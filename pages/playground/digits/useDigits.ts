/** The training of the page: what it shows, and what the buttons do. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { appendPoint, type ChartPoint } from '../../components/chart.js';
import { download } from '../../components/files.js';
import { messageOf } from '../../../src/errors.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { Configuration } from '../../../src/training/configuration.js';
import type { IterationReport } from '../../../src/training/trainer.js';
import { deleteStoredCheckpoint, readStoredCheckpoint, storeCheckpoint } from '../../../src/web/checkpoints.js';
import { createQueue } from '../../../src/web/requests.js';
import { configurationOf } from './configuration.js';
import { type Digits, loadDigits } from './data.js';
import { DigitsSession, type Preview } from './session.js';

/** The name in the storage of the browser. */
const STORED = 'digits';
/** Milliseconds between two previews, and between two saves of a training that runs. */
const [PREVIEW_MS, SAVE_MS] = [1500, 60_000];
const DEFAULT_WIDTH = 8;
/** Reports whose times give the speed. */
const TIMED = 20;

interface State {
  readonly isRunning: boolean;
  /** Whether buttons wait for an action. */
  readonly isBusy: boolean;
  readonly message: string;
  readonly failed: boolean;
}

/** The training, which listeners of the page reach whenever they were registered. */
interface Held {
  digits?: Digits;
  session?: DigitsSession | undefined;
  /** For actions, one after another. */
  readonly inTurn: ReturnType<typeof createQueue>;
  /** Whether the visitor has left the page. */
  isLeft: boolean;
  device: WebDevice;
}

/** The save of a page that was left. */
let leaving: Promise<unknown> = Promise.resolve();

export function useDigits() {
  const [width, setWidth] = useState(DEFAULT_WIDTH);
  const [state, setState] = useState<State>({
    isRunning: false,
    isBusy: true,
    message: 'Loading the digits…',
    failed: false,
  });
  const [preview, setPreview] = useState<Preview>();
  const [points, setPoints] = useState<readonly ChartPoint[]>([]);
  const [rate, setRate] = useState(0);
  const [device, setDevice] = useState<WebDevice>('wasm');
  const held = useRef<Held>({ inTurn: createQueue(), isLeft: false, device: 'wasm' });
  const session = (): DigitsSession => held.current.session!;
  const change = (changes: Partial<State>): void => setState((before) => ({ ...before, ...changes }));

  /** Does something that the buttons wait for, after what was begun before; a run ends. A failure is shown. */
  const attempt = (message: string, action: () => Promise<string | undefined>): Promise<void> =>
    held.current.inTurn(async () => {
      change({ isRunning: false, isBusy: true, message, failed: false });
      // A worker that has failed reports that to its run.
      await held.current.session?.training.pause().catch(() => undefined);
      try {
        change({ isBusy: false, message: (await action()) ?? '' });
      } catch (error) {
        change({ isBusy: false, message: messageOf(error), failed: true });
      }
    });
  const addReport = ({ step, scalars }: IterationReport): void =>
    setPoints((before) => appendPoint(before, { step, values: scalars }));
  const show = async (current: DigitsSession): Promise<void> => {
    const next = await current.preview();
    if (held.current.session === current) setPreview(next);
  };
  /** Replaces the training once the next is compiled. */
  const start = async (from: Configuration | Uint8Array, on: WebDevice = held.current.device): Promise<void> => {
    held.current.digits ??= await loadDigits();
    const next = await DigitsSession.start(held.current.digits, from, on);
    if (held.current.isLeft) return next.stop();
    held.current.session?.stop();
    Object.assign(held.current, { session: next, device: on });
    setDevice(on);
    setWidth(next.training.configuration.width);
    setPoints([]);
    const times: number[] = [];
    next.training.onReport = (report) => {
      addReport(report);
      times.push(performance.now());
      if (times.length > TIMED) times.shift();
      setRate(((times.length - 1) * 1000) / Math.max(1, times.at(-1)! - times[0]!));
    };
    await show(next);
  };
  const startFromStored = async (on: WebDevice): Promise<string | undefined> => {
    const stored = await readStoredCheckpoint(STORED).catch(() => undefined);
    const fresh = configurationOf(DEFAULT_WIDTH, 1);
    if (!stored) return void (await start(fresh, on));
    try {
      await start(stored, on);
      return `Continues from iteration ${session().training.progress.step}, as saved in this browser.`;
    } catch (error) {
      await start(fresh, on);
      return `What was saved in this browser cannot be continued (${messageOf(error)}).`;
    }
  };
  const save = async (current = session()): Promise<void> =>
    storeCheckpoint(STORED, await current.training.exportCheckpoint());

  useEffect(() => {
    void attempt('Compiling the iteration…', async () => {
      await leaving;
      return startFromStored('wasm');
    });
    return () => {
      const { session: current } = held.current;
      Object.assign(held.current, { session: undefined, isLeft: true });
      // Training continues from here when the visitor returns.
      if (current)
        leaving = save(current)
          .catch(() => undefined)
          .finally(() => current.stop());
    };
  }, []);

  /** After a run that failed: a GPU that was lost is replaced by the processor. */
  const recover = (current: DigitsSession, error: unknown): void => {
    if (held.current.session !== current) return;
    if (held.current.device === 'wasm') return change({ isRunning: false, message: messageOf(error), failed: true });
    void attempt('', async () => {
      await startFromStored('wasm');
      return `${messageOf(error)}; continues on the processor from iteration ${session().training.progress.step}, the last that was saved.`;
    });
  };
  const run = (shouldRun: boolean): void => {
    const current = session();
    change({ isRunning: shouldRun, message: '', failed: false });
    const done = shouldRun ? current.training.run() : current.training.pause().then(() => show(current));
    done.catch((error: unknown) => recover(current, error));
  };
  // Previews and saves while training runs, each after the one before.
  useEffect(() => {
    if (!state.isRunning) return;
    let isActive = true;
    const current = session();
    const loop = async (): Promise<void> => {
      let saved = performance.now();
      for (;;) {
        await new Promise((resolve) => void setTimeout(resolve, PREVIEW_MS));
        if (!isActive) return;
        await show(current);
        if (performance.now() - saved < SAVE_MS) continue;
        saved = performance.now();
        await save(current).catch((error: unknown) => change({ message: messageOf(error), failed: true }));
        // An export ends a run.
        if (isActive) current.training.run().catch((error: unknown) => recover(current, error));
      }
    };
    // If the worker has failed, the run has failed as well, and its message is shown.
    loop().catch((error: unknown) => isActive && recover(current, error));
    return () => {
      isActive = false;
    };
  }, [state.isRunning]);

  const actions = {
    run,
    step: () =>
      void attempt('', async () => {
        const report = await session().training.step();
        if (report) addReport(report);
        return void (await show(session()));
      }),
    reset: (chosen: number) =>
      void attempt('Compiling the iteration…', async () => {
        await deleteStoredCheckpoint(STORED).catch(() => undefined);
        return void (await start(configurationOf(chosen, 1)));
      }),
    /** Continues on another device, or stays where that cannot be used. */
    moveTo: (chosen: WebDevice) =>
      void attempt('Compiling the iteration…', async () => {
        const bytes = await session().training.exportCheckpoint();
        await storeCheckpoint(STORED, bytes);
        return void (await start(bytes, chosen));
      }),
    save: () =>
      void attempt('Saving…', async () => {
        await save();
        return `Iteration ${session().training.progress.step} is saved in this browser; it continues after a reload.`;
      }),
    download: () =>
      void attempt('', async () => {
        const bytes = await session().training.exportCheckpoint();
        download(
          new Blob([bytes as Uint8Array<ArrayBuffer>]),
          `${String(session().training.progress.step).padStart(6, '0')}.safetensors`,
        );
        return undefined;
      }),
    open: (file: File) =>
      void attempt('Reading the checkpoint…', async () => {
        await start(new Uint8Array(await file.arrayBuffer()));
        return `Continues ${file.name} on these digits.`;
      }),
    weights: () => session().training.readWeights(),
    configuration: () => session().training.configuration,
  };
  return { state, preview, points, rate, device, width, actions };
}
