import { describe, expect, it } from 'vitest';
import * as engine from '../../src/engine/index.js';
import * as native from '../../src/engine/runtime/native.node.js';

/** Removing or renaming one of these breaks programs that use the library. */
const ENGINE = `
  DeviceError Program ShapeError StatefulProgram abs adam adamScalars add after and argMin averagePool
  batchNormInference batchNormalization batchStatistics cast ceil celu clip concat constant constantTensor conv
  convTranspose cos countFlops decodeSafetensors dequantizeLinear div elu encode encodeSafetensors equal erf exp
  expand flatLayout flattenTensors floor forAnyBatch fromFloat16 gelu gradients graphOf greater greaterOrEqual
  hardSigmoid hardSwish input leakyRelu less lessOrEqual log lowerPortable matMul max maxPool meanOf min mish mul neg
  nextName not or pack pad pow prelu reciprocal reduceMax reduceMean reduceMin reduceSum relu reshape resize round
  selu showShape sigmoid sign simplify sin sizeOf slice softplus softsign sqrt square stopGradient sub sumOf tanh
  tensorViews thresholdedRelu topologicalOrder transpose transposeMatrix unpack where xor
`;

describe('public names', () => {
  it('of agenet/engine', () => {
    expect(Object.keys(engine).sort()).toEqual(ENGINE.trim().split(/\s+/));
  });

  it('of agenet/native', () => {
    expect(Object.keys(native).sort()).toEqual(['DEVICES', 'compile', 'estimateMemory', 'lower', 'prepareProcess']);
  });
});
