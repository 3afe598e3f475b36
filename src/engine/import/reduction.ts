import type { ReductionOptions } from '../operator.js';
import {
  argMax,
  argMin,
  cumSum,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  reshape,
} from '../operators/index.js';
import type { Value } from '../value.js';
import { reducedAxes } from './foldElements.js';
import type { NodeImporter } from './importedNode.js';

const importReduction =
  (reduce: (x: Value, axes: readonly number[], options: ReductionOptions) => Value): NodeImporter =>
  (node) => {
    const x = node.value(0);
    return reduce(x, reducedAxes(node, x.shape.length), { keepAxes: node.int('keepdims', 1) === 1 });
  };

const importPosition =
  (find: (x: Value, axis: number) => Value): NodeImporter =>
  (node) => {
    const axis = node.axis(0);
    node.require('select_last_index', 0);
    const index = find(node.value(0), axis);
    return node.int('keepdims', 1) === 1 ? index : reshape(index, index.shape.toSpliced(axis, 1));
  };

export const REDUCTIONS: Record<string, NodeImporter> = {
  ArgMax: importPosition(argMax),
  ArgMin: importPosition(argMin),
  CumSum: (node) =>
    cumSum(node.value(0), node.number(1, 0), {
      exclusive: node.int('exclusive', 0) === 1,
      reverse: node.int('reverse', 0) === 1,
    }),
  ReduceL1: importReduction(reduceL1),
  ReduceL2: importReduction(reduceL2),
  ReduceLogSum: importReduction(reduceLogSum),
  ReduceLogSumExp: importReduction(reduceLogSumExp),
  ReduceMax: importReduction(reduceMax),
  ReduceMean: importReduction(reduceMean),
  ReduceMin: importReduction(reduceMin),
  ReduceProd: importReduction(reduceProd),
  ReduceSum: importReduction(reduceSum),
  ReduceSumSquare: importReduction(reduceSumSquare),
};
