import { apply, requireFloat } from '../operator.js';
import { ShapeError } from '../shape.js';
import type { Operator, Value } from '../value.js';

/** `ModelTraining` drops elements in the mode 'train'. */
export const Dropout: Operator<{ ratio: number }> = {
  name: 'Dropout',
  infer(inputs, { ratio }) {
    requireFloat(inputs);
    if (!(ratio >= 0 && ratio <= 1)) throw new ShapeError(`expected a ratio from 0 to 1 but got ${ratio}`);
    return inputs[0];
  },
  decomposition: ([x]) => x,
};

/** The identity, as in inference. Training drops this share of elements and enlarges the others by 1 / (1 - ratio). */
export const dropout = (x: Value, ratio = 0.5): Value => apply(Dropout, [x], { ratio });

const RandomUniformLike: Operator<{ seed: number }> = {
  name: 'RandomUniformLike',
  floatAttributes: ['seed'],
  infer: ([x]) => x,
  gradient: () => [null],
};

/**
 * Uniform draws from [0, 1) of this shape, anew in each run of a session.
 * @param seed an integer below 2^24; values with the same seed are one value
 */
export const randomUniformLike = (x: Value, seed: number): Value => apply(RandomUniformLike, [x], { seed });
