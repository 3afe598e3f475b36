import { describe, expect, it } from 'vitest';
import * as engine from '../../src/engine/index.js';
import * as native from '../../src/engine/runtime/native.node.js';

/** Removing or renaming one of these breaks programs that use the library. */
const ENGINE = `
  DeviceError ModelTraining Program ShapeError StatefulProgram abs adam adamScalars add after and argMax argMin
  averagePool batchNormInference batchNormalization batchStatistics cast ceil celu clip concat constant
  constantTensor conv convTranspose cos countFlops cumSum decodeSafetensors depthToSpace dequantizeLinear dimensionsFor div dropout
  einsum elu encode encodeSafetensors equal erf exp expand flatLayout flatten flattenTensors floor forAnyBatch fromFloat16
  gather gatherElements gatherND gelu gemm gradients graphOf greater greaterOrEqual groupNormalization hardSigmoid
  hardSwish importOnnx input instanceNormalization interpolate layerNormalization leakyRelu less lessOrEqual
  localResponseNormalization log logSoftmax lowerPortable matMul max maxPool meanOf min mish mul neg nextName not
  onnxSignature or pack pad padBy pow prelu reciprocal reduceL1 reduceL2 reduceLogSum reduceLogSumExp reduceMax
  reduceMean reduceMin reduceProd reduceSum reduceSumSquare relu replaceLeaves reshape resize round scatterElements
  scatterND selu showShape sigmoid sign simplify sin sizeOf slice softmax softplus softsign spaceToDepth split sqrt
  square squeeze stopGradient sub sumOf tanh tensorViews thresholdedRelu tile topologicalOrder transpose
  transposeMatrix trilu unpack unsqueeze where xor
`;

describe('public names', () => {
  it('of agenet/engine', () => {
    expect(Object.keys(engine).sort()).toEqual(ENGINE.trim().split(/\s+/));
  });

  it('of agenet/native', () => {
    expect(Object.keys(native).sort()).toEqual([
      'DEVICES',
      'compile',
      'estimateMemory',
      'importOnnxFile',
      'lower',
      'prepareProcess',
    ]);
  });
});
