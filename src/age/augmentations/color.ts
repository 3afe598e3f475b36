import { add, mul, reduceMean, sub, type Value } from '../../engine/index.js';
import type { Augmentation } from '../terms.js';

/** Changes brightness by -0.5 to 0.5, saturation by a factor of 0 to 2, and contrast by a factor of 0.5 to 1.5. */
export const color: Augmentation = {
  parameters: 3,
  draw: (stream) => [stream.uniform() - 0.5, 2 * stream.uniform(), stream.uniform() + 0.5],
  apply(x, [brightness, saturation, contrast]) {
    const shifted = add(x, brightness!);
    // The mean over one channel is the channel.
    const saturated = x.shape[1] === 1 ? shifted : scaleFrom(reduceMean(shifted, [1]), shifted, saturation!);
    return scaleFrom(reduceMean(saturated, [1, 2, 3]), saturated, contrast!);
  },
};

const scaleFrom = (mean: Value, x: Value, factor: Value): Value => add(mul(sub(x, mean), factor), mean);
