import { betterDirection } from '../metrics/registry.js';
import type { TrainingEvent } from '../training/events.js';
import type { Terminal } from './command.js';
import { formatMetric } from './evaluationTable.js';

/** Seconds between two status lines when nobody watches, and between two drawings of the line when somebody does. */
const PLAIN_INTERVAL = 10;
const LIVE_INTERVAL = 0.2;
/** Weight of the newest iteration in the running mean of its duration. */
const SMOOTHING = 0.1;

/** A clock for status lines. */
class Pacing {
  private shown: number;

  /** @param isPatient whether the first line waits for an interval as well: what is done before anybody could wonder needs no word */
  constructor(
    private readonly terminal: Terminal,
    isPatient: boolean,
  ) {
    this.shown = isPatient ? performance.now() : -Infinity;
  }

  /** Whether it is time for another line; if so, the next interval begins. */
  isDue(): boolean {
    const now = performance.now();
    if ((now - this.shown) / 1000 < (this.terminal.isLive ? LIVE_INTERVAL : PLAIN_INTERVAL)) return false;
    this.shown = now;
    return true;
  }
}

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
    } else if (event.type === 'previews') {
      if (!terminal.isLive) terminal.note(`iteration ${event.step}: wrote ${event.samples}`);
      previous = performance.now();
    } else if (event.type === 'evaluationDue') terminal.note(`iteration ${event.step}, epoch ${event.epochs} done: evaluating ${event.file}`);
    else if (event.type === 'evaluation') {
      terminal.note(evaluationLine(event));
      previous = performance.now();
    } else if (event.type === 'warning') terminal.note(`warning: ${event.message}`);
    else if (event.type === 'trained') terminal.endStatus();
  };
}

/** Shows how far decoding is: on a line of its own, or as part of another's. */
export class DecodingProgress {
  private readonly pacing: Pacing;
  private hasShown = false;
  private state = '';
  private isAside = false;

  constructor(private readonly terminal: Terminal) {
    this.pacing = new Pacing(terminal, true);
  }

  /** Takes the progress, and shows it unless another line does. */
  readonly update = (done: number, total: number, leftOut: number): void => {
    this.state = done < total ? `  decoded ${Math.floor((100 * done) / total)}%` : '';
    if (this.isAside || !(this.pacing.isDue() || (done === total && this.hasShown))) return;
    this.hasShown = true;
    this.terminal.status(`decoding images: ${done}/${total}${leftOut > 0 ? ` (${leftOut} skipped)` : ''}`);
    if (done === total) this.terminal.endStatus();
  };

  /** Leaves it to another line to show how far decoding is, at its end: `  decoded 40%`, or nothing once all images are decoded. */
  embedInLine(): () => string {
    this.terminal.endStatus();
    this.isAside = true;
    return () => this.state;
  }

  /** Shows it on a line of its own again. */
  readonly showOwnLine = (): void => {
    this.isAside = false;
  };
}

/** Returns a function that takes and shows the progress of decoding. */
export const decodingProgress = (terminal: Terminal) => new DecodingProgress(terminal).update;

/** The same for a training of something other than a model: `what` and how many of its iterations are done. */
export function steppingProgress(terminal: Terminal, what: string): (step: number, steps: number, loss: number) => void {
  const pacing = new Pacing(terminal, true);
  return (step, steps, loss) => {
    if (!pacing.isDue() && step < steps) return;
    terminal.status(`${what}: iteration ${step}/${steps}, loss ${loss.toPrecision(3)}`);
    if (step === steps) terminal.endStatus();
  };
}

type Report = Extract<TrainingEvent, { type: 'iteration' }>['report'];

function progressLine({ step, epoch, scalars }: Report, lastStep: number, secondsPerIteration: number): string {
  const left = duration((lastStep - step) * secondsPerIteration);
  // The terms of the losses: of divergences the gap says more than they do themselves. The log has everything.
  const terms = Object.entries(scalars).filter(([name]) => /\.(KL|match)_/.test(name) && !(`${name}_gap` in scalars));
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

/** `encoder.KL_real_gap` as `e.KL_real+`: what lies above the least value. */
const shortName = (name: string): string => name.replace('encoder.', 'e.').replace('generator.', 'g.').replace('_gap', '+');

/** 75 as 1m15s. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}h${String(minutes).padStart(2, '0')}m`;
  return minutes > 0 ? `${minutes}m${String(whole % 60).padStart(2, '0')}s` : `${whole}s`;
}
