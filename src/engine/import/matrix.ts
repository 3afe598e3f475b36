import { add, matMul, mul, reshape, transpose } from '../operators/index.js';
import type { Value } from '../value.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';

/** Vectors become a row on the left, or a column on the right. */
function importMatMul(node: ImportedNode) {
  const [a, b] = [node.value(0), node.value(1)];
  const left = a.shape.length === 1 ? reshape(a, [1, ...a.shape]) : a;
  const right = b.shape.length === 1 ? reshape(b, [...b.shape, 1]) : b;
  const product = matMul(left, right);
  const shape = product.shape.filter(
    (_, axis) =>
      !(a.shape.length === 1 && axis === product.shape.length - 2) &&
      !(b.shape.length === 1 && axis === product.shape.length - 1),
  );
  return reshape(product, shape);
}

function importGemm(node: ImportedNode) {
  const oriented = (x: Value, name: string) => (node.int(name, 0) === 1 ? transpose(x, [1, 0]) : x);
  const scaled = (x: Value, name: string) => (node.float(name, 1) === 1 ? x : mul(x, node.float(name, 1)));
  const product = scaled(matMul(oriented(node.value(0), 'transA'), oriented(node.value(1), 'transB')), 'alpha');
  const bias = node.optional(2);
  return bias ? add(product, scaled(bias, 'beta')) : product;
}

export const MATRICES: Record<string, NodeImporter> = { Gemm: importGemm, MatMul: importMatMul };
