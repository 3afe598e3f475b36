/** The panel beside the views: experiments with arrows, all settings, and a guide. */
import { useState } from 'preact/hooks';
import { Choice } from '../../components/controls.js';
import { type Tab, Tabs } from '../../components/tabs.js';
import { TERM_COLORS } from './arrows.js';
import { Explanation } from './explanation.js';
import { activePreset, PRESETS } from './presets.js';
import { DRAWN_SETTINGS, type PlaneSettings } from './settings.js';
import { SettingsPanel } from './settingsPanel.js';
import { SHAPE_NAMES } from './shapes.js';
import { PUSH_TERMS, type PushTerm, TERM_WORDS } from './terms.js';

interface PanelProps {
  settings: PlaneSettings;
  onChange: (changes: Partial<PlaneSettings>) => void;
}

type Section = 'experiments' | 'settings' | 'guide';

export function Panel(props: PanelProps) {
  const [section, setSection] = useState<Section>('experiments');
  const tabs: readonly Tab<Section>[] = [
    {
      key: 'experiments',
      name: 'Experiments',
      panel: (
        <>
          <p class="hint">
            One network draws the gray points from a circle, the other gives each its place on the circle. Press Play,
            or <a href="#/tour">take the tour</a>.
          </p>
          <Presets {...props} />
          <Data {...props} />
          <Arrows {...props} />
        </>
      ),
    },
    { key: 'settings', name: 'Settings', panel: <SettingsPanel {...props} /> },
    { key: 'guide', name: 'Guide', panel: <Explanation /> },
  ];
  return (
    <aside class="side-panel card" aria-label="Experiments and settings">
      <Tabs label="Experiments and settings" tabs={tabs} selected={section} onSelect={setSection} />
    </aside>
  );
}

function Presets({ settings, onChange }: PanelProps) {
  const active = activePreset(settings);
  return (
    <>
      <div class="presets" role="group" aria-label="Experiments">
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
    </>
  );
}

const Data = ({ settings, onChange }: PanelProps) => (
  <div class="data">
    <Choice
      label="Data"
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

function Arrows({ settings: { arrows }, onChange }: PanelProps) {
  const toggle = (term: PushTerm): void =>
    onChange({ arrows: PUSH_TERMS.filter((each) => (each === term) !== arrows.includes(each)) });
  return (
    <fieldset class="arrows">
      <legend>Arrows</legend>
      {PUSH_TERMS.map((term) => (
        <label key={term}>
          <input type="checkbox" checked={arrows.includes(term)} onChange={() => toggle(term)} />
          <span class="swatch" style={{ background: `var(${TERM_COLORS[term]})` }} />
          <span class="capital">{TERM_WORDS[term].does}</span>
          <code class="meaning">{term}</code>
        </label>
      ))}
      <p class="hint">
        Which way each term of a loss pushes: solid for the encoder, dashed for the generator. Lengths are logarithmic.
      </p>
    </fieldset>
  );
}
