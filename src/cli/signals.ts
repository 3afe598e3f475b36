import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type ActionResult, STATUS, type Terminal } from './command.js';

/** One Ctrl-C may arrive twice: from the terminal, and forwarded by a parent process such as npx. */
const REPEAT_MILLISECONDS = 500;

interface Remarks {
  /** Of work that takes a while to stop. */
  stopping?: string;
  /** Of work without a result. */
  stopped: string;
}

export const TRAINING: Remarks = {
  stopping: 'stopping after this iteration and saving a checkpoint; press Ctrl-C again to quit immediately',
  stopped: 'stopped before the first iteration; there was nothing to save',
};
const WRITING: Remarks = { stopped: 'interrupted; no unfinished file is left' };

/** The signal aborts on Ctrl-C, SIGTERM or a closed terminal. A second Ctrl-C or SIGTERM ends the process. */
export async function withSignals(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<ActionResult>,
  { stopping, stopped } = WRITING,
) {
  const controller = new AbortController();
  let first = -Infinity;
  const stop = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort();
      if (stopping !== undefined) terminal.note(stopping);
    } else if (signal !== 'SIGHUP' && performance.now() - first > REPEAT_MILLISECONDS) endImmediately();
  };
  const hangUp = ignoresHangup() ? () => undefined : stop;
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', hangUp);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (error !== controller.signal.reason) throw error;
    terminal.note(stopped);
    return { result: { interrupted: true }, status: STATUS.interrupted };
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', hangUp);
  }
}

/** Shells report SIGINT as status 130. `process.exit` would wait minutes for ONNX Runtime in a large model. */
function endImmediately() {
  // Unfinished files are removed at exit.
  process.emit('exit', STATUS.interrupted);
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}

/** Node resets signals that `nohup` ignored before any script runs. */
const ignoresHangup = () =>
  basename(process.env._ ?? '') === 'nohup' ||
  hasUnreadableInput() ||
  [1, 2].some(writesToNohup) ||
  parentIgnoresHangup();

function unlessMissing<T>(read: () => T) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const fromProc = (path: string, pattern: RegExp) =>
  unlessMissing(() => pattern.exec(readFileSync(`/proc/${path}`, 'utf8'))?.[1]);

/** nohup replaces the terminal as standard input with a write-only /dev/null. */
function hasUnreadableInput() {
  const flags = fromProc('self/fdinfo/0', /^flags:\s*([0-7]+)$/m);
  return flags !== undefined && (parseInt(flags, 8) & 3) === 1;
}

const writesToNohup = (descriptor: number) =>
  unlessMissing(() => basename(readlinkSync(`/proc/self/fd/${descriptor}`))) === 'nohup.out';

/** Children of a script under nohup inherit the ignored signal. SIGHUP is bit 0 of the mask. */
function parentIgnoresHangup() {
  const mask = fromProc(`${process.ppid}/status`, /^SigIgn:\s*([0-9a-f]+)$/m);
  return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
}
