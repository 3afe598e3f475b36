/**
 * agenet in a web page: compiling graphs, training in a worker, and a trained model in another.
 * @module agenet/web
 */
export {
  compile,
  configureRuntime,
  type RuntimeConfiguration,
  WEB_DEVICES,
  type WebCompileOptions,
  type WasmPaths,
  type WebDevice,
} from '../engine/runtime/web.js';
export { deleteStoredCheckpoint, readStoredCheckpoint, storeCheckpoint, storedCheckpointNames } from './checkpoints.js';
export { type ModelSource, serveModel } from './modelWorker.js';
export { PageTraining } from './pageTraining.js';
export type { PageWorker, WorkerScope } from './requests.js';
export { serveTraining, type TrainingProgress, type TrainingStart } from './trainingWorker.js';
export { WorkerModel } from './workerModel.js';
