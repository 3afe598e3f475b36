/** The panel beside the views: experiments, arrows, and all settings on request. */
import { Choice } from '../../components/controls.js';
import { TERM_COLORS } from './arrows.js';
import { Explanation } from './explanation.js';
import { activePreset, PRESETS } from './presets.js';
import { DRAWN_SETTINGS, type PlaneSettings } from './settings.js';
import { SettingsPanel } from './settingsPanel.js';
import { SHAPE_NAMES } from './shapes.js';
import { PUSH_TERMS, type PushTerm } from './terms.js';

interface PanelProps {
  settings: PlaneSettings;
  onChange: (changes: Partial<PlaneSettings>) => void;
}

export const Panel = (props: PanelProps) => (
  <aside class="side-panel card" aria-label="Experiments and settings">
    <p class="first hint">
      Two networks learn the gray points. The generator draws them from a circle, and the encoder gives each point its
      place on the circle. Press Play, or <a href="#/tour">take the tour</a> in eight short steps.
    </p>
    <Presets {...props} />
    <Data {...props} />
    <Arrows {...props} />
    <details class="settings">
      <summary>All settings</summary>
      <SettingsPanel {...props} />
    </details>
    <Explanation />
  </aside>
);

function Presets({ settings, onChange }: PanelProps) {
  const active = activePreset(settings);
  return (
    <section aria-labelledby="presets-heading">
      <h2 id="presets-heading">Experiments</h2>
      <div class="presets" role="group" aria-labelledby="presets-heading">
        {PRESETS.map((preset) => (
          <button
            key={preset.name}
            type="button"
            class="quiet"
            aria-pressed={preset === active}
            onClick={() => onChange(preset.settings)}
          >
            {preset.name}
          </button>
        ))}
      </div>
      <p class="hint">
        {active?.text ??
          'These settings are your own. The first three experiments work, the others fail in typical ways.'}
      </p>
    </section>
  );
}

const Data = ({ settings, onChange }: PanelProps) => (
  <div class="data">
    <Choice
      label="data"
      value={settings.data}
      choices={[...SHAPE_NAMES, 'drawn' as const]}
      nameOf={(data) => (data === 'drawn' ? 'draw your own' : data)}
      onChoose={(data) => onChange(data === 'drawn' ? DRAWN_SETTINGS : { data })}
    />
    {settings.data === 'drawn' && (
      <button type="button" onClick={() => onChange({ drawn: new Float32Array(0) })}>
        Remove all points
      </button>
    )}
  </div>
);

/** What each term asks for, as arrows show it. */
const TERM_TEXTS: Record<PushTerm, string> = {
  KL_real: 'spreads codes of data',
  KL_fake: 'encoder gathers codes of samples, generator spreads them',
  match_x: 'pulls reconstructions to data',
  match_z: 'pulls codes of samples to z',
};

function Arrows({ settings: { arrows }, onChange }: PanelProps) {
  const toggle = (term: PushTerm): void =>
    onChange({ arrows: PUSH_TERMS.filter((each) => (each === term) !== arrows.includes(each)) });
  return (
    <fieldset class="arrows">
      <legend>Show arrows</legend>
      {PUSH_TERMS.map((term) => (
        <label key={term}>
          <input type="checkbox" checked={arrows.includes(term)} onChange={() => toggle(term)} />
          <span class="swatch" style={{ background: `var(${TERM_COLORS[term]})` }} />
          <span>
            {term} <span class="meaning">{TERM_TEXTS[term]}</span>
          </span>
        </label>
      ))}
      <p class="hint">
        {arrows.length === 0
          ? 'Check a term to see arrows: which way it pushes.'
          : 'Arrows are negative gradients: solid for the encoder, dashed for the generator. Lengths are logarithmic.'}
      </p>
    </fieldset>
  );
}
