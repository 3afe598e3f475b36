import type { Progress } from '../model/chunks.js';
import type { Terminal } from './command.js';
import { duration, Pacing } from './progress.js';
import { progressBar } from './statusLine.js';

const BAR_COLUMNS = 22;

/**
 * Returns a function that shows the progress of work that takes longer than a moment: on a terminal a bar with the remaining time, elsewhere
 * a line every few seconds.
 * @param what names the work, e.g. `encoding images`
 */
export function countingProgress(terminal: Terminal, what: string): Progress {
  const pacing = new Pacing(terminal, true);
  const start = performance.now();
  let hasShown = false;
  return (done, total) => {
    const isDone = done >= total;
    if (isDone ? !hasShown : !pacing.isDue()) return;
    hasShown = true;
    const fraction = done / total;
    const seconds = ((performance.now() - start) / 1000) * (1 / fraction - 1);
    const remaining = isDone || done === 0 ? '' : `  ${duration(seconds)} left`;
    const bar = terminal.isLive ? `  ${progressBar(fraction, BAR_COLUMNS)}` : ':';
    terminal.status(`${what}${bar} ${Math.floor(100 * fraction)}%${remaining}`);
    if (isDone) terminal.endStatus();
  };
}

/** Returns a function that shows several phases one after another. */
export function phaseProgress(terminal: Terminal): (phase: string, done: number, total: number) => void {
  let current: { readonly phase: string; readonly show: Progress } | undefined;
  return (phase, done, total) => {
    if (current?.phase !== phase) {
      terminal.endStatus();
      current = { phase, show: countingProgress(terminal, phase) };
    }
    current.show(done, total);
    if (done >= total) current = undefined;
  };
}
