import { betterDirection } from '../evaluation/index.js';
import type { TrainingEvent } from '../training/index.js';
import { figure } from './evaluationTable.js';

/** Seconds between two lines when nobody watches, and between two drawings of the line when somebody does. */
const PLAIN_INTERVAL = 10;
const LIVE_INTERVAL = 0.2;
/** Weight of the newest iteration in the running mean of its duration. */
const SMOOTHING = 0.1;

/**
 * Shows a training on standard error: on a terminal one line that is drawn over, elsewhere a plain line every few seconds. Returns
 * the function that takes the training's events.
 * @param aside what else is under way, for the end of the line
 */
export function showProgress(stream: NodeJS.WriteStream, aside: () => string = () => ''): (event: TrainingEvent) => void {
  const live = stream.isTTY;
  let lastStep = 0;
  let secondsPerIteration: number | undefined;
  let previous = performance.now();
  let shown = 0;

  const write = (line: string) => (live ? stream.write(`\r\x1b[2K${line.slice(0, Math.max(20, stream.columns - 1))}`) : stream.write(`${line}\n`));
  return (event) => {
    const now = performance.now();
    if (event.type === 'start') {
      lastStep = event.lastStep;
      const { encoder, generator } = event.parameters;
      stream.write(
        `encoder ${encoder.toLocaleString('en')} parameters, generator ${generator.toLocaleString('en')}; ${lastStep} iterations, ${event.batchesPerEpoch} batches an epoch\n`,
      );
      previous = now;
    } else if (event.type === 'iteration') {
      const duration = (now - previous) / 1000;
      previous = now;
      secondsPerIteration = secondsPerIteration === undefined ? duration : (1 - SMOOTHING) * secondsPerIteration + SMOOTHING * duration;
      const { step } = event.report;
      if ((now - shown) / 1000 < (live ? LIVE_INTERVAL : PLAIN_INTERVAL) && step < lastStep) return;
      shown = now;
      write(`${progressLine(event.report, lastStep, secondsPerIteration)}${aside()}`);
    } else if (event.type === 'pictures') {
      if (!live) stream.write(`iteration ${event.step}: wrote ${event.samples}\n`);
      previous = performance.now();
    } else {
      const remark = remarkOn(event, live);
      if (remark !== undefined) stream.write(`${remark}\n`);
      if (event.type === 'evaluation') previous = performance.now();
    }
  };
}

/** Shows how far decoding is: on a line of its own, or as part of another's. */
export class DecodingProgress {
  private readonly interval: number;
  private shown = performance.now();
  private hasShown = false;
  private state = '';
  private isAside = false;

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.interval = stream.isTTY ? LIVE_INTERVAL : PLAIN_INTERVAL;
  }

  /** Takes the progress. Draws it, where somebody watches and nobody else shows it. */
  readonly take = (done: number, total: number, leftOut: number): void => {
    this.state = done < total ? `  decoded ${Math.floor((100 * done) / total)} %` : '';
    const now = performance.now();
    // What is done before anybody could wonder needs no word.
    const isDue = (now - this.shown) / 1000 >= this.interval || (done === total && this.hasShown);
    if (!isDue || this.isAside) return;
    [this.shown, this.hasShown] = [now, true];
    const line = `decoding: ${done} of ${total} images${leftOut > 0 ? `, ${leftOut} left out` : ''}`;
    this.stream.write(this.stream.isTTY ? `\r\x1b[2K${line}${done === total ? '\n' : ''}` : `${line}\n`);
  };

  /** Leaves it to another to show how far it is, at the end of its own line: `  decoded 40 %`, or nothing where all are. */
  stepAside(): () => string {
    if (this.hasShown && this.stream.isTTY) this.stream.write('\n');
    this.isAside = true;
    return () => this.state;
  }

  /** Shows it on a line of its own again. */
  readonly stepForward = (): void => {
    this.isAside = false;
  };

  /** Puts a remark below the line that another draws over. */
  readonly below = (line: string): string => (this.isAside && this.stream.isTTY ? `\n${line}` : line);
}

/** Draws how far decoding is, where somebody watches; returns the function that takes its progress. */
export const decodingProgress = (stream: NodeJS.WriteStream) => new DecodingProgress(stream).take;

/** The same for a training of something other than a model: `what` and how many of its iterations are done. */
export function steppingProgress(stream: NodeJS.WriteStream, what: string): (step: number, steps: number, loss: number) => void {
  let shown = performance.now();
  return (step, steps, loss) => {
    const now = performance.now();
    if (step < steps && (now - shown) / 1000 < (stream.isTTY ? LIVE_INTERVAL : PLAIN_INTERVAL)) return;
    shown = now;
    const line = `${what}: iteration ${step} of ${steps}, loss ${loss.toPrecision(3)}`;
    stream.write(stream.isTTY ? `\r\x1b[2K${line}${step === steps ? '\n' : ''}` : `${line}\n`);
  };
}

/** What is said of other events, below the line that is drawn over. */
function remarkOn(event: TrainingEvent, live: boolean): string | undefined {
  const below = live ? '\n' : '';
  if (event.type === 'epochs') return `${below}iteration ${event.step}, epoch ${event.epochs} done: evaluating ${event.file}`;
  if (event.type === 'evaluation') return evaluationLine(event);
  if (event.type === 'warning') return `${below}warning: ${event.message}`;
  return event.type === 'end' && live ? '' : undefined;
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
  const shown = (telling.length > 0 ? telling : names).map((name) => `${name} ${figure(metrics[name]!)}`).join('  ');
  return `epoch ${epochs}${isBest ? ', the best so far' : ''}: ${shown}`;
}

/** `encoder.KL_real_excess` as `e.KL_real+`: what lies above the least value. */
const shortName = (name: string): string => name.replace('encoder.', 'e.').replace('generator.', 'g.').replace('_excess', '+');

/** 75 as 1m15s. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}h${String(minutes).padStart(2, '0')}m`;
  return minutes > 0 ? `${minutes}m${String(whole % 60).padStart(2, '0')}s` : `${whole}s`;
}
