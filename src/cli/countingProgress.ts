import type { Progress } from '../model/chunks.js';
import type { Terminal } from './command.js';
import { duration, Pacing } from './progress.js';
import { progressBar } from './statusLine.js';

const BAR_COLUMNS = 22;

/**
 * Returns a function that shows the progress of work that takes longer than a moment: on a terminal a bar with the remaining time, elsewhere
 * a line every few seconds. The work begins with the first call, and again with the call after its end.
 * @param what names the work, e.g. `encoding images`
 */
export function countingProgress(terminal: Terminal, what: string): Progress {
  let begin: { readonly time: number; readonly done: number; readonly pacing: Pacing } | undefined;
  let hasShown = false;
  return (done, total) => {
    begin ??= { time: performance.now(), done, pacing: new Pacing(terminal, true) };
    const isDone = done >= total;
    if (isDone ? hasShown : begin.pacing.isDue()) {
      hasShown = true;
      const seconds = ((performance.now() - begin.time) / 1000) * ((total - done) / (done - begin.done));
      const remaining = isDone || done === begin.done ? '' : `  ${duration(seconds)} left`;
      const bar = terminal.isLive ? `  ${progressBar(done / total, BAR_COLUMNS)}` : ':';
      terminal.status(`${what}${bar} ${Math.floor((100 * done) / total)}%${remaining}`);
      if (isDone) terminal.endStatus();
    }
    if (isDone) [begin, hasShown] = [undefined, false];
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
  };
}
