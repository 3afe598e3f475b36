/**
 * agenet as a library: networks, the method, data, images, metrics, and training without files. The engine alone is
 * `agenet/engine`.
 * @module agenet
 */
export { InputError, InputErrors, type InputProblem, type NameOf, type SettingName, type Text } from './errors.js';

// The method.
export { type AugmentationName, AUGMENTATIONS, drawAugmentations } from './age/augmentation.js';
export { distance, type Distance, type DistanceName, DISTANCES } from './age/distances.js';
export type { ImageShape } from './age/distortion.js';
export {
  divergence,
  type DivergenceName,
  type DivergenceOptions,
  DIVERGENCES,
  minDivergence,
  MOMENTS,
  REDUCTIONS,
} from './age/divergences.js';
export type { FeatureMaps } from './age/imageDistance.js';
export { type AverageName, fromPixels, type Iteration, iterationOf, type IterationSpec } from './age/iteration.js';
export { type Objective, type Term, TERMS } from './age/losses.js';
export { parsePlan, type UpdatePlan } from './age/plan.js';
export { drawCodes, type Prior, PRIORS, relativeVariance } from './age/prior.js';
export { type CodeDensity, type CodeSource, drawSampleCodes } from './density/codeDensity.js';
export { fitTypicality, logDensities } from './density/typicality.js';
export type { UnconditionalCodes } from './density/conditionPredictor.js';
export { fitDensity, type FittedCodes } from './density/fitDensity.js';
export type { StateName } from './age/update.js';
export { randomStream, type RandomStream } from './random.js';
export {
  type Architecture,
  ARCHITECTURE_NAMES,
  architectureFor,
  type ArchitectureName,
  ARCHITECTURES,
} from './networks/architecture.js';
export { forwardEval, forwardTrain, type NamedValues } from './networks/forward.js';
export {
  createNetwork,
  initialParameters,
  initialStatistics,
  type Condition,
  type ConditionPart,
  type ConditionedImages,
  type InputKind,
  type ModelWeights,
  type Network,
  NETWORK_NAMES,
  type NetworkName,
  type NetworkPair,
  type WeightName,
  type NetworkOptions,
} from './networks/network.js';
export { type Layer, type LayerContext, type NamedLayers, sequential, type TensorSpec } from './networks/layer.js';
export * as layers from './networks/layers.js';

// Networks as ONNX files.
export { encodeNetworks, NETWORK_FILES, type NetworkFile, type NetworkFiles } from './export/networkFiles.js';
export { type Precision, PRECISIONS } from './export/precision.js';

// Training.
export { type Checkpoint, decodeCheckpoint, type Digest, encodeCheckpoint } from './training/checkpoint.js';
export { checkConfiguration, type Configuration, iterationSpec } from './training/configuration.js';
export { DEFAULTS, type OpenConfiguration, type Stage } from './training/settings.js';
export { BATCH_NORM_STATS, type DataDefaults, defaultsFor, NAN_POLICIES, SCHEDULES } from './training/defaults.js';
export {
  type Emit,
  eventsOf,
  type PreviewFiles,
  type RunningTraining,
  type Subscriber,
  type TrainingEvent,
  type TrainingSummary,
} from './training/events.js';
export type { Preview } from './training/previews.js';
export type { LogEntry, RunLock, RunStore, StoredCheckpoint } from './training/runStore.js';
export {
  initialState,
  type IterationReport,
  modelWeights,
  stateFromWeights,
  Trainer,
  type TrainerState,
  type TrainingVectors,
} from './training/trainer.js';
export { type Direction, runTraining, type TrainingOptions } from './training/trainingLoop.js';

// Trained models.
export {
  type Attribute,
  type AttributeOrigin,
  decodeAttribute,
  encodeAttribute,
  meanDifference,
  moveCodes,
} from './model/attribute.js';
export { CODE_MAPS, type CodeMap, mapCodes, type MapMethod } from './model/codeMap.js';
export { type NearestCodes, nearestCodes } from './model/codeSearch.js';
export { drawCodesAround, greatCircle, interpolateCodes, pathThrough } from './model/paths.js';
export {
  type ChunkConditions,
  encodeSplit,
  type KnownConditions,
  type Progress,
  type SampleChunk,
  sampleChunks,
} from './model/chunks.js';
export { type ConditionAttribute, encodeDescription } from './conditions/attributes.js';
export { type Label, oneHot } from './conditions/classes.js';
export { conditionOf, type ConditionedSettings } from './conditions/condition.js';
export { type Refinement, refineImages } from './model/refinement.js';
export { imagesOf, sampleImages, type SamplingOptions } from './model/sampling.js';
export { type Traversal, traverse } from './model/traversal.js';
export {
  type Codes,
  type CodesAtDistance,
  type Conditioned,
  type ImageBytes,
  type ImageValues,
  TrainedModel,
} from './model/trainedModel.js';

