import { betterDirection } from '../metrics/metricNames.js';
import type { TrainingEvent } from '../training/events.js';
import type { Terminal } from './command.js';
import { formatMetric } from './evaluationTable.js';
import { duration, Pacing } from './progress.js';

/** Weight of the newest iteration in the running mean of its duration. */
const SMOOTHING = 0.1;

/**
 * Shows a training on standard error: on a terminal one line that is redrawn in place, elsewhere a line every few seconds. Returns the
 * function that takes the training's events.
 * @param aside what else is under way, for the end of the line
 */
export function showProgress(terminal: Terminal, aside: () => string = () => ''): (event: TrainingEvent) => void {
  const pacing = new Pacing(terminal, false);
  let lastStep = 0;
  let secondsPerIteration: number | undefined;
  let previous = performance.now();

  return (event) => {
    if (event.type === 'start') {
      lastStep = event.totalSteps;
      const { encoder, generator } = event.parameters;
      terminal.note(
        `encoder ${encoder.toLocaleString('en')} parameters, generator ${generator.toLocaleString('en')}; ${lastStep} iterations, ${event.batchesPerEpoch} batches per epoch`,
      );
      previous = performance.now();
    } else if (event.type === 'iteration') {
      const now = performance.now();
      const duration = (now - previous) / 1000;
      previous = now;
      secondsPerIteration = secondsPerIteration === undefined ? duration : (1 - SMOOTHING) * secondsPerIteration + SMOOTHING * duration;
      if (pacing.isDue() || event.report.step >= lastStep) terminal.status(`${progressLine(event.report, lastStep, secondsPerIteration)}${aside()}`);
    } else if (event.type === 'pictures') {
      if (!terminal.isLive) terminal.note(`iteration ${event.step}: wrote ${event.samples}`);
      previous = performance.now();
    } else if (event.type === 'epochs') terminal.note(`iteration ${event.step}, epoch ${event.epochs} done: evaluating ${event.file}`);
    else if (event.type === 'evaluation') {
      terminal.note(evaluationLine(event));
      previous = performance.now();
    } else if (event.type === 'warning') terminal.note(`warning: ${event.message}`);
    else if (event.type === 'end') terminal.endStatus();
  };
}

type Report = Extract<TrainingEvent, { type: 'iteration' }>['report'];

function progressLine({ step, epoch, scalars }: Report, lastStep: number, secondsPerIteration: number): string {
  const left = duration((lastStep - step) * secondsPerIteration);
  // The terms of the losses: of divergences the excess says more than they do themselves. The log has everything.
  const terms = Object.entries(scalars).filter(([name]) => /\.(KL|match)_/.test(name) && !(`${name}_excess` in scalars));
  const shown = terms.map(([name, value]) => `${shortName(name)} ${value.toPrecision(3)}`).join('  ');
  return `${step}/${lastStep}  epoch ${epoch + 1}  ${(1 / secondsPerIteration).toFixed(1)} it/s  ${left} left  ${shown}`;
}

/** Figures of which more or less is better, or those that were asked for. */
function evaluationLine({ epochs, metrics, isBest }: Extract<TrainingEvent, { type: 'evaluation' }>): string {
  const names = Object.keys(metrics);
  const telling = names.filter((name) => betterDirection(name) !== undefined);
  const shown = (telling.length > 0 ? telling : names).map((name) => `${name} ${formatMetric(metrics[name]!)}`).join('  ');
  return `epoch ${epochs}${isBest ? ', the best so far' : ''}: ${shown}`;
}

/** `encoder.KL_real_excess` as `e.KL_real+`: what lies above the least value. */
const shortName = (name: string): string => name.replace('encoder.', 'e.').replace('generator.', 'g.').replace('_excess', '+');
