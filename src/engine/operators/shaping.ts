import { apply, integers, isComputedBy } from '../operator.js';
import { normalizeAxes, type Shape, ShapeError, showShape } from '../shape.js';
import { constant, type Operator, type Value } from '../value.js';
import { reshape } from './broadcasting.js';

const Transpose: Operator<{ perm: readonly number[] }> = {
  name: 'Transpose',
  infer([x], { perm }) {
    if (String([...perm].sort((a, b) => a - b)) !== String([...x.shape.keys()]))
      throw new ShapeError(`${showShape(perm)} is not an order of its axes`);
    return { type: x.type, shape: perm.map((axis) => x.shape[axis]!) };
  },
  gradient: ({ attributes: { perm }, gradient }) => {
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return [() => transpose(gradient, inverse)];
  },
  distribute: ([placement], { attributes: { perm } }) => ({
    operands: [placement],
    result: typeof placement === 'number' ? perm.indexOf(placement) : placement,
  }),
  simplify(value) {
    const operand = value.inputs[0];
    const outer = value.attributes.perm as readonly number[];
    const inner = isComputedBy(operand, 'Transpose') ? operand : undefined;
    const perm = inner ? outer.map((axis) => (inner.attributes.perm as readonly number[])[axis]!) : outer;
    const source = inner?.inputs[0] ?? operand;
    if (perm.every((axis, index) => axis === index)) return source;
    return inner && { ...value, inputs: [source], attributes: { perm } };
  },
};

/** Reorders axes: axis i of the result is axis perm[i] of x. */
export const transpose = (x: Value, perm: readonly number[]): Value => apply(Transpose, [x], { perm });

const Concat: Operator<{ axis: number }> = {
  name: 'Concat',
  infer(inputs, { axis }) {
    const [first, ...others] = inputs;
    for (const other of others) {
      const fits =
        other.type === first.type &&
        other.shape.length === first.shape.length &&
        other.shape.every((size, i) => i === axis || size === first.shape[i]);
      if (!fits) throw new ShapeError(`inputs differ in an axis other than ${axis}`);
    }
    const total = inputs.reduce((sum, value) => sum + value.shape[axis]!, 0);
    return { type: first.type, shape: first.shape.with(axis, total) };
  },
  gradient: ({ inputs, attributes: { axis }, gradient }) => {
    let start = 0;
    return inputs.map((value) => {
      const from = start;
      start += value.shape[axis]!;
      return () => slice(gradient, axis, from, from + value.shape[axis]!);
    });
  },
  distribute(operands, { attributes: { axis } }) {
    const [part, ...others] = new Set(operands.filter((placement) => typeof placement === 'number'));
    if (part === undefined) return { operands: operands.map(() => 'summand'), result: 'summand' };
    return others.length > 0 || part === axis ? undefined : { operands: operands.map(() => part), result: part };
  },
};

/** Concatenates values whose other axes agree. */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new ShapeError('Concat: needs at least one input');
  return values.length === 1
    ? first
    : apply(Concat, values, { axis: normalizeAxes([axis], first.shape.length, 'Concat')[0]! });
}

const Slice: Operator<{ axis: number; start: number; end: number; step: number }> = {
  name: 'Slice',
  infer([x], { axis, start, end, step }) {
    const size = x.shape[axis]!;
    if (!(step >= 1 && start >= 0 && start < end && end <= size)) {
      throw new ShapeError(`axis ${axis} has no elements ${start} to ${end} in steps of ${step}`);
    }
    return { type: x.type, shape: x.shape.with(axis, Math.ceil((end - start) / step)) };
  },
  gradient: ({ inputs: [x], output, attributes: { axis, start, step }, gradient }) => [
    () => {
      const count = output.shape[axis]!;
      // Skipped elements have the gradient 0, inserted by padding an axis after each element.
      const stuffed = insertZeros(gradient, axis, step);
      const length = (count - 1) * step + 1;
      const none = x.shape.map(() => 0);
      const after = x.shape[axis]! - start - length;
      return pad(slice(stuffed, axis, 0, length), none.with(axis, start), none.with(axis, after));
    },
  ],
  distribute: ([placement], { attributes: { axis } }) =>
    placement === axis ? undefined : { operands: [placement], result: placement },
  parameters: ({ axis, start, end, step }) => ({
    start: integers([start]),
    end: integers([end]),
    axis: integers([axis]),
    step: integers([step]),
  }),
};

function insertZeros(x: Value, axis: number, step: number) {
  if (step === 1) return x;
  const split = x.shape.toSpliced(axis + 1, 0, 1);
  const none = split.map(() => 0);
  const padded = pad(reshape(x, split), none, none.with(axis + 1, step - 1));
  return reshape(padded, x.shape.with(axis, x.shape[axis]! * step));
}

const Reverse: Operator<{ axis: number }> = {
  name: 'Slice',
  infer: ([x]) => x,
  gradient: ({ attributes: { axis }, gradient }) => [() => reverse(gradient, axis)],
  distribute: ([placement], { attributes: { axis } }) =>
    placement === axis ? undefined : { operands: [placement], result: placement },
  parameters: ({ axis }) => ({
    start: integers([-1]),
    end: integers([Number.MIN_SAFE_INTEGER]),
    axis: integers([axis]),
    step: integers([-1]),
  }),
};

const reverse = (x: Value, axis: number) => apply(Reverse, [x], { axis });

/** Elements start, start + step, ... before end along one axis. With a negative step they are above end, which may be -1. */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  const [from] = normalizeAxes([axis], x.shape.length, 'Slice');
  if (step < 0) {
    const last = start + (Math.ceil((start - end) / -step) - 1) * step;
    return reverse(slice(x, from!, last, start + 1, -step), from!);
  }
  return start === 0 && end === x.shape[from!] && step === 1 ? x : apply(Slice, [x], { axis: from!, start, end, step });
}

const Pad: Operator<{ pads: readonly number[]; value: number }> = {
  name: 'Pad',
  infer([x], { pads }) {
    const rank = x.shape.length;
    if (pads.length !== 2 * rank || pads.some((size) => !Number.isInteger(size) || size < 0)) {
      throw new ShapeError(`pads ${showShape(pads)} are not ${2 * rank} sizes of at least 0`);
    }
    return { type: x.type, shape: x.shape.map((size, axis) => size + pads[axis]! + pads[axis + rank]!) };
  },
  gradient: ({ inputs: [x], attributes: { pads }, gradient }) => [
    () => x.shape.reduce<Value>((rest, size, axis) => slice(rest, axis, pads[axis]!, pads[axis]! + size), gradient),
  ],
  distribute([placement], { attributes: { pads } }) {
    const isPadded =
      typeof placement === 'number' && (pads[placement] !== 0 || pads[placement + pads.length / 2] !== 0);
    return isPadded ? undefined : { operands: [placement], result: placement };
  },
  parameters: ({ pads, value }) => ({ pads: integers(pads), value: constant(value) }),
};

/** Adds elements, zeros by default; `before` and `after` have one size per axis. */
export const pad = (x: Value, before: Shape, after: Shape, value = 0): Value =>
  [...before, ...after].every((size) => size === 0) ? x : apply(Pad, [x], { pads: [...before, ...after], value });
