/** Operators on known tensors, element by element. */
import { broadcastShapes, normalizeAxes, type Shape, ShapeError, sizeOf, stridesOf } from '../shape.js';
import type { ImportedNode } from './importedNode.js';
import { fill, isFloat, type Known, numberTypeOf, type NumberType } from './known.js';

export type Fold = (node: ImportedNode) => Known | readonly Known[];
type Element = number | bigint;

/** Maps an index of shape `to` to the offset in a tensor that is broadcast to it. */
export function broadcastIndex(from: Shape, to: Shape) {
  const steps = stridesOf(from).map((step, axis) => (from[axis] === 1 ? 0 : step));
  const outer = stridesOf(to).slice(to.length - from.length);
  return (index: number) =>
    steps.reduce((offset, step, axis) => offset + (Math.floor(index / outer[axis]!) % from[axis]!) * step, 0);
}

function broadcastKnown(operands: readonly Known[]) {
  const shape = operands.reduce<Shape | undefined>((all, operand) => all && broadcastShapes(all, operand.shape), []);
  if (shape === undefined) throw new ShapeError('has inputs that cannot be broadcast against each other');
  const offsets = operands.map((operand) => broadcastIndex(operand.shape, shape));
  return { shape, at: (index: number) => operands.map(({ data }, i): Element => data[offsets[i]!(index)]!) };
}

/** @param type of the result (default: that of the operand `typed`) */
const elementwise =
  (compute: (operands: readonly Element[], node: ImportedNode) => Element, type?: NumberType, typed = 0): Fold =>
  (node) => {
    const operands = node.allKnown();
    const { shape, at } = broadcastKnown(operands);
    return fill(node.budget.allocate(type ?? (operands[typed] ?? operands[0]).type, shape), (index) =>
      compute(at(index), node),
    );
  };

const unary = (compute: (x: number) => number) => elementwise(([x]) => compute(Number(x)));

const binary = (floats: (a: number, b: number) => number, integers: (a: bigint, b: bigint) => bigint): Fold =>
  elementwise((operands) =>
    operands.slice(1).reduce((a, b) => {
      if (typeof a === 'number') return floats(a, Number(b));
      return typeof b === 'number' ? floats(Number(a), b) : integers(a, b);
    }, operands[0]!),
  );

const comparison = (compare: (a: Element, b: Element) => boolean) =>
  elementwise(([a, b]) => (compare(a!, b!) ? 1n : 0n), 'bool');

function divide(a: bigint, b: bigint) {
  if (b === 0n) throw new ShapeError('divides by zero');
  return a / b;
}

const mod: Fold = (node) => {
  const isTruncated = node.int('fmod', 0) === 1;
  const ofSign = <T extends Element>(rest: T, b: T, zero: T, sum: (a: T, b: T) => T) =>
    isTruncated || rest === zero || rest < zero === b < zero ? rest : sum(rest, b);
  return binary(
    (a, b) => ofSign(a % b, b, 0, (x, y) => x + y),
    (a, b) => ofSign(a - b * divide(a, b), b, 0n, (x, y) => x + y),
  )(node);
};

function power(a: bigint, b: bigint) {
  // Larger powers have no 64 bits, and could fill the memory.
  if (b < 0n || b > 64n) throw new ShapeError(`raises an integer to the power ${b}`);
  return a ** b;
}

/** Halves to even. */
function round(x: number) {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

const cast: Fold = (node) => {
  const x = node.known(0);
  const type = numberTypeOf(node.int('to', 1));
  return fill(node.budget.allocate(type, x.shape), (index) => x.data[index]!);
};

/** Sums and other totals over axes of the second input (default: all). */
const reduction =
  (combine: (a: Element, b: Element) => Element, start: (type: NumberType) => Element | undefined): Fold =>
  (node) => {
    const x = node.known(0);
    const axes = reducedAxes(node, x.shape.length);
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const shape = node.int('keepdims', 1) === 1 ? kept : kept.filter((_, axis) => !axes.includes(axis));
    const target = broadcastIndex(kept, x.shape);
    const totals = Array<Element | undefined>(sizeOf(shape)).fill(start(x.type));
    for (let index = 0; index < x.data.length; index++) {
      const total = totals[target(index)];
      totals[target(index)] = total === undefined ? x.data[index]! : combine(total, x.data[index]!);
    }
    return fill(node.budget.allocate(x.type, shape), (index) => {
      if (totals[index] === undefined) throw new ShapeError('has no elements to reduce');
      return totals[index];
    });
  };

/** Without axes all, or none if `noop_with_empty_axes` is set. */
export function reducedAxes(node: ImportedNode, rank: number): number[] {
  const axes = node.integers(1) ?? node.ints('axes') ?? [];
  if (axes.length > 0) return normalizeAxes(axes, rank, node.type);
  return node.int('noop_with_empty_axes', 0) === 1 ? [] : [...Array(rank).keys()];
}

const zero = (type: NumberType): Element => (isFloat(type) ? 0 : 0n);
const one = (type: NumberType): Element => (isFloat(type) ? 1 : 1n);
const plus = (a: Element, b: Element): Element => (typeof a === 'bigint' ? a + (b as bigint) : a + (b as number));
const times = (a: Element, b: Element): Element => (typeof a === 'bigint' ? a * (b as bigint) : a * (b as number));

const negate = (x: Element): Element => (typeof x === 'bigint' ? -x : -x);

export const FOLDED_ELEMENTS: Record<string, Fold> = {
  Add: binary(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: binary(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: binary(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  Div: binary((a, b) => a / b, divide),
  Mod: mod,
  Pow: binary((a, b) => a ** b, power),
  Min: binary(Math.min, (a, b) => (a < b ? a : b)),
  Max: binary(Math.max, (a, b) => (a > b ? a : b)),
  Equal: comparison((a, b) => a === b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  And: comparison((a, b) => a !== 0n && b !== 0n),
  Or: comparison((a, b) => a !== 0n || b !== 0n),
  Xor: comparison((a, b) => a !== b),
  Not: elementwise(([x]) => (x === 0n ? 1n : 0n), 'bool'),
  IsNaN: elementwise(([x]) => (Number.isNaN(x) ? 1n : 0n), 'bool'),
  Neg: elementwise(([x]) => negate(x!)),
  Abs: elementwise(([x]) => (x! < 0 ? negate(x!) : x!)),
  Sign: elementwise(([x]) => Math.sign(Number(x))),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(round),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Cast: cast,
  CastLike: (node) => {
    const [x, { type }] = [node.known(0), node.known(1)];
    return fill(node.budget.allocate(type, x.shape), (index) => x.data[index]!);
  },
  Identity: (node) => node.known(0),
  Where: elementwise(([condition, a, b]) => (condition === 0n ? b! : a!), undefined, 1),
  ReduceSum: reduction(plus, zero),
  ReduceProd: reduction(times, one),
  ReduceMax: reduction(
    (a, b) => (a > b ? a : b),
    () => undefined,
  ),
  ReduceMin: reduction(
    (a, b) => (a < b ? a : b),
    () => undefined,
  ),
};
