import { einsum, gemm, matMul } from '../operators/index.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';

function importGemm(node: ImportedNode) {
  const c = node.optional(2);
  return gemm(node.value(0), node.value(1), {
    alpha: node.float('alpha', 1),
    beta: node.float('beta', 1),
    transA: node.int('transA', 0) === 1,
    transB: node.int('transB', 0) === 1,
    ...(c && { c }),
  });
}

export const MATRICES: Record<string, NodeImporter> = {
  Einsum: (node) => einsum(node.text('equation', ''), ...node.values()),
  Gemm: importGemm,
  MatMul: (node) => matMul(node.value(0), node.value(1)),
};
