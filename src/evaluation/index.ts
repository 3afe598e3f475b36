export { CODE_MAPS, type CodeMap, mapCodes, type MapMethod } from './codeMap.js';
export { drawCodesAround } from './codesAround.js';
export { type NearestCodes, nearestCodes } from './codeSearch.js';
export { type CodeStatistics, codeStatistics, nearestCodeDistances, type UniformityTest } from './codeStatistics.js';
export { chooseRidge, type RidgeChoice, type RidgeOptions, type RidgeScore } from './crossValidation.js';
export { compareEvaluations, type Comparison, type Difference, type EvaluatedRun, type IncomparableMetrics } from './comparability.js';
export { encodedChunks, encodeSplit } from './encodeSplit.js';
export type { Features } from './features.js';
export { frechetDistance, frechetFeatureDistance } from './frechet.js';
export { type Gaussian, gaussianOf } from './gaussian.js';
export { type ComparableImages, type ImageSimilarity, imageSimilarity } from './imageSimilarity.js';
export { type InceptionScore, inceptionScore } from './inceptionScore.js';
export { type KernelDistance, kernelDistance } from './kernelDistance.js';
export { accuracyOf, drawBalancedLabels, type Labels, stratifiedFolds } from './labels.js';
export { crossEntropyOf, fitLogisticRegression, type LinearClassifier, type LogisticOptions, predictClasses } from './logisticRegression.js';
export { type ManifoldScores, manifoldScores } from './manifold.js';
export { classifyByNeighbours, METRICS, type NeighbourOptions } from './nearestNeighbours.js';
export { type PrincipalComponents, principalComponents, projectOnComponents } from './principalComponents.js';
export { type ReconstructionScores, scoreReconstruction } from './reconstruction.js';
export { type EigenDecomposition, symmetricEigen } from './symmetricEigen.js';
export { umapLayout } from './umapLayout.js';
export { concentrationOf, drawVonMisesFisher, meanCosine } from './vonMisesFisher.js';
export { evaluate, type Evaluation, type EvaluationOptions } from './evaluate.js';
export { type ExtractedFeatures, type FeatureExtractor } from './featureExtractor.js';
export { betterDirection, FEATURE_GROUPS, groupOf, METRIC_GROUP_NAMES, METRIC_GROUPS, METRIC_NAMES, type MetricGroup, parseMetrics } from './metricNames.js';
export { modelExtractor, type ModelExtractorOptions } from './modelExtractor.js';
export { sampleChunks } from './samples.js';
export { whyNoClassifier } from './dataClassifier.js';
export { type EvaluationPlan, planEvaluation } from './trainingPlan.js';
export {
  type FittedProbe,
  type ImageClassifier,
  imageClassifier,
  type LinearFit,
  type NeighbourFit,
  type NetworkFit,
  type Predictions,
  PROBE_METHODS,
  type ProbeMethod,
} from './fittedProbe.js';
export { probe, type ProbeOptions, type ProbeResult } from './probe.js';
export { TEST_IMAGES } from './prober.js';
export { decodeProbe, encodeProbe, type ProbeOrigin, type SavedProbe } from './probeFile.js';
