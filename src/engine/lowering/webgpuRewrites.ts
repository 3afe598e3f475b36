/** Rewrites for ONNX Runtime's WebGPU provider, version 1.30. */
import { apply } from '../operator.js';
import { concat, exp, log, reduceMax, reduceSum, slice, sub } from '../operators/index.js';
import type { Value } from '../value.js';
import { padChannelsToFour, type Rule } from './rewrites.js';

/** The provider has no LogSoftmax. */
export const logSoftmaxBySum: Rule = ({ operator, inputs: [x], attributes }) => {
  if (operator.name !== 'LogSoftmax') return undefined;
  const axes = [attributes.axis as number];
  const shifted = sub(x, reduceMax(x, axes));
  return sub(shifted, log(reduceSum(exp(shifted), axes)));
};

/**
 * Correctness, not speed: results of convolutions in groups were wrong, by as much as the result, for 6 or 9 channels of
 * the result per group, and transposed ones with several channels of the data per group and one of the result.
 */
export const separateGroups: Rule = ({ operator, inputs, attributes, shape }) => {
  const { group } = attributes as { group: number };
  const isTransposed = operator.name === 'ConvTranspose';
  if ((operator.name !== 'Conv' && !isTransposed) || group === 1) return undefined;
  const [taken, given] = [inputs[0].shape[1]! / group, shape[1]! / group];
  if (isTransposed ? taken === given : given <= 4 || given % 4 === 0) return undefined;
  // Channels of data, kernel and bias.
  const part = (value: Value, index: number, each: number) => {
    const axis = index === 0 ? 1 : 0;
    const size = value.shape[axis]! / group;
    return slice(value, axis, each * size, (each + 1) * size);
  };
  const parts = Array.from({ length: group }, (_, each) => {
    const operands = inputs.map((value, index) => part(value, index, each));
    const single = apply(operator, operands, { ...attributes, group: 1 });
    return padChannelsToFour(single) ?? single;
  });
  return concat(parts, 1);
};
