/** The states of runs, for server and page. A queued run has no folder yet, and neither has one that could not be started. */
export const RUN_STATES = [
  'queued',
  'starting',
  'running',
  'paused',
  'finished',
  'stopped',
  'interrupted',
  'failed',
  'imported',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Whether a process trains the run, or is about to. */
export const isTraining = (state: RunState | undefined): boolean =>
  state === 'starting' || state === 'running' || state === 'paused';
