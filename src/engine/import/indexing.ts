import {
  gather,
  gatherElements,
  gatherND,
  scatterElements,
  scatterND,
  type ScatterReduction,
} from '../operators/index.js';
import { ShapeError, sizeOf } from '../shape.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';

const REDUCTIONS: readonly string[] = ['none', 'add', 'mul', 'max', 'min'] satisfies ScatterReduction[];

function reductionOf(node: ImportedNode) {
  const reduction = node.text('reduction', 'none');
  if (!REDUCTIONS.includes(reduction)) throw new ShapeError(`has the unknown reduction ${JSON.stringify(reduction)}`);
  return reduction as ScatterReduction;
}

const importScatter: NodeImporter = (node) =>
  scatterElements(node.value(0), node.value(1), node.value(2), node.axis(0), reductionOf(node));

function importGatherND(node: ImportedNode) {
  const [index, batchDims] = [node.value(1), node.int('batch_dims', 0)];
  // Positions along the leading axes are constants.
  if (batchDims > 0) node.budget.charge(sizeOf(index.shape));
  return gatherND(node.value(0), index, batchDims);
}

export const INDEXING: Record<string, NodeImporter> = {
  Gather: (node) => gather(node.value(0), node.value(1), node.axis(0)),
  GatherElements: (node) => gatherElements(node.value(0), node.value(1), node.axis(0)),
  GatherND: importGatherND,
  Scatter: importScatter,
  ScatterElements: importScatter,
  ScatterND: (node) => scatterND(node.value(0), node.value(1), node.value(2), reductionOf(node)),
};
