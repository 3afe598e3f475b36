/** Choices and sliders of the plane. */
import { Choice, LogSlider } from '../../components/controls.js';
import * as choices from './settings.js';
import type { PlaneSettings } from './settings.js';
import { PLANE_TERMS } from './terms.js';

const TERM_TITLES: Record<string, string> = {
  'encoder.KL_real': 'makes codes of data uniform',
  'encoder.KL_fake': 'makes codes of samples less uniform: the adversary',
  'encoder.match_x': 'reconstructs data',
  'encoder.uniform': 'makes codes of data repel each other, even if the divergence is at its lower bound',
  'generator.KL_fake': 'makes codes of samples uniform, so that samples become like data',
  'generator.match_z': 'reconstructs codes',
  'generator.match_x': 'reconstructs data',
};

interface SettingsPanelProps {
  settings: PlaneSettings;
  onChange: (changes: Partial<PlaneSettings>) => void;
}

export function SettingsPanel({ settings, onChange }: SettingsPanelProps) {
  const choiceOf = <K extends 'prior' | 'condition' | 'hidden' | 'generatorUpdates' | 'seed'>(
    key: K,
    label: string,
    values: readonly PlaneSettings[K][],
  ) => <Choice label={label} value={settings[key]} choices={values} onChoose={(value) => onChange({ [key]: value })} />;
  return (
    <>
      {choiceOf('prior', 'Prior', choices.PRIOR_NAMES)}
      {settings.data !== 'drawn' && choiceOf('condition', 'Condition', choices.CONDITIONS)}
      {choiceOf('hidden', 'Hidden units', choices.HIDDEN)}
      {choiceOf('generatorUpdates', 'Generator updates', choices.GENERATOR_UPDATES)}
      {choiceOf('seed', 'Seed', choices.SEEDS)}
      <LogSlider
        label="Learning rate"
        value={settings.learningRate}
        {...choices.LEARNING_RATES}
        onChange={(learningRate) => onChange({ learningRate })}
      />
      <Weights settings={settings} onChange={onChange} />
    </>
  );
}

function Weights({ settings: { weights }, onChange }: SettingsPanelProps) {
  return (['encoder', 'generator'] as const).map((network) => (
    <fieldset key={network}>
      <legend class="capital">{network}: weights of the loss</legend>
      {PLANE_TERMS[network].map((term) => (
        <LogSlider
          key={term}
          label={term}
          title={TERM_TITLES[`${network}.${term}`]!}
          value={(weights[network] as Record<string, number>)[term]!}
          {...choices.WEIGHTS}
          hasZero
          onChange={(weight) =>
            onChange({ weights: { ...weights, [network]: { ...weights[network], [term]: weight } } })
          }
        />
      ))}
    </fieldset>
  ));
}
