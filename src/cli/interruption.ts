import { type Outcome, STATUS, type Terminal } from './command.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that writes a large file. The first Ctrl-C, SIGTERM or SIGHUP aborts it, so that it can remove what is half written; another one
 * ends the process immediately.
 */
export async function interruptible({ note }: Terminal, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(STATUS.interrupted);
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (error !== controller.signal.reason) throw error;
    note('interrupted; no unfinished file is left');
    return { result: { interrupted: true }, status: STATUS.interrupted };
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}
