/** The workers of the studio: models, layouts of codes, and files to save. */
export type WorkerRole = 'model' | 'layout' | 'files';

export const openWorker = (name: WorkerRole): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name });
