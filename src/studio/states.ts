/** A run has no folder if it is queued, or failed to start. */
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

export const isTraining = (state: RunState | undefined): boolean =>
  state === 'starting' || state === 'running' || state === 'paused';
