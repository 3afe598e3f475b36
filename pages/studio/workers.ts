export type WorkerRole = 'model' | 'layout';

export const openWorker = (name: WorkerRole): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name });
