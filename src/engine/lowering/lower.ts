import { type Graph, rewriteGraph } from '../graph.js';
import { simplify } from '../simplify.js';
import { lowerToBlocks } from './blocked/lowerToBlocks.js';
import { enforceOrder, exactCentering, expandDecompositions, padChannelsToFour, type Rule } from './rewrites.js';
import { convToMatMul, maskToClip, recognizeKernelGradients, signToClip } from './cpuRewrites.js';
import { type LaidOutGraph, type LoweredGraph, statesInPlace } from './state.js';

/**
 * What a graph can be lowered for. `plain` keeps ONNX operators in canonical layouts, which every runtime supports. `webgpu` also avoids a defect
 * of that provider. `cpu` is ONNX Runtime's CPU provider, in canonical layouts, or in blocked layouts if it has kernels for channels in blocks of
 * size `block`.
 */
export type Target = { readonly name: 'plain' | 'webgpu' } | { readonly name: 'cpu'; readonly block?: number };

/** The first rewrites of each target, in the order in which they are applied. */
export const rulesOf: Readonly<Record<Target['name'], readonly Rule[]>> = {
  plain: [expandDecompositions, exactCentering],
  webgpu: [expandDecompositions, exactCentering, padChannelsToFour],
  cpu: [expandDecompositions, maskToClip, signToClip],
};

/**
 * Simplifies a graph and rewrites it for a target: the only step between differentiation and encoding. The result computes the same outputs from
 * the same inputs, except that state vectors may be stored in a different order.
 */
export function lower(graph: Graph, target: Target): LoweredGraph {
  const simple = simplify(graph);
  if (target.name !== 'cpu') return { ...applyRules(simple, [...rulesOf[target.name], enforceOrder]), stateLayouts: new Map(), statesInPlace: new Set() };
  const last = [expandDecompositions, exactCentering, convToMatMul, enforceOrder];
  if (target.block === undefined) return onCpu({ ...applyRules(simple, [...rulesOf.cpu, ...last]), stateLayouts: new Map() });
  const { stateLayouts, ...blocked } = lowerToBlocks(applyRules(simple, [expandUnblocked, maskToClip, signToClip, recognizeKernelGradients]), target.block);
  return onCpu({ ...applyRules(simplify(blocked), last), stateLayouts });
}

/** Before blocked layouts, an operator that has a blocked form of its own stays whole. */
const expandUnblocked: Rule = {
  ...expandDecompositions,
  apply: (value) => (value.operator.blocked === undefined ? expandDecompositions.apply(value) : undefined),
};

/** The CPU provider runs a graph in one order and writes outputs into given buffers, so that state can be updated in place. */
const onCpu = (graph: LaidOutGraph): LoweredGraph => ({ ...graph, statesInPlace: statesInPlace(graph) });

const applyRules = (graph: Graph, rules: readonly Rule[]): Graph =>
  rules.reduce<Graph>((current, rule) => simplify(rewriteGraph(current, (value) => rule.apply(value) ?? value)), graph);
