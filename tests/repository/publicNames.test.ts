import { describe, expect, it } from 'vitest';

const ENTRIES = {
  agenet: () => import('../../src/index.js'),
  'agenet/node': () => import('../../src/node.js'),
  'agenet/web': () => import('../../src/web/index.js'),
};
/** The values that each entry point exports. A new name here is a promise to keep it. */
const NAMES: Record<keyof typeof ENTRIES, string> = {
  agenet: `
    ARCHITECTURES ARCHITECTURE_NAMES AUGMENTATIONS BATCH_NORM_STATS CODE_MAPS CROPS DEFAULTS DIGIT_PADDING
    DISTANCES DIVERGENCES EpochSampler InputError InputErrors METRICS METRIC_GROUPS METRIC_NAMES MOMENTS
    NAN_POLICIES NETWORK_FILES NETWORK_NAMES PRECISIONS PRIORS PROBE_METHODS REDUCTIONS SCHEDULES TERMS
    TrainedModel Trainer accuracyOf architectureFor awaitDecoding betterDirection channelsLast
    checkConfiguration classifyByNeighbors codeStatistics compareEvaluations conditionOf createNetwork decodeAttribute
    decodeCheckpoint decodeCifar decodeIdx decodeIdxImages decodeMatlab decodeNpy decodeNpz decodeNpzImages
    decodeProbe decodeSvhn defaultsFor distance divergence drawAugmentations drawCodes drawCodesAround
    drawImageMap drawSampleCodes encodeAttribute encodeCheckpoint encodeDescription encodeNetworks encodeNpy encodeNpz encodeProbe encodeSplit
    evaluate eventsOf firstImages fitDensity fitGaussian fitLogisticRegression fitTypicality forwardEval forwardTrain frechetDistance
    frechetFeatureDistance fromBytes fromPixels gatherImages greatCircle gridOf imageClassifier imageGrid
    imageOf imageSimilarity imagesOf inceptionScore initialParameters initialState initialStatistics
    interpolateCodes iterationOf iterationSpec kernelDistance layers logDensities mapCodes meanDifference minDivergence
    modelExtractor modelWeights moveCodes nearestCodes oneHot padImage pairGrid parseMetrics parsePlan pathThrough
    predictClasses principalComponents probe projectOnComponents randomStream relativeVariance rowAnimation
    refineImages runTraining sampleChunks sampleImages scoreReconstruction sequential splitInMemory squareColumns
    stateFromWeights subset toBytes traverse
  `,
  'agenet/node': `
    Images Model RunFolder compile encodeAnimation encodeVideo exportModel importRun loadModel openSource
    readCheckpoint readImages resolveSettings train trainingEvents
  `,
  'agenet/web': `
    PageTraining WEB_DEVICES WorkerModel compile configureRuntime deleteStoredCheckpoint readStoredCheckpoint
    serveModel serveTraining storeCheckpoint storedCheckpointNames
  `,
};

const listOf = (text: string) => text.split(/\s+/).filter((name) => name !== '');

describe.each(Object.entries(ENTRIES))('%s', (entry, load) => {
  it('exports the values of the list', async () => {
    expect(Object.keys(await load()).sort()).toEqual(listOf(NAMES[entry as keyof typeof ENTRIES]).sort());
  });
});

it('layers of agenet are exported by name', async () => {
  expect(Object.keys((await import('../../src/index.js')).layers).sort()).toEqual(
    listOf(
      `relu leakyRelu tanh scale conv convTranspose upsampleConv bilinearConv convDownsample linear batchNorm groupNorm pixelNorm
      averagePool globalAveragePool upsample residualBlock`,
    ).sort(),
  );
});
