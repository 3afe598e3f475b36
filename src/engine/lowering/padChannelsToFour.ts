import { apply } from '../operator.js';
import { pad } from '../operators/index.js';
import type { Value } from '../value.js';
import type { Rule } from './rule.js';

/**
 * A convolution of 6, 9, 15 or so channels on as many channels more, of zeros, as make them a multiple of four. ONNX Runtime's WebGPU
 * provider reads channels by threes where they are a multiple of three but not of four, and computes something else where there are
 * more than three of them: batches of such sizes are channels where a kernel's gradient is taken.
 */
export const padChannelsToFour: Rule = {
  name: 'channels-in-fours',
  reason: 'not faster but right: kernels of any size, 2x2 and more, gave errors as large as the result with ONNX Runtime 1.30',
  apply(value) {
    if (value.operator.name !== 'Conv') return undefined;
    const [x, kernel, ...bias] = value.inputs as [Value, Value, ...Value[]];
    const channels = x.shape[1]!;
    if (channels <= 3 || channels % 3 !== 0 || channels % 4 === 0) return undefined;
    const whole = (operand: Value) => pad(operand, [0, 0, 0, 0], [0, 4 - (channels % 4), 0, 0]);
    return apply(value.operator, [whole(x), whole(kernel), ...bias], value.attributes);
  },
};
