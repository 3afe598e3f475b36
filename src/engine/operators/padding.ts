import { apply, integers } from '../operator.js';
import { type Shape, ShapeError, showShape } from '../shape.js';
import type { Operator, Value } from '../value.js';
import { add } from './arithmetic.js';
import { reduceSum } from './broadcasting.js';
import { pad, slice } from './shaping.js';

/** Mirrors at the outermost elements, or repeats them. */
export type PadMode = 'reflect' | 'edge';

const Pad: Operator<{ pads: readonly number[]; mode: PadMode }> = {
  name: 'Pad',
  infer([x], { pads, mode }) {
    const rank = x.shape.length;
    if (pads.length !== 2 * rank || pads.some((size) => !Number.isInteger(size) || size < 0))
      throw new ShapeError(`pads ${showShape(pads)} are not ${2 * rank} sizes of at least 0`);
    if (mode === 'reflect' && pads.some((size, index) => size >= x.shape[index % rank]!))
      throw new ShapeError(`pads ${showShape(pads)} mirror elements that do not exist`);
    return { type: x.type, shape: x.shape.map((size, axis) => size + pads[axis]! + pads[axis + rank]!) };
  },
  gradient: ({ inputs: [x], attributes: { pads, mode }, gradient }) => [
    () =>
      x.shape.reduce<Value>(
        (rest, size, axis) => fold(rest, axis, size, [pads[axis]!, pads[axis + x.shape.length]!], mode),
        gradient,
      ),
  ],
  parameters: ({ pads }) => ({ pads: integers(pads) }),
};

/** Adds the gradients of padding to the gradients of the elements it repeats. */
function fold(gradient: Value, axis: number, size: number, [before, after]: readonly [number, number], mode: PadMode) {
  const none = gradient.shape.map(() => 0);
  const at = (part: Value, start: number) =>
    pad(part, none.with(axis, start), none.with(axis, size - start - part.shape[axis]!));
  const parts = [slice(gradient, axis, before, before + size)];
  const [end, total] = [before + size, before + size + after];
  if (mode === 'reflect') {
    if (before > 0) parts.push(at(slice(gradient, axis, before - 1, -1, -1), 1));
    if (after > 0) parts.push(at(slice(gradient, axis, total - 1, end - 1, -1), size - 1 - after));
  } else {
    if (before > 0) parts.push(at(reduceSum(slice(gradient, axis, 0, before), [axis]), 0));
    if (after > 0) parts.push(at(reduceSum(slice(gradient, axis, end, total), [axis]), size - 1));
  }
  return parts.reduce((sum, part) => add(sum, part));
}

/** Adds elements that repeat others; `before` and `after` have one size per axis. */
export const padBy = (x: Value, mode: PadMode, before: Shape, after: Shape): Value =>
  [...before, ...after].every((size) => size === 0) ? x : apply(Pad, [x], { pads: [...before, ...after], mode });