// Data and images.
export { type CifarKind, decodeCifar } from './data/formats/cifar.js';
export { decodeIdx, decodeIdxImages, type IdxArray, type NamedBytes } from './data/formats/idx.js';
export type { ElementKind, Elements, LabeledImages } from './data/formats/arrays.js';
export { decodeMatlab, type MatlabArray, type MatlabClass, type NumericClass } from './data/formats/matlab.js';
export { type DecodedNumpyArray, decodeNpy, encodeNpy, type NumpyArray } from './data/formats/npy.js';
export { decodeNpz, decodeNpzImages, encodeNpz, type NpzArrays, type PiecewiseArray } from './data/formats/npz.js';
export { decodeSvhn } from './data/formats/svhn.js';
export { type Crop, CROPS, type DecodeOptions, DIGIT_PADDING, type Padding, padImage } from './images/preprocessing.js';
export { EpochSampler } from './data/batches.js';
export {
  awaitDecoding,
  firstImages,
  gatherImages,
  type Description,
  type ImageFormat,
  type ImageSource,
  type SkippedImage,
  type DataDigest,
  type Split,
  splitInMemory,
  subset,
} from './data/source.js';
export { type Animation, rowAnimation } from './images/frames.js';
export { gridOf, type GridStyle, imageGrid, pairGrid, squareColumns } from './images/imageGrid.js';
export { drawImageMap, type ImageMap, type ImageMapOptions } from './images/imageMap.js';
export {
  channelsLast,
  type ComparableImages,
  fromBytes,
  type ImageBatch,
  imageOf,
  type Raster,
  toBytes,
} from './images/raster.js';

// Metrics and classifiers.
export { codeStatistics, type CodeStatistics, type UniformityStatistic } from './metrics/catalog/codeStatistics.js';
export {
  compareEvaluations,
  type Comparison,
  type Difference,
  type EvaluatedRun,
  type IncomparableMetrics,
  type SeedMean,
} from './metrics/comparability.js';
export { evaluate, type Evaluation, type EvaluationOptions } from './metrics/evaluate.js';
export { frechetDistance, frechetFeatureDistance } from './metrics/catalog/fid.js';
export { imageSimilarity, type ImageSimilarity } from './metrics/catalog/reconstruction.js';
export { type InceptionScore, inceptionScore } from './metrics/catalog/inceptionScore.js';
export { kernelDistance, type KernelDistance } from './metrics/catalog/kid.js';
export { betterDirection, METRIC_NAMES, parseMetrics } from './metrics/registry.js';
export { type GridImages, METRIC_GROUPS, type MetricGroup, type Protocol } from './metrics/metric.js';
export { modelExtractor, type ModelExtractorOptions, type OnnxModel } from './metrics/modelExtractor.js';
export {
  type ReconstructionScores,
  type ReconstructionScoring,
  scoreReconstruction,
} from './metrics/reconstruction.js';
export type { ExtractedFeatures, FeatureExtractor } from './classifiers/featureExtractor.js';
export {
  decodeProbe,
  encodeProbe,
  type FittedProbe,
  imageClassifier,
  type ImageClassifier,
  type LinearFit,
  type NeighborFit,
  type NetworkFit,
  type Predictions,
  PROBE_METHODS,
  type ProbeMethod,
  type ProbeOrigin,
  type SavedProbe,
} from './classifiers/fittedProbe.js';
export type { ClassifierWeights } from './classifiers/classifierGraph.js';
export type { RepresentationName } from './classifiers/representations.js';
export { accuracyOf, type Labels } from './classifiers/labels.js';
export {
  fitLogisticRegression,
  type LinearClassifier,
  type LogisticOptions,
  predictClasses,
} from './classifiers/logisticRegression.js';
export { classifyByNeighbors, METRICS, type NeighborOptions } from './classifiers/nearestNeighbors.js';
export { probe, type ProbeOptions, type ProbeResult } from './classifiers/probe.js';
export type { TestedProbe } from './classifiers/probeRunner.js';
export type { Features } from './numerics/features.js';
export {
  fitGaussian,
  type Gaussian,
  principalComponents,
  type PrincipalComponents,
  projectOnComponents,
} from './numerics/principalComponents.js';
