/** AGE on two-dimensional data, live. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { appendPoint, Chart, type ChartPoint, type Curve } from '../../components/chart.js';
import { Choice, LogSlider, TrainingButtons } from '../../components/controls.js';
import { messageOf } from '../../../src/errors.js';
import { Requests } from '../../../src/web/requests.js';
import { openWorker } from '../workers.js';
import { Explanation } from './explanation.js';
import { PRESETS, type Preset } from './presets.js';
import type { PlaneFrame, PlaneRequest } from './protocol.js';
import * as choices from './settings.js';
import { dataOf, fromQuery, modelOf, optionsOf, type PlaneSettings, toQuery } from './settings.js';
import { SHAPE_NAMES } from './shapes.js';
import { divergenceBound, PLANE_TERMS } from './training.js';
import { CodesView, EncoderView, GeneratorView } from './views.js';

const DIVERGENCES: readonly Curve[] = [
  { key: 'encoder.KL_real_excess', label: 'KL_real', color: '--curve-1' },
  { key: 'encoder.KL_fake_excess', label: 'KL_fake (encoder)', color: '--curve-2' },
  { key: 'generator.KL_fake_excess', label: 'KL_fake (generator)', color: '--curve-2', dash: true },
];
const MATCHES: readonly Curve[] = [
  { key: 'encoder.match_x', label: 'match_x', color: '--curve-1' },
  { key: 'generator.match_z_excess', label: 'match_z', color: '--curve-2' },
];
const LOSSES: readonly Curve[] = [
  { key: 'encoder.loss', label: 'encoder', color: '--curve-1' },
  { key: 'generator.loss', label: 'generator', color: '--curve-2' },
  { key: 'encoder.uniform', label: 'uniform', color: '--curve-3' },
];

/** Milliseconds until the address follows the settings. */
const ADDRESS_MS = 300;

/** Milliseconds between two updates of the charts, which are slower to draw than the views. */
const CHART_MS = 200;

/** The least value of an excess in a chart on a logarithmic scale. */
const LEAST_EXCESS = 1e-5;

const TERM_TITLES: Readonly<Record<string, string>> = {
  'encoder.KL_real': 'codes of data become uniform',
  'encoder.KL_fake': 'codes of samples become less uniform: the adversary',
  'encoder.match_x': 'data are reconstructed',
  'encoder.uniform': 'codes of data repel each other, also where the divergence is already least',
  'generator.KL_fake': 'codes of samples become uniform: samples become like data',
  'generator.match_z': 'codes are reconstructed',
  'generator.match_x': 'data are reconstructed',
};

/** The worker of a training on the plane; `start` again whenever what is compiled changes. */
function usePlane(settings: PlaneSettings, onFrame: (frame: PlaneFrame) => void, onFailure: (error: unknown) => void) {
  const requests = useRef<Requests<PlaneRequest, PlaneFrame | undefined, PlaneFrame> | undefined>(undefined);
  const handlers = useRef({ onFrame, onFailure });
  handlers.current = { onFrame, onFailure };
  const [isReady, setIsReady] = useState(false);
  /** Returns whether the worker did as requested. */
  const send = (request: PlaneRequest): Promise<boolean> =>
    requests.current!.send(request).then(
      (frame) => {
        if (frame) handlers.current.onFrame(frame);
        return true;
      },
      (error: unknown) => {
        handlers.current.onFailure(error);
        return false;
      },
    );
  useEffect(() => {
    requests.current = new Requests(openWorker('plane'), 'training', (frame: PlaneFrame) =>
      handlers.current.onFrame(frame),
    );
    return () => requests.current!.stop();
  }, []);
  const starts = useRef(0);
  /** Returns whether this training is the one that the worker has. */
  const start = async (): Promise<boolean> => {
    const number = ++starts.current;
    setIsReady(false);
    const started = await send({
      type: 'start',
      model: modelOf(settings),
      data: dataOf(settings),
      options: optionsOf(settings),
    });
    if (number !== starts.current) return false;
    setIsReady(started);
    return started;
  };
  return { isReady, send, start };
}

