import { batchNormInference } from '../operators/index.js';
import { ShapeError } from '../shape.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';

function importBatchNormalization(node: ImportedNode) {
  if (node.int('training_mode', 0) === 1)
    throw new ShapeError('is in training mode; export the model with model.eval()');
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((index) => node.value(index));
  return batchNormInference(x!, scale!, bias!, mean!, variance!, node.float('epsilon', 1e-5));
}

export const NORMALIZATIONS: Record<string, NodeImporter> = {
  BatchNormalization: importBatchNormalization,
};
