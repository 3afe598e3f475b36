import { exp, log, reduceMax, reduceSum, sub } from '../operators/index.js';
import type { Rule } from './rewrites.js';

/** ONNX Runtime's WebGPU provider has no LogSoftmax. */
export const logSoftmaxBySum: Rule = ({ operator, inputs: [x], attributes }) => {
  if (operator.name !== 'LogSoftmax') return undefined;
  const axes = [attributes.axis as number];
  const shifted = sub(x, reduceMax(x, axes));
  return sub(shifted, log(reduceSum(exp(shifted), axes)));
};
