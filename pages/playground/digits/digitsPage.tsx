/** Training on digits in the page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { appendPoint, Chart, type ChartPoint, type Curve } from '../../components/chart.js';
import { Choice, TrainingButtons } from '../../components/controls.js';
import { ImageCanvas } from '../../components/images.js';
import { messageOf } from '../../components/reconstructions.js';
import type { Configuration } from '../../../src/training/configuration.js';
import type { IterationReport } from '../../../src/training/trainer.js';
import { deleteStoredCheckpoint, readStoredCheckpoint, storeCheckpoint } from '../../../src/web/checkpointStorage.js';
import type { PageProps } from '../app.js';
import { configurationOf } from './configuration.js';
import { DIGIT_SIZE, type Digits, loadDigits, TRAINING_DIGITS } from './data.js';
import { DigitsSession, type Preview, RECONSTRUCTIONS, SAMPLES } from './session.js';

const SHAPE = [1, DIGIT_SIZE, DIGIT_SIZE] as const;
/** The name in the storage of the browser. */
const STORED = 'digits';
/** Milliseconds between two previews, and between two saves of a training that runs. */
const [PREVIEW_MS, SAVE_MS] = [1500, 60_000];
const WIDTHS = [4, 8, 16] as const;

const MATCHES: readonly Curve[] = [
  { key: 'encoder.match_x', label: 'match_x', color: '--curve-1' },
  { key: 'encoder.KL_real_gap', label: 'KL_real gap', color: '--curve-2' },
  { key: 'encoder.KL_fake_gap', label: 'KL_fake gap', color: '--curve-3' },
];
const VARIANCES: readonly Curve[] = [
  { key: 'encoder.code_variance_real', label: 'codes of digits', color: '--curve-1' },
  { key: 'encoder.code_variance_fake', label: 'codes of samples', color: '--curve-3' },
];

interface State {
  readonly isRunning: boolean;
  readonly isBusy: boolean;
  readonly message: string;
  readonly failed: boolean;
}

/** The training of the page: what it shows, and what the buttons do. */
function useDigits(width: number) {
  const [state, setState] = useState<State>({ isRunning: false, isBusy: true, message: 'Loading the digits…', failed: false });
  const [preview, setPreview] = useState<Preview>();
  const [points, setPoints] = useState<readonly ChartPoint[]>([]);
  const [rate, setRate] = useState(0);
  const held = useRef<{ digits?: Digits; session?: DigitsSession | undefined }>({});
  const session = (): DigitsSession | undefined => held.current.session;

  /** Does something that the buttons wait for. A failure is shown, and the rest goes on. */
  const attempt = async (message: string, action: () => Promise<string | undefined>): Promise<void> => {
    setState((before) => ({ ...before, isBusy: true, message, failed: false }));
    try {
      const result = await action();
      setState((before) => ({ ...before, isBusy: false, message: result ?? '' }));
    } catch (error) {
      setState((before) => ({ ...before, isBusy: false, isRunning: false, message: messageOf(error), failed: true }));
    }
  };
  const start = async (from: Configuration | Uint8Array): Promise<void> => {
    held.current.digits ??= await loadDigits();
    const next = await DigitsSession.start(held.current.digits, from);
    held.current.session?.stop();
    held.current.session = next;
    setPoints([]);
    const times: number[] = [];
    next.training.onReport = (report: IterationReport) => {
      setPoints((before) => appendPoint(before, { step: report.step, values: report.scalars }));
      times.push(performance.now());
      if (times.length > 20) times.shift();
      if (times.length > 1) setRate(((times.length - 1) * 1000) / (times.at(-1)! - times[0]!));
    };
    setPreview(await next.preview());
  };
  const save = async (): Promise<void> => storeCheckpoint(STORED, await session()!.training.exportCheckpoint());

  useEffect(() => {
    void attempt('Compiling the iteration…', async () => {
      const stored = await readStoredCheckpoint(STORED).catch(() => undefined);
      await start(stored ?? configurationOf(width, 1)).catch(async (error: unknown) => {
        if (!stored) throw error;
        await start(configurationOf(width, 1));
      });
      return stored ? `Continues from iteration ${session()!.training.progress.step}, as saved in this browser.` : undefined;
    });
    return () => {
      session()?.stop();
      held.current.session = undefined;
    };
  }, []);

  const run = (shouldRun: boolean): void => {
    const current = session()!;
    setState((before) => ({ ...before, isRunning: shouldRun, message: '', failed: false }));
    const done = shouldRun ? current.training.run() : current.training.pause().then(() => show(current));
    done.catch((error: unknown) => {
      if (session() === current) setState((before) => ({ ...before, isRunning: false, message: messageOf(error), failed: true }));
    });
  };
  const show = async (current: DigitsSession): Promise<void> => {
    const next = await current.preview();
    if (session() === current) setPreview(next);
  };
  // Previews and saves while training runs, each after the one before.
  useEffect(() => {
    if (!state.isRunning) return;
    let isActive = true;
    const loop = async (): Promise<void> => {
      let saved = performance.now();
      while (isActive) {
        await new Promise((resolve) => void setTimeout(resolve, PREVIEW_MS));
        const current = session();
        if (!isActive || !current) return;
        await show(current);
        if (performance.now() - saved < SAVE_MS) continue;
        saved = performance.now();
        await save();
        // An export ends a run.
        void current.training.run().catch(() => undefined);
      }
    };
    loop().catch((error: unknown) => isActive && setState((before) => ({ ...before, message: messageOf(error), failed: true })));
    return () => {
      isActive = false;
    };
  }, [state.isRunning]);

  const actions = {
    run,
    step: () =>
      void attempt('', async () => {
        const report = await session()!.training.step();
        if (report) setPoints((before) => appendPoint(before, { step: report.step, values: report.scalars }));
        await show(session()!);
        return undefined;
      }),
    reset: (chosen: number) => {
      setState((before) => ({ ...before, isRunning: false }));
      void attempt('Compiling the iteration…', async () => {
        await deleteStoredCheckpoint(STORED).catch(() => undefined);
        await start(configurationOf(chosen, 1));
        return undefined;
      });
    },
    save: () => {
      setState((before) => ({ ...before, isRunning: false }));
      void attempt('Saving…', async () => {
        await save();
        return `Iteration ${session()!.training.progress.step} is saved in this browser; it continues after a reload.`;
      });
    },
    download: () => {
      setState((before) => ({ ...before, isRunning: false }));
      void attempt('', async () => {
        const bytes = await session()!.training.exportCheckpoint();
        download(bytes, `${String(session()!.training.progress.step).padStart(6, '0')}.safetensors`);
        return undefined;
      });
    },
    open: (file: File) => {
      setState((before) => ({ ...before, isRunning: false }));
      void attempt('Reading the checkpoint…', async () => {
        await start(new Uint8Array(await file.arrayBuffer()));
        return `Continues ${file.name} on these digits.`;
      });
    },
    weights: () => session()!.training.readWeights(),
    configuration: () => session()!.training.configuration,
  };
  return { state, preview, points, rate, actions };
}

