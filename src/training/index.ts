export { type Attribute, type AttributeOrigin, decodeAttribute, encodeAttribute } from './attribute.js';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { checkConfiguration, type Configuration, configurationSchema, DEFAULTS, isChangeable, iterationSpec, REMEDIES, STATISTICS } from './configuration.js';
export type { RunningTraining, Subscriber, Tell, TrainingEvent, TrainingSummary } from './events.js';
export { averageDecayAt, learningRateAt, SCHEDULES } from './learningRate.js';
export type { Digest } from './seal.js';
export { Stages } from './stages.js';
export { freshPoint, type IterationReport, lastStepOf, modelWeights, pointFrom, Trainer, type TrainingPoint, type TrainingVectors } from './trainer.js';
