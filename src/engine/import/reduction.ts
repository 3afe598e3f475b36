import {
  abs,
  argMin,
  exp,
  log,
  neg,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  reshape,
  sqrt,
  square,
  add,
  sub,
} from '../operators/index.js';
import type { ReductionOptions } from '../operator.js';
import type { Value } from '../value.js';
import { reducedAxes } from './foldElements.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';

type Reduction = (x: Value, axes: readonly number[], options: ReductionOptions) => Value;

const importReduction =
  (reduce: Reduction): NodeImporter =>
  (node) => {
    const x = node.value(0);
    return reduce(x, reducedAxes(node, x.shape.length), { keepAxes: node.int('keepdims', 1) === 1 });
  };

/** Subtracts the maximum, so that no exponential overflows. */
function reduceLogSumExp(x: Value, axes: readonly number[], options: ReductionOptions) {
  const largest = reduceMax(x, axes);
  const total = log(reduceSum(exp(sub(x, largest)), axes));
  const result = add(total, largest);
  return options.keepAxes
    ? result
    : reshape(
        result,
        result.shape.filter((_, axis) => !axes.includes(axis)),
      );
}

function importArgument(node: ImportedNode, x: Value) {
  const axis = node.axis(0);
  node.require('select_last_index', 0);
  const index = argMin(x, axis);
  return node.int('keepdims', 1) === 1 ? index : reshape(index, index.shape.toSpliced(axis, 1));
}

export const REDUCTIONS: Record<string, NodeImporter> = {
  ArgMax: (node) => importArgument(node, neg(node.value(0))),
  ArgMin: (node) => importArgument(node, node.value(0)),
  ReduceL1: importReduction((x, axes, options) => reduceSum(abs(x), axes, options)),
  ReduceL2: importReduction((x, axes, options) => sqrt(reduceSum(square(x), axes, options))),
  ReduceLogSum: importReduction((x, axes, options) => log(reduceSum(x, axes, options))),
  ReduceLogSumExp: importReduction(reduceLogSumExp),
  ReduceMax: importReduction(reduceMax),
  ReduceMean: importReduction(reduceMean),
  ReduceMin: importReduction(reduceMin),
  ReduceSum: importReduction(reduceSum),
  ReduceSumSquare: importReduction((x, axes, options) => reduceSum(square(x), axes, options)),
};
