/** AGE on two-dimensional data, live. */
import { useEffect, useState } from 'preact/hooks';
import { Chart } from '../../components/chart.js';
import { TrainingButtons } from '../../components/controls.js';
import type { PageProps } from '../page.js';
import { DIVERGENCES, LOSSES, MATCHES } from './curves.js';
import { Explanation } from './explanation.js';
import { activePreset, PRESETS } from './presets.js';
import { dataOf, fromQuery, LATENT_OF, MAX_DRAWN, modelOf, type PlaneSettings, toQuery } from './settings.js';
import { SettingsPanel } from './settingsPanel.js';
import { usePlane } from './usePlane.js';
import { CodesView, EncoderView, GeneratorView } from './views.js';

/** Milliseconds until the address follows the settings: browsers limit how often it may change. */
const ADDRESS_MS = 300;

export function PlanePage({ query, onQuery }: PageProps) {
  const [settings, setSettings] = useState(() => fromQuery(query));
  const { frame, points, isReady, isRunning, failure, run, step, reset } = usePlane(settings);
  useEffect(() => {
    const timer = setTimeout(() => onQuery(toQuery(settings)), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [settings]);
  const change = (changes: Partial<PlaneSettings>): void => setSettings((before) => ({ ...before, ...changes }));
  const addPoint = (x: number, y: number): void =>
    setSettings((before) =>
      before.drawn.length < 2 * MAX_DRAWN && Math.max(Math.abs(x), Math.abs(y)) <= 1
        ? { ...before, drawn: Float32Array.of(...before.drawn, x, y) }
        : before,
    );
  const waiting =
    dataOf(settings) === undefined ? 'Press on the first view to add points.' : 'Compiling the iteration…';
  const view = { view: frame?.view, latent: LATENT_OF[settings.prior] };
  return (
    <div class="plane">
      <TrainingButtons
        isRunning={isRunning}
        disabled={!isReady || failure !== ''}
        onRun={run}
        onStep={step}
        onReset={reset}
      >
        <p class="counter">
          iteration <span id="iteration">{frame?.view.step ?? 0}</span>,{' '}
          <span id="rate">{isRunning ? (frame?.rate ?? 0).toFixed(0) : 0}</span> per second
        </p>
      </TrainingButtons>
      <Presets settings={settings} onChange={change} />
      <Explanation />
      <p id="status" role="status" class={failure ? 'failed' : ''}>
        {failure || (isReady ? '' : waiting)}
      </p>
      <div class="views">
        <GeneratorView
          {...view}
          isConditional={modelOf(settings).isConditional}
          onPoint={settings.data === 'drawn' ? addPoint : undefined}
        />
        <EncoderView {...view} />
        <CodesView {...view} />
      </div>
      <div class="columns">
        <SettingsPanel settings={settings} onChange={change} />
        <section aria-labelledby="curves-heading">
          <h2 id="curves-heading">Curves</h2>
          <Chart title="Divergences above their lower bound" curves={DIVERGENCES} points={points} isLog />
          <Chart title="Reconstruction of data and codes" curves={MATCHES} points={points} isLog />
          <Chart title="Losses, and the term uniform" curves={LOSSES} points={points} />
        </section>
      </div>
    </div>
  );
}

interface PresetsProps {
  settings: PlaneSettings;
  onChange: (changes: Partial<PlaneSettings>) => void;
}

function Presets({ settings, onChange }: PresetsProps) {
  const active = activePreset(settings);
  return (
    <div>
      <div class="buttons" role="group" aria-label="Presets">
        {PRESETS.map((preset) => (
          <button
            key={preset.name}
            type="button"
            aria-pressed={preset === active}
            onClick={() => onChange(preset.settings)}
          >
            {preset.name}
          </button>
        ))}
      </div>
      <p class="hint">
        {active?.text ??
          'These settings are your own. Choose a preset to start from: the first three work, the others fail in typical ways.'}
      </p>
    </div>
  );
}
