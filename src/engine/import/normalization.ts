import {
  batchNormInference,
  div,
  expand,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  localResponseNormalization,
  logSoftmax,
  reduceL1,
  reduceL2,
  reshape,
  softmax,
} from '../operators/index.js';
import { sizeOf } from '../shape.js';
import { constant, type Value } from '../value.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';
import { normalizesTrailingAxes, scalesGroups, softmaxAxis } from './opsets.js';

/** In inference, whatever the file says: the mode is that of `ModelTraining`. */
function importBatchNormalization(node: ImportedNode) {
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((index) => node.value(index));
  const [epsilon, momentum] = [node.float('epsilon', 1e-5), node.float('momentum', 0.9)];
  return batchNormInference(x!, scale!, bias!, mean!, variance!, epsilon, momentum);
}

function importLayerNormalization(node: ImportedNode) {
  const [x, scale] = [node.value(0), node.value(1)];
  const bias = node.optional(2) ?? expand(constant(0), scale.shape);
  return layerNormalization(x, scale, bias, { axis: node.axis(-1), epsilon: node.float('epsilon', 1e-5) });
}

function importGroupNormalization(node: ImportedNode) {
  const x = node.value(0);
  const groups = node.budget.charge(node.int('num_groups', 1));
  const ofChannels = (vector: Value) => {
    if (!scalesGroups(node.opset)) return vector;
    const each = x.shape[1]! / groups;
    return reshape(expand(reshape(vector, [groups, 1]), [groups, each]), [groups * each]);
  };
  const [scale, bias] = [ofChannels(node.value(1)), ofChannels(node.value(2))];
  return groupNormalization(x, groups, scale, bias, node.float('epsilon', 1e-5));
}

const importSoftmax =
  (build: (x: Value, axis: number) => Value): NodeImporter =>
  (node) => {
    const x = node.value(0);
    const axis = node.axis(softmaxAxis(node.opset));
    if (!normalizesTrailingAxes(node.opset)) return build(x, axis);
    const rows = sizeOf(x.shape.slice(0, axis));
    return reshape(build(reshape(x, [rows, sizeOf(x.shape) / rows]), 1), x.shape);
  };

function importLpNormalization(node: ImportedNode) {
  const [x, axis] = [node.value(0), node.axis(-1)];
  const norm = node.int('p', 2) === 1 ? reduceL1(x, [axis]) : reduceL2(x, [axis]);
  return div(x, norm);
}

export const NORMALIZATIONS: Record<string, NodeImporter> = {
  BatchNormalization: importBatchNormalization,
  GroupNormalization: importGroupNormalization,
  InstanceNormalization: (node) =>
    instanceNormalization(node.value(0), node.value(1), node.value(2), node.float('epsilon', 1e-5)),
  LRN: (node) =>
    localResponseNormalization(node.value(0), node.budget.charge(node.int('size', 1)), {
      alpha: node.float('alpha', 1e-4),
      beta: node.float('beta', 0.75),
      bias: node.float('bias', 1),
    }),
  LayerNormalization: importLayerNormalization,
  LogSoftmax: importSoftmax(logSoftmax),
  LpNormalization: importLpNormalization,
  Softmax: importSoftmax(softmax),
};
