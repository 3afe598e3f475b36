import { describe, expect, it } from 'vitest';
import * as engine from '../../src/engine/index.js';
import * as native from '../../src/engine/runtime/native.node.js';

/** Removing or renaming one of these breaks programs that use the library. */
const ENGINE = `
  DeviceError Program ShapeError StatefulProgram
  abs adam adamScalars add after argMin averagePool batchNormInference batchNormalization batchStatistics cast clip concat constant constantTensor
  conv convTranspose countFlops decodeSafetensors dequantizeLinear div encode encodeSafetensors equal exp expand flatLayout flattenTensors
  forAnyBatch fromFloat16 gradients graphOf greater input leakyRelu log lowerPortable matMul meanOf mul neg nextName pack pad reduceMax
  reduceMean reduceMin reduceSum relu reshape resize showShape sigmoid sign simplify sizeOf slice sqrt square stopGradient sub sumOf tanh
  tensorViews topologicalOrder transpose transposeMatrix unpack where
`;

describe('public names', () => {
  it('of agenet/engine', () => {
    expect(Object.keys(engine).sort()).toEqual(ENGINE.trim().split(/\s+/));
  });

  it('of agenet/native', () => {
    expect(Object.keys(native).sort()).toEqual(['DEVICES', 'compile', 'estimateMemory', 'lower', 'prepareProcess']);
  });
});
