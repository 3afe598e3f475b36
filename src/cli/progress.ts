import type { Progress } from '../model/chunks.js';
import type { Terminal } from './command.js';
import { progressBar, type StatusPart } from './statusLine.js';

/** Seconds between two lines of a log, and between two updates of a line on a terminal. */
const PLAIN_INTERVAL = 10;
const LIVE_INTERVAL = 0.2;

/** @param isPatient whether the first line waits as well, so that short work prints nothing */
export function pacing(terminal: Terminal, isPatient: boolean) {
  let shown = isPatient ? performance.now() : -Infinity;
  return () => {
    const now = performance.now();
    if ((now - shown) / 1000 < (terminal.isLive ? LIVE_INTERVAL : PLAIN_INTERVAL)) return false;
    shown = now;
    return true;
  };
}

/** Shows progress on its own line, or at the end of another. */
export function decodingProgress(terminal: Terminal) {
  const isDue = pacing(terminal, true);
  let [hasShown, isEmbedded] = [false, false];
  let state: StatusPart[] = [];
  return {
    update: (done: number, total: number, skipped: number) => {
      state = done < total ? [{ text: `decoded ${Math.floor((100 * done) / total)}%`, rank: 6 }] : [];
      if (isEmbedded || !(isDue() || (done === total && hasShown))) return;
      hasShown = true;
      terminal.status(`decoding images: ${done}/${total}${skipped > 0 ? ` (${skipped} skipped)` : ''}`);
      if (done === total) terminal.endStatus();
    },
    /** Returns a part of another line, such as `decoded 40%`, until all images are decoded. */
    embedInLine: () => {
      terminal.endStatus();
      isEmbedded = true;
      return () => state;
    },
    showOwnLine: () => void (isEmbedded = false),
  };
}

/** Options of `openSource`. */
export const decodingReports = (terminal: Terminal) => ({
  onWarning: terminal.note,
  onProgress: decodingProgress(terminal).update,
});

export function steppingProgress(terminal: Terminal, work: string) {
  const isDue = pacing(terminal, true);
  return (step: number, steps: number, loss: number) => {
    if (!isDue() && step < steps) return;
    terminal.status(`${work}: iteration ${step}/${steps}, loss ${loss.toPrecision(3)}`);
    if (step === steps) terminal.endStatus();
  };
}

/** 75 seconds are `1m15s`. */
export function duration(seconds: number) {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}h${String(minutes).padStart(2, '0')}m`;
  return minutes > 0 ? `${minutes}m${String(whole % 60).padStart(2, '0')}s` : `${whole}s`;
}

const BAR_COLUMNS = 22;

/** Shows a bar with the remaining time, or lines in a log. The call after the end begins new work. */
export function countingProgress(terminal: Terminal, work: string): Progress {
  let begin: { time: number; done: number; isDue: () => boolean } | undefined;
  let hasShown = false;
  return (done, total) => {
    begin ??= { time: performance.now(), done, isDue: pacing(terminal, true) };
    const isDone = done >= total;
    if (isDone ? hasShown : begin.isDue()) {
      hasShown = true;
      const seconds = ((performance.now() - begin.time) / 1000) * ((total - done) / (done - begin.done));
      const remaining = isDone || done === begin.done ? '' : `  ${duration(seconds)} left`;
      const bar = terminal.isLive ? `  ${progressBar(done / total, BAR_COLUMNS)}` : ':';
      terminal.status(`${work}${bar} ${Math.floor((100 * done) / total)}%${remaining}`);
      if (isDone) terminal.endStatus();
    }
    if (isDone) [begin, hasShown] = [undefined, false];
  };
}

export function phaseProgress(terminal: Terminal) {
  let current: { phase: string; show: Progress } | undefined;
  return (phase: string, done: number, total: number) => {
    if (current?.phase !== phase) {
      terminal.endStatus();
      current = { phase, show: countingProgress(terminal, phase) };
    }
    current.show(done, total);
  };
}
