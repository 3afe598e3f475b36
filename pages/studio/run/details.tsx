/** Metrics, journal and configuration of a run. */
import { useState } from 'preact/hooks';
import type { RunDetail } from '../../../src/studio/schemas.js';
import { checkpointAddress } from '../api.js';
import { formatNumber, formatTime } from '../format.js';

export function Metrics({ detail: { metrics, metricsStep, command } }: { detail: RunDetail }) {
  return (
    <section aria-labelledby="metrics-heading">
      <h2 id="metrics-heading">Metrics</h2>
      {metrics.length === 0 ? (
        <p class="meaning">
          Not evaluated yet. <code>{command.replace('train --resume', 'evaluate')}</code> computes all metrics.
          <code>--evaluate-every</code> does so during training.
        </p>
      ) : (
        <>
          <p class="meaning">On the test images{metricsStep === null ? '' : `, of iteration ${metricsStep}`}.</p>
          <table class="metrics">
            <thead>
              <tr>
                <th scope="col">Metric</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              {metrics.map(({ name, value, description, better }) => (
                <tr key={name}>
                  <th scope="row">
                    {name}
                    <p class="meaning">
                      {description && `${description}.`}{' '}
                      {better && `${better === 'lower' ? 'Lower' : 'Higher'} is better.`}
                    </p>
                  </th>
                  <td class="number">{value === null ? '–' : formatNumber(value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
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
    <section aria-labelledby="journal-heading">
      <h2 id="journal-heading">Log</h2>
      <ol class="journal">
        {(isWhole ? newest : newest.slice(0, SHOWN)).map((entry, index) => (
          <li key={entries.length - index} class={entry.type}>
            <time dateTime={entry.time}>{formatTime(entry.time)}</time> <span>{describe(entry)}</span>
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

const DESCRIPTIONS: Record<string, (entry: Entry) => string> = {
  start: ({ step, totalSteps }) =>
    step === 0
      ? `training of ${String(totalSteps)} iterations began`
      : `training continued after iteration ${String(step)} of ${String(totalSteps)}`,
  paused: ({ step }) => `paused after iteration ${String(step)}`,
  continued: ({ step }) => `continued after iteration ${String(step)}`,
  checkpoint: ({ step }) => `saved a checkpoint of iteration ${String(step)}`,
  evaluation: ({ epochs, metrics }) => `evaluated after epoch ${String(epochs)}: ${valuesOf(metrics)}`,
  trained: ({ step, interrupted }) =>
    interrupted ? `stopped after iteration ${String(step)}` : `finished after iteration ${String(step)}`,
  scored: ({ test }) => `test images: ${valuesOf(test)}`,
  failed: ({ message }) => `failed: ${String(message)}`,
  note: ({ message }) => String(message),
  warning: ({ message }) => `warning: ${String(message)}`,
};

const describe = (entry: Entry): string => DESCRIPTIONS[entry.type]?.(entry) ?? entry.type;

const valuesOf = (values: unknown): string =>
  Object.entries((values ?? {}) as Record<string, unknown>)
    .flatMap(([name, value]) => (typeof value === 'number' ? [`${name} ${formatNumber(value)}`] : []))
    .join(', ');

export function ConfigurationView({ detail: { configuration, command, checkpoints, summary } }: { detail: RunDetail }) {
  return (
    <section aria-labelledby="configuration-heading">
      <h2 id="configuration-heading">Configuration</h2>
      <p>
        Resume it in a terminal with <code>{command}</code>
      </p>
      {configuration && (
        <div class="scrolling" tabIndex={0} role="region" aria-label="Settings">
          <table>
            <tbody>
              {Object.entries(configuration).map(([name, value]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <h3>Checkpoints</h3>
      {checkpoints.length === 0 ? (
        <p class="meaning">None yet.</p>
      ) : (
        <ul class="checkpoints">
          {checkpoints.map((step) => (
            <li key={step}>
              iteration {step}: <a href={`#/explore/${encodeURIComponent(summary.id)}?step=${step}`}>explore</a>{' '}
              <a href={`#/start?${new URLSearchParams({ fork: summary.id, step: String(step) }).toString()}`}>fork</a>{' '}
              <a
                href={checkpointAddress(summary.id, step)}
                download={`${summary.id.replaceAll('/', '-')}-${step}.safetensors`}
              >
                download
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
