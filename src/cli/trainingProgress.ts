import { TERMS } from '../age/losses.js';
import { betterDirection } from '../metrics/registry.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import type { TrainingEvent } from '../training/events.js';
import { type Terminal, withFlags } from './command.js';
import { formatMetric } from './metricTables.js';
import { countingProgress, duration, pacing } from './progress.js';
import { progressBar, type StatusPart } from './statusLine.js';

/**
 * Shows training as one line that is redrawn on a terminal, elsewhere as a line with all loss terms every few seconds.
 * @param others returns further parts of the line
 */
export function showProgress(terminal: Terminal, others: () => StatusPart[] = () => []) {
  const isDue = pacing(terminal, false);
  let totalSteps = 0;
  const showScoring = countingProgress(terminal, 'scoring test images');
  const timer = iterationTimer();
  let preview: string | undefined;

  const showIteration = (report: Report) => {
    const seconds = timer.finish();
    if (!isDue() && report.step < totalSteps) return;
    const parts = terminal.isLive
      ? progressParts(report, totalSteps, seconds, preview)
      : [{ text: progressLine(report, totalSteps, seconds), rank: 0 }];
    terminal.status([...parts, ...others()]);
  };

  return (event: TrainingEvent) => {
    if (event.type === 'start') {
      totalSteps = event.totalSteps;
      const { encoder, generator } = event.parameters;
      terminal.note(
        `encoder ${encoder.toLocaleString('en')} parameters, generator ${generator.toLocaleString('en')}; ${totalSteps} iterations, ${event.batchesPerEpoch} batches per epoch`,
      );
      timer.start();
    } else if (event.type === 'iteration') showIteration(event.report);
    else if (event.type === 'previews') {
      // On a terminal, the status line names the newest.
      if (!terminal.isLive || preview === undefined) terminal.note(`iteration ${event.step}: wrote ${event.samples}`);
      preview = event.samples;
      timer.start();
    } else if (event.type === 'evaluationDue')
      terminal.note(`iteration ${event.step}, epoch ${event.epochs} done: evaluating ${event.file}`);
    else if (event.type === 'evaluation') {
      terminal.note(evaluationLine(event));
      timer.start();
    } else if (event.type === 'scoring') showScoring(event.done, event.total);
    else if (event.type === 'warning') terminal.note(`warning: ${withFlags(event.text ?? event.message)}`);
    else if (event.type === 'paused')
      terminal.note(`paused after ${event.step} iterations; press Ctrl-C to save and stop`);
    else if (event.type === 'continued') timer.start();
    else if (event.type === 'trained') terminal.endStatus();
  };
}

/** Weight of the newest iteration in the running mean. */
const SMOOTHING = 0.1;

/** `finish` returns the running mean of seconds, and starts the next iteration. */
function iterationTimer() {
  let started = performance.now();
  let mean: number | undefined;
  const start = () => void (started = performance.now());
  const finish = () => {
    const seconds = (performance.now() - started) / 1000;
    start();
    mean = mean === undefined ? seconds : (1 - SMOOTHING) * mean + SMOOTHING * seconds;
    return mean;
  };
  return { start, finish };
}

type Report = Extract<TrainingEvent, { type: 'iteration' }>['report'];

const BAR_COLUMNS = 12;

/** `reconstruction` is match_x. `code gap` is 0 if the codes of images fill the sphere uniformly. */
function progressParts(
  { step, scalars }: Report,
  totalSteps: number,
  secondsPerIteration: number,
  preview: string | undefined,
): StatusPart[] {
  const figure = (name: string, values: readonly (number | undefined)[], rank: number): StatusPart[] => {
    const value = values.find((each) => each !== undefined);
    return value === undefined ? [] : [{ text: `${name} ${value.toFixed(3)}`, rank }];
  };
  return [
    { text: progressBar(step / totalSteps, BAR_COLUMNS), rank: 5, style: 'green' },
    { text: `${Math.floor((100 * step) / totalSteps)}%`, rank: 0 },
    { text: `${step}/${totalSteps}`, rank: 7 },
    { text: `${(1 / secondsPerIteration).toFixed(1)} it/s`, rank: 4 },
    { text: `${duration((totalSteps - step) * secondsPerIteration)} left`, rank: 1 },
    ...figure('reconstruction', [scalars['encoder.match_x'], scalars['generator.match_x']], 2),
    ...figure('code gap', [scalars['encoder.KL_real_gap'], scalars['encoder.KL_real']], 3),
    ...(preview === undefined ? [] : [{ text: preview, rank: 8, style: 'dim' } as const]),
  ];
}

/**
 * `1200/9370 epoch 1 18.3 it/s ETA 7m25s encoder: KL_real 0.012 match_x 0.21 generator: ...`; epochs count from 0.
 */
function progressLine({ step, epoch, scalars }: Report, totalSteps: number, secondsPerIteration: number) {
  const remaining = duration((totalSteps - step) * secondsPerIteration);
  const terms = NETWORK_NAMES.map((network) => `${network}: ${lossTerms(scalars, network)}`);
  return `${step}/${totalSteps}  epoch ${epoch}  ${(1 / secondsPerIteration).toFixed(1)} it/s  ETA ${remaining}  ${terms.join('  ')}`;
}

/** Shows the gap of a divergence above its lower bound, which is easier to read. */
function lossTerms(scalars: Report['scalars'], network: NetworkName) {
  const terms = TERMS[network].flatMap((term) => {
    const cosine = scalars[`${network}.${term}_cosine`];
    if (cosine !== undefined) return [`${term} cosine ${cosine.toFixed(3)}`];
    const value = scalars[`${network}.${term}_gap`] ?? scalars[`${network}.${term}`];
    return value === undefined ? [] : [`${term} ${value.toPrecision(3)}`];
  });
  return terms.join('  ');
}

/** Shows metrics with a better direction, or all if none has one. */
function evaluationLine({ epochs, metrics, isBest }: Extract<TrainingEvent, { type: 'evaluation' }>) {
  const names = Object.keys(metrics);
  const directed = names.filter((name) => betterDirection(name) !== undefined);
  const shown = (directed.length > 0 ? directed : names).map((name) => `${name} ${formatMetric(metrics[name]!)}`);
  return `epoch ${epochs}${isBest ? ' (best so far)' : ''}: ${shown.join('  ')}`;
}
