import { availableParallelism, cpus } from 'node:os';

/** In seconds: the clock, the busy time of all cores, and the CPU time of this process. */
export function readLoad() {
  const busy = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const { user, system } = process.cpuUsage();
  return { clock: performance.now() / 1000, busy: busy / 1000, own: (user + system) / 1e6 };
}

type LoadReading = ReturnType<typeof readLoad>;

export function coresOfOthers(before: LoadReading, after: LoadReading) {
  const seconds = after.clock - before.clock;
  return seconds <= 0 ? 0 : Math.max(0, (after.busy - before.busy - (after.own - before.own)) / seconds);
}

/** Load of the system and an editor, in cores. */
const IDLE = 0.35;

/** Waiting threads slow an iteration: on a busy machine of two cores, two were half as fast as one. */
export function loadRemark(others: number, threads: number, cores = availableParallelism()) {
  const free = Math.max(1, Math.floor(cores - others + IDLE));
  if (threads <= free) return undefined;
  return `other programs use ${others.toFixed(1)} of ${cores} cores, and ${threads} threads that wait for them can be slower than ${free}`;
}
