export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { checkConfiguration, type Configuration, configurationSchema, DEFAULTS, iterationSpec, learningRateIn } from './configuration.js';
export type { TrainingEvent, TrainingSummary } from './events.js';
export { initialVectors, type IterationReport, modelWeights, Trainer, type TrainingVectors } from './trainer.js';
