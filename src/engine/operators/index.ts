/** Every differentiable operator, one function each, under its ONNX name with a small first letter. */
export { add, div, mul, type Operand, sub } from './arithmetic.js';
export { expand, reduceSum, type ReductionOptions, reshape, sumTo } from './broadcasting.js';
export { cast, equal, greater, stopGradient, where } from './comparison.js';
export { conv, type ConvOptions, convTranspose, type ConvTransposeOptions } from './convolution.js';
export { abs, clip, exp, leakyRelu, log, neg, reciprocal, relu, sigmoid, sign, sqrt, square, sum, tanh } from './functions.js';
export { matMul, transposeMatrix } from './matrix.js';
export { batchNormalization, batchStatistics, batchNormInference } from './normalization.js';
export { argMin, meanOf, reduceMax, reduceMean, reduceMin, sumOf } from './reduction.js';
export { after } from './ordering.js';
export { concat, pad, slice, transpose } from './shaping.js';
