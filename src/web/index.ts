/** agenet in a web page: compiling graphs, and training in a worker. */
export { compile, configureRuntime, type RuntimeConfiguration, WEB_DEVICES, type WebCompileOptions, type WebDevice } from '../engine/runtime/web.js';
export { deleteStoredCheckpoint, readStoredCheckpoint, storeCheckpoint, storedCheckpointNames } from './checkpointStorage.js';
export { PageTraining, type TrainingWorker } from './pageTraining.js';
export type { TrainingProgress, TrainingStart } from './protocol.js';
export { serveTraining, type WorkerScope } from './trainingWorker.js';
