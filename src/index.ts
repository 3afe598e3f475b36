/** agenet as a library: networks, the method, data, images, metrics, and training without files. The engine alone is `agenet/engine`. */
export { InputError } from './errors.js';
export { distance, type Distance, DISTANCES } from './age/distance.js';
export { divergence, type DivergenceOptions, DIVERGENCES, minDivergence, MOMENTS, REDUCTIONS, relativeVariance } from './age/divergence.js';
export {
  type AverageName,
  EMA_NAMES,
  fromPixels,
  type Iteration,
  iterationOf,
  type IterationSpec,
  STATE_NAMES,
  type StateName,
  stateSize,
} from './age/iteration.js';
export { type Objective } from './age/losses.js';
export { activeTerms, parsePlan, type Term, TERMS, type UpdatePlan } from './age/plan.js';
export { drawCodes, normalizeAlongAxis1, normalizeInPlace, type Prior, PRIORS } from './age/prior.js';
export { ADAM, update, updateGradients } from './age/update.js';
export { type L2Choice, type L2Score, type RidgeOptions, selectL2 } from './classifiers/crossValidation.js';
export { whyNoClassifier } from './classifiers/dataClassifier.js';
export { type ExtractedFeatures, type FeatureExtractor } from './classifiers/featureExtractor.js';
export {
  type FittedProbe,
  imageClassifier,
  type ImageClassifier,
  type LinearFit,
  type NeighborFit,
  type NetworkFit,
  type Predictions,
  PROBE_METHODS,
  type ProbeMethod,
} from './classifiers/fittedProbe.js';
export { accuracyOf, drawBalancedLabels, type Labels, stratifiedFolds } from './classifiers/labels.js';
export { crossEntropyOf, fitLogisticRegression, type LinearClassifier, type LogisticOptions, predictClasses } from './classifiers/logisticRegression.js';
export { classifyByNeighbors, METRICS, type NeighborOptions } from './classifiers/nearestNeighbors.js';
export { probe, type ProbeOptions, type ProbeResult } from './classifiers/probe.js';
export { decodeProbe, encodeProbe, type ProbeOrigin, type SavedProbe } from './classifiers/probeFile.js';
export { TEST_IMAGES } from './classifiers/probeRunner.js';
export { folderClasses, type FolderClasses } from './data/classes.js';
export { DIGIT_PADDING } from './data/datasets/digits.js';
export { type ImageItem, type SkippedImage } from './data/decoding/imageItem.js';
export { flipBatch } from './data/flip.js';
export { type CifarKind, decodeCifar } from './data/formats/cifar.js';
export { type ElementKind, type Elements } from './data/formats/elements.js';
export { encodeNpy, encodeNpz, type NumpyArray } from './data/formats/encodeNumpy.js';
export { decodeIdx, type IdxArray } from './data/formats/idx.js';
export { decodeIdxImages, type NamedBytes } from './data/formats/idxImages.js';
export { type LabeledImages } from './data/formats/labeledImages.js';
export { decodeMatlab } from './data/formats/matlab.js';
export { type MatlabArray, type MatlabClass } from './data/formats/matlabMatrix.js';
export { type DecodedNumpyArray, decodeNpy } from './data/formats/npy.js';
export { decodeNpz } from './data/formats/npz.js';
export { decodeNpzImages } from './data/formats/npzImages.js';
export { decodeSvhn } from './data/formats/svhn.js';
export { type Partition, partitionBy, partitionByName } from './data/partition.js';
export { EpochSampler } from './data/sampler.js';
export { awaitDecoding, firstImages, gatherImages, type ImageFormat, type ImageSource, type Split, splitInMemory, subset } from './data/source.js';
export { TOLERANCE, type Verification, verify } from './golden/verification.js';
export { type Crop, CROPS, type Decoded, type DecodeOptions, type DecodingFailure } from './images/decoding.js';
export { gridOf, imageGrid, pairGrid, squareColumns } from './images/imageGrid.js';
export { gridMosaic, type GridPlaces, placeCrowd, placeOnGrid } from './images/mosaic.js';
export { paddedSize, type Padding, padImage, requirePaddable } from './images/padding.js';
export { channelsLast, type ComparableImages, fromBytes, type ImageBatch, imageOf, type Raster, toBytes } from './images/raster.js';
export { codeStatistics, type CodeStatistics, nearestCodeDistances, type UniformityTest } from './metrics/codeStatistics.js';
export { compareEvaluations, type Comparison, type Difference, type EvaluatedRun, type IncomparableMetrics } from './metrics/comparability.js';
export { evaluate, type Evaluation, type EvaluationOptions } from './metrics/evaluate.js';
export { frechetDistance, frechetFeatureDistance } from './metrics/frechet.js';
export { imageSimilarity, type ImageSimilarity } from './metrics/imageSimilarity.js';
export { type InceptionScore, inceptionScore } from './metrics/inceptionScore.js';
export { kernelDistance, type KernelDistance } from './metrics/kernelDistance.js';
export {
  betterDirection,
  FEATURE_GROUPS,
  groupOf,
  METRIC_GROUP_NAMES,
  METRIC_GROUPS,
  METRIC_NAMES,
  type MetricGroup,
  parseMetrics,
} from './metrics/metricNames.js';
export { modelExtractor, type ModelExtractorOptions } from './metrics/modelExtractor.js';
export { type ManifoldScores, precisionRecallDensityCoverage } from './metrics/prdc.js';
export { type ReconstructionScores, scoreReconstruction } from './metrics/reconstruction.js';
export { type Attribute, type AttributeOrigin, decodeAttribute, encodeAttribute } from './model/attribute.js';
export { CODE_MAPS, type CodeMap, mapCodes, type MapMethod } from './model/codeMap.js';
export { type NearestCodes, nearestCodes } from './model/codeSearch.js';
export { drawCodesAround } from './model/codesAround.js';
export { encodedChunks, encodeSplit } from './model/encodeSplit.js';
export { meanDifference, type MeanDifference, type RowNumbers } from './model/meanDifference.js';
export { greatCircle, moveCodes, pathThrough, tangentAt } from './model/paths.js';
export { sampleChunks } from './model/samples.js';
export { interpolateCodes } from './model/slerp.js';
export { type ModelWeights, TrainedModel } from './model/trainedModel.js';
export { umapLayout } from './model/umapLayout.js';
export { type Architecture, ARCHITECTURE_NAMES, architectureFor, type ArchitectureName, ARCHITECTURES, type NetworkOptions } from './networks/dcgan.js';
export { forwardEval, forwardTrain, type NamedValues } from './networks/forward.js';
export { adaptRunningStats, initialParameters, initialStatistics } from './networks/initialization.js';
export { type ConvolutionLayer, type InputKind, type Layer } from './networks/layer.js';
export { createNetwork, type Network, NETWORK_NAMES, type NetworkName, type NetworkPair } from './networks/network.js';
export { type Features } from './numerics/features.js';
export { fitGaussian, type Gaussian } from './numerics/gaussian.js';
export { principalComponents, type PrincipalComponents, projectOnComponents } from './numerics/principalComponents.js';
export { type EigenDecomposition, symmetricEigen } from './numerics/symmetricEigen.js';
export { concentrationOf, drawVonMisesFisher, meanCosine } from './numerics/vonMisesFisher.js';
export { type EvaluationPlan, planEvaluation } from './runs/trainingPlan.js';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './training/checkpoint.js';
export {
  checkConfiguration,
  type Configuration,
  configurationSchema,
  isChangeable,
  iterationSpec,
} from './training/configuration.js';
export { BATCH_NORM_STATS, DEFAULTS, NAN_POLICIES } from './training/defaults.js';
export { type Emit, type RunningTraining, type Subscriber, type TrainingEvent, type TrainingSummary } from './training/events.js';
export { emaDecayAt, learningRateAt, SCHEDULES } from './training/learningRate.js';
export { type Digest } from './training/seal.js';
export { Stages } from './training/stages.js';
export {
  initialState,
  type IterationReport,
  modelWeights,
  stateFromWeights,
  totalStepsFor,
  Trainer,
  type TrainerState,
  type TrainingVectors,
} from './training/trainer.js';
