import { type Graph, rewriteGraph } from '../graph.js';
import { simplify } from '../simplify.js';
import type { ComputedValue, Value } from '../value.js';
import { lowerToBlocks } from './blocked/lowerToBlocks.js';
import { distribute } from './distribute.js';
import { enforceOrder, exactCentering, expandDecompositions, padChannelsToFour, type Rule } from './rewrites.js';
import { convToMatMul, maskToClip, recognizeKernelGradients, signToClip } from './cpuRewrites.js';
import { type LaidOutGraph, type LoweredGraph, statesInPlace } from './state.js';

/**
 * What a graph can be lowered for. `plain` keeps ONNX operators in canonical layouts, which every runtime supports. `webgpu` also avoids a defect
 * of that provider. `cpu` is ONNX Runtime's CPU provider, in canonical layouts, or in blocked layouts if it has kernels for channels in blocks of
 * size `block`.
 */
export type Target = { readonly name: 'plain' | 'webgpu' } | { readonly name: 'cpu'; readonly block?: number };

/** Rewrites of single operators for each target, besides the decompositions and the order that every target needs. */
export const rulesOf: Readonly<Record<Target['name'], readonly Rule[]>> = {
  plain: [exactCentering],
  webgpu: [exactCentering, padChannelsToFour],
  cpu: [maskToClip, signToClip],
};

/** Rewrites for the CPU once layouts are assigned, which they would hide operators from. */
const LAST: readonly Rule[] = [exactCentering, convToMatMul, enforceOrder];

/**
 * Simplifies a graph and rewrites it for a target: the only step between differentiation and encoding. The result computes the same outputs from
 * the same inputs, except that state vectors may be stored in a different order.
 * @param ranks the number of processes that compute the graph together (default: 1); inputs with a batch are then those of one rank
 */
export function lower(graph: Graph, target: Target, ranks = 1): LoweredGraph {
  const simple = distribute(simplify(graph), ranks, graph.batchAxes);
  const rules = rulesOf[target.name];
  if (target.name !== 'cpu') return { ...rewrite(expand(simple), [...rules, enforceOrder]), stateLayouts: new Map(), statesInPlace: new Set() };
  if (target.block === undefined) return onCpu({ ...rewrite(expand(simple), [...rules, ...LAST]), stateLayouts: new Map() });
  const matched = rewrite(rewrite(simple, [expandUnblocked]), [...rules, recognizeKernelGradients]);
  const { stateLayouts, ...blocked } = lowerToBlocks(matched, target.block);
  return onCpu({ ...rewrite(expand(simplify(blocked)), LAST), stateLayouts });
}

/** Before blocked layouts, an operator that has a blocked form of its own stays whole. */
const expandUnblocked: Rule = {
  ...expandDecompositions,
  apply: (value) => (value.operator.blocked === undefined ? expandDecompositions.apply(value) : undefined),
};

/** The CPU provider runs a graph in one order and writes outputs into given buffers, so that state can be updated in place. */
const onCpu = (graph: LaidOutGraph): LoweredGraph => ({ ...graph, statesInPlace: statesInPlace(graph) });

const expand = (graph: Graph): Graph => rewrite(graph, [expandDecompositions]);

/**
 * Rewrites a simplified graph by rules that match different operators, and simplifies the result. Only the first rule that matches an operator is
 * applied, and none to what another creates.
 */
function rewrite(graph: Graph, rules: readonly Rule[]): Graph {
  const replacement = (value: ComputedValue): Value | undefined => {
    for (const rule of rules) {
      const replaced = rule.apply(value);
      if (replaced !== undefined) return replaced;
    }
    return undefined;
  };
  const rewritten = rewriteGraph(graph, (value) => replacement(value) ?? value);
  const isUnchanged = Object.entries(graph.outputs).every(([name, value]) => rewritten.outputs[name] === value);
  return isUnchanged ? graph : simplify(rewritten);
}