export function PlanePage({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  const [settings, setSettings] = useState(() => fromQuery(query));
  const [frame, setFrame] = useState<PlaneFrame>();
  const [points, setPoints] = useState<readonly ChartPoint[]>([]);
  const [isRunning, setIsRunning] = useState(false);
  const [failure, setFailure] = useState('');
  /** Whether training runs once the worker has it. */
  const runs = useRef(false);
  const latent = choices.LATENT_OF[settings.prior];
  const bound = useMemo(() => divergenceBound(latent), [latent]);

  const pending = useRef<{ frame?: PlaneFrame; points: ChartPoint[]; timer: number; drawn: number }>({
    points: [],
    timer: 0,
    drawn: 0,
  });
  const draw = (now: number): void => {
    const { current } = pending;
    current.timer = 0;
    setFrame(current.frame);
    if (now - current.drawn < CHART_MS && isRunning) return;
    current.drawn = now;
    const added = current.points.splice(0);
    setPoints((before) => added.reduce(appendPoint, before));
  };
  const onFrame = (received: PlaneFrame): void => {
    const { current } = pending;
    current.frame = received;
    if (received.report)
      current.points.push({ step: received.view.step, values: withExcess(received.report, bound, latent) });
    // A slow screen skips frames instead of falling behind.
    current.timer ||= requestAnimationFrame(draw);
  };
  const { isReady, send, start } = usePlane(settings, onFrame, (error) => {
    setFailure(messageOf(error));
    setIsRunning(false);
    runs.current = false;
  });

  const { data, drawn, prior, hidden, generatorUpdates, seed, learningRate, weights, speed } = settings;
  const restart = (): void => {
    setIsRunning(false);
    setFailure('');
    void start().then((started) => {
      if (!started) return;
      // Frames of the training before it may have come until now.
      setPoints([]);
      pending.current.points = [];
      setIsRunning(runs.current);
    });
  };
  // Settings of the graph and the data begin anew; inputs of the graph take effect at once.
  useEffect(restart, [data, drawn, prior, hidden, generatorUpdates, seed]);
  useEffect(() => void send({ type: 'options', options: optionsOf(settings) }), [learningRate, weights]);
  useEffect(() => {
    if (isRunning) void send({ type: 'run', perSecond: speed === 'fastest' ? Infinity : Number(speed) });
  }, [isRunning, speed]);
  // Browsers limit how often an address may change.
  useEffect(() => {
    const timer = setTimeout(() => onQuery(toQuery(settings)), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [settings]);

  const change = (changes: Partial<PlaneSettings>): void => setSettings((before) => ({ ...before, ...changes }));
  const run = (shouldRun: boolean): void => {
    runs.current = shouldRun;
    setIsRunning(shouldRun);
    if (!shouldRun) void send({ type: 'pause' });
  };
  const addPoint = (x: number, y: number): void =>
    setSettings((before) =>
      before.drawn.length < 2 * choices.MAX_DRAWN && Math.max(Math.abs(x), Math.abs(y)) <= 1
        ? { ...before, drawn: Float32Array.of(...before.drawn, x, y) }
        : before,
    );
  return (
    <div class="plane">
      <TrainingButtons
        isRunning={isRunning}
        disabled={!isReady || failure !== ''}
        onRun={run}
        onStep={() => void send({ type: 'step' })}
        onReset={() => {
          runs.current = false;
          restart();
        }}
      >
        <p class="counter">
          iteration <span id="iteration">{frame?.view.step ?? 0}</span>,{' '}
          <span id="rate">{isRunning ? (frame?.rate ?? 0).toFixed(0) : 0}</span> per second
        </p>
      </TrainingButtons>
      <Presets onChoose={({ settings: chosen }) => change(chosen)} />
      <p id="status" role="status" class={failure ? 'failed' : ''}>
        {failure || (isReady ? '' : 'Compiling the iteration…')}
      </p>
      <div class="views">
        <figure>
          <figcaption>Data and generator</figcaption>
          <GeneratorView view={frame?.view} latent={latent} onPoint={data === 'drawn' ? addPoint : undefined} />
        </figure>
        <figure>
          <figcaption>Encoder: colors of codes</figcaption>
          <EncoderView view={frame?.view} latent={latent} />
        </figure>
        <figure>
          <figcaption>
            {latent === 2 ? 'Codes: data outside, samples inside' : 'Codes: data above, samples below'}
          </figcaption>
          <CodesView view={frame?.view} latent={latent} />
        </figure>
      </div>
      <div class="columns">
        <section aria-labelledby="settings-heading">
          <h2 id="settings-heading">Settings</h2>
          <Choice
            label="data"
            value={data}
            choices={[...SHAPE_NAMES, 'drawn' as const]}
            onChoose={(chosen) => change({ data: chosen })}
          />
          {data === 'drawn' && (
            <p>
              Press on the first view to add points.{' '}
              <button type="button" onClick={() => change({ drawn: new Float32Array(0) })}>
                Remove all points
              </button>
            </p>
          )}
          <Choice
            label="prior"
            value={prior}
            choices={choices.PRIOR_NAMES}
            onChoose={(chosen) => change({ prior: chosen })}
          />
          <Choice
            label="hidden units"
            value={hidden}
            choices={choices.HIDDEN}
            onChoose={(chosen) => change({ hidden: chosen })}
          />
          <Choice
            label="generator updates"
            value={generatorUpdates}
            choices={choices.GENERATOR_UPDATES}
            onChoose={(chosen) => change({ generatorUpdates: chosen })}
          />
          <Choice label="seed" value={seed} choices={[1, 2, 3, 4, 5]} onChoose={(chosen) => change({ seed: chosen })} />
          <Choice
            label="iterations per second"
            value={speed}
            choices={choices.SPEEDS}
            onChoose={(chosen) => change({ speed: chosen })}
          />
          <LogSlider
            label="learning rate"
            value={learningRate}
            {...choices.LEARNING_RATES}
            onChange={(rate) => change({ learningRate: rate })}
          />
          {(['encoder', 'generator'] as const).map((network) => (
            <fieldset key={network}>
              <legend>{network}: weights of the loss</legend>
              {PLANE_TERMS[network].map((term) => (
                <LogSlider
                  key={term}
                  label={term}
                  title={TERM_TITLES[`${network}.${term}`]!}
                  value={(weights[network] as Record<string, number>)[term]!}
                  {...choices.WEIGHTS}
                  hasZero
                  onChange={(weight) =>
                    change({ weights: { ...weights, [network]: { ...weights[network], [term]: weight } } })
                  }
                />
              ))}
            </fieldset>
          ))}
        </section>
        <section aria-labelledby="curves-heading">
          <h2 id="curves-heading">Curves</h2>
          <Chart title="Divergences above their least value" curves={DIVERGENCES} points={points} isLog />
          <Chart title="Reconstruction of data and codes" curves={MATCHES} points={points} isLog />
          <Chart title="Losses, and the term uniform" curves={LOSSES} points={points} />
        </section>
        <Explanation />
      </div>
    </div>
  );
}

function Presets({ onChoose }: { onChoose: (preset: Preset) => void }) {
  const [chosen, setChosen] = useState<Preset>();
  return (
    <div>
      <div class="buttons" role="group" aria-label="Presets">
        {PRESETS.map((preset) => (
          <button
            key={preset.name}
            type="button"
            aria-pressed={preset === chosen}
            onClick={() => {
              setChosen(preset);
              onChoose(preset);
            }}
          >
            {preset.name}
          </button>
        ))}
      </div>
      <p class="hint">
        {chosen?.text ?? 'Press Play, or choose a preset: the first two work, the others fail in typical ways.'}
      </p>
    </div>
  );
}

/** Adds the divergences above their bound, and match_z above 2 - 1/M, its value for equal codes. */
function withExcess(report: Readonly<Record<string, number>>, bound: number, latent: number): Record<string, number> {
  const excess = (value: number, least: number): number => Math.max(LEAST_EXCESS, value - least);
  return {
    ...report,
    'encoder.KL_real_excess': excess(report['encoder.KL_real']!, bound),
    'encoder.KL_fake_excess': excess(report['encoder.KL_fake']!, bound),
    'generator.KL_fake_excess': excess(report['generator.KL_fake']!, bound),
    'generator.match_z_excess': excess(report['generator.match_z']!, 2 - 1 / latent),
  };
}
