/** Metrics, journal, configuration and checkpoints of a run. */
import { useState } from 'preact/hooks';
import type { RunDetail } from '../../../src/studio/schemas.js';
import { addressOf } from '../address.js';
import { checkpointAddress } from '../api.js';
import { CommandLine } from '../commandLine.js';
import { formatNumber, formatTime, settingText } from '../format.js';
import { explain, labelOf } from '../labels.js';

export function Metrics({ detail: { metrics, metricsStep, command } }: { detail: RunDetail }) {
  return (
    <section class="card" aria-labelledby="metrics-heading">
      <h2 id="metrics-heading">Metrics</h2>
      {metrics.length === 0 ? (
        <>
          <p class="meaning">
            Not evaluated yet. Set <code>--evaluate-every</code> to compute all metrics during training, or run:
          </p>
          <CommandLine command={command.replace('train --resume', 'evaluate')} />
        </>
      ) : (
        <>
          <p class="meaning">
            On the test images{metricsStep === null ? '' : `, of iteration ${formatNumber(metricsStep)}`}.
          </p>
          <dl class="pairs metrics">
            {metrics.map(({ name, value, description, better }) => (
              <div key={name}>
                <dt>
                  {labelOf(name)} <code class="meaning">{name}</code>
                  {better && (
                    <span class="meaning" title={`${better === 'lower' ? 'Lower' : 'Higher'} is better`}>
                      {better === 'lower' ? ' ↓' : ' ↑'}
                    </span>
                  )}
                </dt>
                <dd>{value === null ? '–' : formatNumber(value)}</dd>
                <dd class="meaning">{description}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}

type Entry = RunDetail['journal'][number];

/** Entries that are shown at first. */
const SHOWN = 50;

export function JournalView({ entries }: { entries: readonly Entry[] }) {
  const [isWhole, setIsWhole] = useState(false);
  const newest = [...entries].reverse();
  return (
    <section class="card" aria-labelledby="journal-heading">
      <h2 id="journal-heading">Log</h2>
      <ol class="list journal">
        {(isWhole ? newest : newest.slice(0, SHOWN)).map((entry, index) => (
          <li key={entries.length - index} class={entry.type}>
            <time dateTime={entry.time}>{formatTime(entry.time)}</time> <span class="capital">{describe(entry)}</span>
          </li>
        ))}
      </ol>
      {!isWhole && newest.length > SHOWN && (
        <button type="button" onClick={() => setIsWhole(true)}>
          Show {newest.length - SHOWN} more
        </button>
      )}
    </section>
  );
}

const counted = (value: unknown): string => (typeof value === 'number' ? formatNumber(value) : String(value));

const DESCRIPTIONS: Record<string, (entry: Entry) => string> = {
  start: ({ step, totalSteps }) =>
    step === 0
      ? `training of ${counted(totalSteps)} iterations began`
      : `training continued after iteration ${counted(step)} of ${counted(totalSteps)}`,
  paused: ({ step }) => `paused after iteration ${counted(step)}`,
  continued: ({ step }) => `continued after iteration ${counted(step)}`,
  checkpoint: ({ step }) => `saved a checkpoint of iteration ${counted(step)}`,
  evaluation: ({ epochs, metrics }) => `evaluated after epoch ${counted(epochs)}: ${valuesOf(metrics)}`,
  trained: ({ step, interrupted }) =>
    interrupted ? `stopped after iteration ${counted(step)}` : `finished after iteration ${counted(step)}`,
  scored: ({ test }) => `test images: ${valuesOf(test)}`,
  failed: ({ message }) => `failed: ${String(message)}`,
  note: ({ message }) => String(message),
  warning: ({ message }) => `warning: ${String(message)}`,
};

const describe = (entry: Entry): string => DESCRIPTIONS[entry.type]?.(entry) ?? entry.type;

const valuesOf = (values: unknown): string =>
  Object.entries((values ?? {}) as Record<string, unknown>)
    .flatMap(([name, value]) => (typeof value === 'number' ? [`${labelOf(name)} ${formatNumber(value)}`] : []))
    .join(', ');

export function ConfigurationView({ detail: { configuration, changed, command } }: { detail: RunDetail }) {
  const entries = Object.entries(configuration ?? {});
  return (
    <section class="card" aria-labelledby="configuration-heading">
      <h2 id="configuration-heading">Configuration</h2>
      {configuration && (
        <>
          <h3>Changed from the defaults</h3>
          <Settings
            entries={entries.filter(([name]) => changed.includes(name))}
            none="Nothing: these are the defaults."
          />
          <details>
            <summary>All {entries.length} settings</summary>
            <Settings entries={entries} changed={changed} />
          </details>
        </>
      )}
      <p class="meaning">Resume in a terminal:</p>
      <CommandLine command={command} />
    </section>
  );
}

interface SettingsProps {
  entries: readonly (readonly [name: string, value: unknown])[];
  /** Names to mark. */
  changed?: readonly string[];
  none?: string;
}

/** Names and values, in columns. */
const Settings = ({ entries, changed = [], none }: SettingsProps) =>
  entries.length === 0 ? (
    <p class="meaning">{none}</p>
  ) : (
    <dl class="pairs settings">
      {entries.map(([name, value]) => (
        <div key={name} class={changed.includes(name) ? 'changed' : ''}>
          <dt title={explain(name)}>{labelOf(name)}</dt>
          <dd>
            <code>{settingText(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  );

export function Checkpoints({ detail: { checkpoints, summary } }: { detail: RunDetail }) {
  return (
    <section class="card" aria-labelledby="checkpoints-heading">
      <h2 id="checkpoints-heading">Checkpoints</h2>
      {checkpoints.length === 0 ? (
        <p class="meaning">None yet.</p>
      ) : (
        <ul class="list checkpoints">
          {checkpoints.map((step) => (
            <li key={step} class="row">
              <strong class="grow">{formatNumber(step)}</strong>
              <a href={addressOf('explore', summary.id, { step: String(step) })}>Explore</a>
              <a href={addressOf('start', '', { fork: summary.id, step: String(step) })}>Fork</a>
              <a
                href={checkpointAddress(summary.id, step)}
                download={`${summary.id.replaceAll('/', '-')}-${step}.safetensors`}
              >
                Download
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
