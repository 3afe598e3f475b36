export { type MeanDifference, meanDifference, type RowNumbers } from './attribute.js';
export { DISTANCES, type Distance, distance } from './distance.js';
export { DIVERGENCES, divergence, divergenceFloor, type DivergenceOptions, MOMENTS, REDUCTIONS, spread } from './divergence.js';
export {
  AVERAGE_NAMES,
  type AverageName,
  fromPixels,
  type Iteration,
  iterationOf,
  type IterationSpec,
  STATE_NAMES,
  type StateName,
  stateSize,
} from './iteration.js';
export type { Objective } from './losses.js';
export { type ModelWeights, TrainedModel } from './model.js';
export { greatCircle, moveCodes, pathThrough, tangentAt } from './paths.js';
export { activeTerms, parsePlan, type Term, TERMS, type UpdatePlan } from './plan.js';
export { drawCodes, normalizeAlongAxis1, normalizeInPlace, type Prior, PRIORS } from './prior.js';
export { interpolateCodes } from './sphere.js';
export { ADAM, update, updateGradients } from './update.js';
export { TOLERANCE, type Verification, verify } from './verification.js';