function download(bytes: Uint8Array, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function DigitsPage({ onExplore }: PageProps) {
  const [width, setWidth] = useState(8);
  const { state, preview, points, rate, actions } = useDigits(width);
  useEffect(() => {
    const onDrop = (event: DragEvent): void => {
      const [file] = Array.from(event.dataTransfer?.files ?? []);
      if (file) actions.open(file);
    };
    document.addEventListener('drop', onDrop);
    return () => document.removeEventListener('drop', onDrop);
  }, []);
  const { isRunning, isBusy, message, failed } = state;
  const step = points.at(-1)?.step ?? preview?.step ?? 0;
  const explore = (): void =>
    void actions
      .weights()
      .then((weights) => onExplore({ name: `Digits after ${step} iterations`, source: { configuration: actions.configuration(), weights } }));
  return (
    <div class="digits">
      <p>
        {TRAINING_DIGITS.toLocaleString('en')} digits of MNIST, the default recipe, in this browser. Samples become recognizable after a few hundred iterations;
        the first second is spent on compiling.
      </p>
      <TrainingButtons isRunning={isRunning} disabled={isBusy || !preview} onRun={actions.run} onStep={actions.step} onReset={() => actions.reset(width)}>
        <p class="counter">
          iteration <output id="iteration">{step}</output>, <output id="rate">{isRunning ? rate.toFixed(1) : 0}</output> per second
        </p>
      </TrainingButtons>
      <div class="buttons" role="group" aria-label="Checkpoint">
        <button id="save" type="button" disabled={isBusy || !preview} onClick={actions.save}>
          Save in this browser
        </button>
        <button id="download" type="button" disabled={isBusy || !preview} onClick={actions.download}>
          Download checkpoint
        </button>
        <button id="explore" type="button" disabled={!preview} onClick={explore}>
          Explore
        </button>
        <label>
          Continue a checkpoint:{' '}
          <input
            id="checkpoint"
            type="file"
            accept=".safetensors"
            onChange={({ currentTarget }) => {
              const [file] = Array.from(currentTarget.files ?? []);
              if (file) actions.open(file);
              currentTarget.value = '';
            }}
          />
        </label>
        <Choice
          label="width"
          value={width}
          choices={WIDTHS}
          onChoose={(chosen) => {
            setWidth(chosen);
            actions.reset(chosen);
          }}
        />
      </div>
      <p id="status" role="status" class={failed ? 'failed' : ''}>
        {message}
      </p>
      <div class="columns">
        <section aria-labelledby="samples-heading">
          <h2 id="samples-heading">Samples</h2>
          <p>Images of the same {SAMPLES} codes each time.</p>
          <div id="samples" class="images">
            {Array.from({ length: SAMPLES }, (_, index) => (
              <ImageCanvas key={index} image={preview?.samples[index]} shape={SHAPE} role="img" label={`Sample ${index + 1}`} />
            ))}
          </div>
        </section>
        <section aria-labelledby="pairs-heading">
          <h2 id="pairs-heading">Reconstructions</h2>
          <p>Digits that are not trained on, each with its reconstruction on the right.</p>
          <div id="pairs" class="images">
            {Array.from({ length: RECONSTRUCTIONS }, (_, index) =>
              [0, 1].map((side) => (
                <ImageCanvas
                  key={`${index}-${side}`}
                  image={preview?.pairs[index]?.[side as 0 | 1]}
                  shape={SHAPE}
                  role="img"
                  label={side === 0 ? `Digit ${index + 1}` : `Reconstruction ${index + 1}`}
                />
              )),
            )}
          </div>
        </section>
        <section aria-labelledby="curves-heading">
          <h2 id="curves-heading">Curves</h2>
          <Chart title="Reconstruction, and divergences above their least value" curves={MATCHES} points={points} isLog />
          <Chart title="Variance of codes (1: as the prior)" curves={VARIANCES} points={points} />
        </section>
      </div>
    </div>
  );
}
