import { apply } from '../operator.js';
import { ShapeError } from '../shape.js';
import { ELEMENT_CODES, type Operator, type Value } from '../value.js';

// Not evaluated: unfolded constants stay small in files.
const Widen: Operator<{ to: number }> = {
  name: 'Cast',
  infer([x]) {
    if (x.type !== 'float16') throw new ShapeError('expected a float16 tensor');
    return { type: 'float32', shape: x.shape };
  },
  flops: () => 0,
};

/** A float16 tensor as float32. */
export const fromFloat16 = (x: Value): Value => apply(Widen, [x], { to: ELEMENT_CODES.float32 });

const DequantizeLinear: Operator<{ axis: number }> = {
  name: 'DequantizeLinear',
  infer(inputs, { axis }) {
    const [x, scale] = inputs;
    if (x.type !== 'int8' || scale!.type !== 'float32') throw new ShapeError('expected int8 and its float32 scales');
    if (scale!.shape.length !== 1 || scale!.shape[0] !== x.shape[axis])
      throw new ShapeError(`expected a scale per index of axis ${axis}`);
    return { type: 'float32', shape: x.shape };
  },
  flops: () => 0,
};

/**
 * Multiplies by the scale of each index along an axis.
 * @param x int8 of any shape
 * @param scale float32, one element per index
 */
export const dequantizeLinear = (x: Value, scale: Value, axis: number): Value =>
  apply(DequantizeLinear, [x, scale], { axis });
