import type { Terminal } from './command.js';

/** Seconds between two status lines when nobody watches, and between two drawings of the line when somebody does. */
const PLAIN_INTERVAL = 10;
const LIVE_INTERVAL = 0.2;
/** A clock for status lines. */
export class Pacing {
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

/** 75 as 1m15s. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}h${String(minutes).padStart(2, '0')}m`;
  return minutes > 0 ? `${minutes}m${String(whole % 60).padStart(2, '0')}s` : `${whole}s`;
}
