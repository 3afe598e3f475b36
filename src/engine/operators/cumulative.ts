import { apply } from '../operator.js';
import { normalizeAxes, ShapeError } from '../shape.js';
import { constantTensor, type Operator, type Value } from '../value.js';

const integer = (value: number) => constantTensor({ type: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) });

const CumSum: Operator<{ axis: number; exclusive: number; reverse: number }> = {
  name: 'CumSum',
  infer([x]) {
    if (x.type !== 'float32' && x.type !== 'int64') throw new ShapeError('takes float32 and int64 tensors only');
    return x;
  },
  gradient: ({ attributes, gradient }) => [
    () => apply(CumSum, [gradient], { ...attributes, reverse: 1 - attributes.reverse }),
  ],
  parameters: ({ axis }) => ({ axis: integer(axis) }),
};

export interface CumulativeOptions {
  /** Whether each sum leaves its own element out. */
  exclusive?: boolean;
  /** Whether sums begin at the end. */
  reverse?: boolean;
}

/** Sums of all elements up to each one along an axis. */
export const cumSum = (x: Value, axis: number, { exclusive = false, reverse = false }: CumulativeOptions = {}): Value =>
  apply(CumSum, [x], {
    axis: normalizeAxes([axis], x.shape.length, 'CumSum')[0]!,
    exclusive: Number(exclusive),
    reverse: Number(reverse),
  });

const Trilu: Operator<{ upper: number; k: number }> = {
  name: 'Trilu',
  infer([x]) {
    if (x.shape.length < 2) throw new ShapeError('expected at least two axes');
    return x;
  },
  gradient: ({ attributes, gradient }) => [() => apply(Trilu, [gradient], attributes)],
  parameters: ({ k }) => ({ k: integer(k) }),
};

/** The elements of matrices above diagonal k, and of it, or those below and of it; the others are 0. */
export const trilu = (x: Value, part: 'upper' | 'lower', k = 0): Value =>
  apply(Trilu, [x], { upper: Number(part === 'upper'), k });
