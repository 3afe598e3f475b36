import { describe, expect, it } from 'vitest';
import * as engine from '../../src/engine/index.js';
import * as native from '../../src/engine/runtime/native.node.js';

/** Removing or renaming one of these breaks programs that use the library. */
const ENGINE = `
  DeviceError Program ShapeError StatefulProgram abs adam adamScalars add after and argMin averagePool
  batchNormInference batchNormalization batchStatistics cast ceil celu clip concat constant constantTensor conv
  convTranspose cos countFlops decodeSafetensors dequantizeLinear div elu encode encodeSafetensors equal erf exp
  expand flatLayout flattenTensors floor forAnyBatch fromFloat16 gather gatherElements gatherND gelu gradients graphOf
  greater greaterOrEqual groupNormalization hardSigmoid hardSwish input instanceNormalization layerNormalization
  leakyRelu less lessOrEqual localResponseNormalization log logSoftmax lowerPortable matMul max maxPool meanOf min
  mish mul neg nextName not or pack pad pow prelu reciprocal reduceMax reduceMean reduceMin reduceSum relu reshape
  resize round scatterElements scatterND selu showShape sigmoid sign simplify sin sizeOf slice softmax softplus
  softsign sqrt square stopGradient sub sumOf tanh tensorViews thresholdedRelu topologicalOrder transpose
  transposeMatrix unpack where xor
`;

describe('public names', () => {
  it('of agenet/engine', () => {
    expect(Object.keys(engine).sort()).toEqual(ENGINE.trim().split(/\s+/));
  });

  it('of agenet/native', () => {
    expect(Object.keys(native).sort()).toEqual(['DEVICES', 'compile', 'estimateMemory', 'lower', 'prepareProcess']);
  });
});
