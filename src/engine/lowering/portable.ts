import { type Graph, rewriteGraph } from '../graph.js';
import { isComputedBy } from '../operator.js';
import { simplify } from '../simplify.js';
import type { ComputedValue } from '../value.js';
import { lowerToBatchLast } from './batchLast/lowerToBatchLast.js';
import {
  enforceOrder,
  exactCentering,
  expandDecompositions,
  padChannelsToFour,
  type Rule,
  signToClip,
} from './rewrites.js';
import type { LoweredGraph } from './state.js';
import { logSoftmaxBySum, separateGroups } from './webgpuRewrites.js';
import { activationToMax, bytesByDequantization, longSumInSteps, maskToMax } from './wasmRewrites.js';

/**
 * `plain` keeps ONNX operators in canonical layouts, which every runtime supports. `webgpu` also avoids a defect of
 * that provider. `wasm` has the batch last, and convolutions as matrix products.
 */
export interface PortableTarget {
  name: 'plain' | 'webgpu' | 'wasm';
}

/** Every target also has the decompositions and the order. */
export const portableRules: Record<PortableTarget['name'], readonly Rule[]> = {
  plain: [exactCentering],
  webgpu: [exactCentering, separateGroups, padChannelsToFour, signToClip, logSoftmaxBySum],
  wasm: [exactCentering, activationToMax, maskToMax, bytesByDequantization],
};

/** Simplifies a graph and rewrites it for a target, as `lower` does. */
export function lowerPortable(graph: Graph, { name }: PortableTarget): LoweredGraph {
  const isWasm = name === 'wasm';
  const expanded = expand(simplify(graph), (value) => isWasm && isKernelGradient(value));
  const rewritten = rewrite(expanded, portableRules[name]);
  const laidOut = isWasm ? simplify(lowerToBatchLast(rewritten)) : rewritten;
  // Which axes are last is known after the layout.
  const rules = isWasm ? [longSumInSteps, enforceOrder] : [enforceOrder];
  return { ...rewrite(expand(laidOut), rules), stateLayouts: new Map(), statesInPlace: new Set() };
}

/** Layouts compute it, unless data is transposed: then its decomposition takes fewer copies. */
export const isKernelGradient = ({ operator, inputs }: ComputedValue) =>
  operator.name === 'KernelGradient' && !inputs.some((operand) => isComputedBy(operand, 'Transpose'));

/** Decomposes operators. @param keeps those that layouts compute */
export const expand = (graph: Graph, keeps: (value: ComputedValue) => boolean = () => false) =>
  rewrite(graph, [(value) => (keeps(value) ? undefined : expandDecompositions(value))]);

/** Applies the first rule that matches a value of a simplified graph. */
export function rewrite(graph: Graph, rules: readonly Rule[]) {
  const rewritten = rewriteGraph(graph, (value) => {
    for (const rule of rules) {
      const replaced = rule(value);
      if (replaced !== undefined) return replaced;
    }
    return value;
  });
  const isUnchanged = Object.entries(graph.outputs).every(([name, value]) => rewritten.outputs[name] === value);
  return isUnchanged ? graph : simplify(rewritten);
}
