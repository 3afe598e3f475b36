import { broadcastShapes, ShapeError, sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import { expand, reduceSum, reshape } from './broadcasting.js';
import { matMul } from './matrix.js';
import { transpose } from './shaping.js';

/** A tensor with a label for each axis. */
interface Labeled {
  value: Value;
  labels: readonly string[];
}

/**
 * Sums products over all labels that the result lacks, as in `bij,bjk->bik`. An ellipsis stands for leading axes, which
 * are broadcast. Without `->`, the result has the labels that occur once, in alphabetical order.
 */
export function einsum(equation: string, ...operands: readonly Value[]): Value {
  const [left, right] = equation.replaceAll(/\s/g, '').split('->') as [string, string?];
  const terms = left.split(',');
  if (terms.length !== operands.length)
    throw new ShapeError(`Einsum: ${equation} has ${terms.length} terms for ${operands.length} operands`);
  const lead = Math.max(...terms.map((term, index) => leadOf(term, operands[index]!)));
  const labeled = terms.map((term, index) => label(operands[index]!, term, lead, equation));
  const wanted = labelsOf(right ?? implicitResult(left), lead, lead);
  const [first, ...others] = labeled;
  const product = others.reduce((sum, next, index) => {
    const later = labeled.slice(index + 2).flatMap(({ labels }) => labels);
    return contract(sum, next, [...wanted, ...later]);
  }, first!);
  return ordered(sumOver(product, wanted), wanted, equation).value;
}

const leadOf = (term: string, { shape }: Value) =>
  term.includes('...') ? shape.length - term.replace('...', '').length : 0;

/** Axes of an ellipsis have numbers as labels, the last axis the largest. */
const labelsOf = (term: string, own: number, lead: number) => {
  const [before, after] = term.split('...') as [string, string?];
  const ellipsis = after === undefined ? [] : Array.from({ length: own }, (_, axis) => String(lead - own + axis));
  return [...before, ...ellipsis, ...(after ?? '')];
};

function implicitResult(terms: string) {
  const letters = [...terms.replaceAll(/[^A-Z]/gi, '')];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return (terms.includes('...') ? '...' : '') + once.sort().join('');
}

function label(value: Value, term: string, lead: number, equation: string): Labeled {
  const labels = labelsOf(term, leadOf(term, value), lead);
  if (labels.length !== value.shape.length || new Set(labels).size < labels.length)
    throw new ShapeError(
      `Einsum: the term ${term} of ${equation} does not name each of ${value.shape.length} axes once`,
    );
  return { value, labels };
}

function sumOver({ value, labels }: Labeled, kept: readonly string[]): Labeled {
  const summed = [...labels.keys()].filter((axis) => !kept.includes(labels[axis]!));
  return {
    value: reduceSum(value, summed, { keepAxes: false }),
    labels: labels.filter((each) => kept.includes(each)),
  };
}

function ordered({ value, labels }: Labeled, order: readonly string[], equation: string): Labeled {
  const perm = order.map((each) => labels.indexOf(each));
  if (perm.includes(-1)) throw new ShapeError(`Einsum: no term of ${equation} has all labels of the result`);
  return { value: transpose(value, perm), labels: order };
}

/** As a product of matrices. */
function contract(a: Labeled, b: Labeled, needed: readonly string[]): Labeled {
  const left = sumOver(a, [...needed, ...b.labels]);
  const right = sumOver(b, [...needed, ...a.labels]);
  const shared = left.labels.filter((each) => right.labels.includes(each));
  const batch = shared.filter((each) => needed.includes(each));
  const inner = shared.filter((each) => !needed.includes(each));
  const rows = left.labels.filter((each) => !shared.includes(each));
  const columns = right.labels.filter((each) => !shared.includes(each));

  const sizes = sizesOf([left, right]);
  const count = (labels: readonly string[]) => sizeOf(labels.map((each) => sizes.get(each)!));
  const matrices = ({ value, labels }: Labeled, order: readonly string[], shape: readonly number[]) => {
    const sorted = transpose(
      value,
      order.map((each) => labels.indexOf(each)),
    );
    const whole = expand(
      sorted,
      order.map((each) => sizes.get(each)!),
    );
    return reshape(whole, shape);
  };
  const product = matMul(
    matrices(left, [...batch, ...rows, ...inner], [count(batch), count(rows), count(inner)]),
    matrices(right, [...batch, ...inner, ...columns], [count(batch), count(inner), count(columns)]),
  );
  const labels = [...batch, ...rows, ...columns];
  const shape = labels.map((each) => sizes.get(each)!);
  return { value: reshape(product, shape), labels };
}

function sizesOf(terms: readonly Labeled[]) {
  const sizes = new Map<string, number>();
  for (const { value, labels } of terms) {
    for (const [axis, each] of labels.entries()) {
      const size = broadcastShapes([sizes.get(each) ?? 1], [value.shape[axis]!]);
      if (size === undefined) throw new ShapeError(`Einsum: operands differ in the size of ${each}`);
      sizes.set(each, size[0]!);
    }
  }
  return sizes;
}
