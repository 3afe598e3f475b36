/** States of runs, for server and page. */

/** States of a run. A queued run, and one that failed before it began, have no folder yet. */
export const RUN_STATES = [
  'queued',
  'starting',
  'running',
  'paused',
  'finished',
  'stopped',
  'interrupted',
  'failed',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Whether a process trains the run, or is about to. */
export const isTraining = (state: RunState | undefined): boolean =>
  state === 'starting' || state === 'running' || state === 'paused';
