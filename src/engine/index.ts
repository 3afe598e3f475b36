/**
 * Reverse-mode automatic differentiation over ONNX graphs: build, differentiate, lower, encode, run.
 * @module agenet/engine
 */
export { adam, type AdamConstants, type AdamMoments, adamScalars } from './adam.js';
export { type AnyBatch, forAnyBatch } from './anyBatch.js';
export {
  type FlatEntry,
  type FlatLayout,
  flatLayout,
  flattenTensors,
  pack,
  tensorViews,
  unpack,
} from './flatLayout.js';
export { gradients } from './gradients.js';
export { type BatchAxes, countFlops, type Graph, graphOf, topologicalOrder } from './graph.js';
export { lowerPortable, type PortableTarget } from './lowering/portable.js';
export { type LoweredGraph, nextName, type StateLayout } from './lowering/state.js';
export { encode, type EncodeOptions } from './onnx.js';
export type { Operand, ReductionOptions } from './operator.js';
export {
  abs,
  add,
  after,
  and,
  argMin,
  averagePool,
  type AveragePoolOptions,
  batchNormalization,
  batchNormInference,
  batchStatistics,
  cast,
  ceil,
  celu,
  clip,
  concat,
  conv,
  type ConvOptions,
  convTranspose,
  type ConvTransposeOptions,
  cos,
  dequantizeLinear,
  div,
  elu,
  equal,
  erf,
  exp,
  expand,
  floor,
  fromFloat16,
  gelu,
  greater,
  greaterOrEqual,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  matMul,
  max,
  maxPool,
  meanOf,
  min,
  mish,
  mul,
  neg,
  not,
  or,
  pad,
  type PoolOptions,
  pow,
  prelu,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  resize,
  round,
  selu,
  sigmoid,
  sign,
  sin,
  slice,
  softplus,
  softsign,
  sqrt,
  square,
  stopGradient,
  sub,
  sumOf,
  tanh,
  thresholdedRelu,
  transpose,
  transposeMatrix,
  where,
  xor,
} from './operators/index.js';
export type { Communicator } from './runtime/communicator.js';
export { type BatchShares, type Compile, Program, type Signature, StatefulProgram } from './runtime/program.js';
export { DeviceError, type OnnxModel, type TensorInfo } from './runtime/session.js';
export { decodeSafetensors, encodeSafetensors, type TensorFile } from './safetensors.js';
export { type Shape, ShapeError, showShape, sizeOf } from './shape.js';
export { simplify } from './simplify.js';
export {
  constant,
  constantTensor,
  type ElementArray,
  type ElementType,
  input,
  type InputValue,
  type TensorData,
  type TensorType,
  type Value,
} from './value.js';
