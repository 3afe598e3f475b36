import { type Graph, rewriteGraph } from '../graph.js';
import { simplify } from '../simplify.js';
import { lowerToBlocks } from './blocked/lowerToBlocks.js';
import { enforceOrder, exactCentering, expandDefinitions, padChannelsToFour, type Rule } from './rewrites.js';
import { convToMatMul, maskToClip, recognizeKernelGradients, signToClip } from './cpuRewrites.js';
import { type LaidOutGraph, type LoweredGraph, statesInPlace } from './state.js';

/**
 * The runtimes a graph can be rewritten for. `plain` keeps ONNX operators in canonical layouts, which all of them run; `webgpu` does so
 * around what that provider gets wrong; `cpu` is ONNX Runtime's CPU provider in plain layouts; with `block` it is one that has kernels
 * for channels in blocks of that size.
 */
export type Target = { readonly name: 'plain' | 'webgpu' } | { readonly name: 'cpu'; readonly block?: number };

/** The rules of each target in plain layouts, in the order in which they are tried. */
export const rulesOf: Readonly<Record<Target['name'], readonly Rule[]>> = {
  plain: [expandDefinitions, exactCentering],
  webgpu: [expandDefinitions, exactCentering, padChannelsToFour],
  cpu: [expandDefinitions, maskToClip, signToClip],
};

/**
 * The one place between a differentiated graph and its encoding: simplifies it, rewrites it for a target by that target's rules,
 * and simplifies what the rules made. The result computes the same outputs from the same inputs, but for the order of state vectors.
 */
export function lower(graph: Graph, target: Target): LoweredGraph {
  const ruled = applyRules(simplify(graph), rulesOf[target.name]);
  if (target.name !== 'cpu') return { ...applyRules(ruled, [enforceOrder]), stateLayouts: new Map(), statesInPlace: new Set() };
  if (target.block === undefined) return onCpu({ ...applyRules(ruled, [exactCentering, convToMatMul, enforceOrder]), stateLayouts: new Map() });
  const { stateLayouts, ...blocked } = lowerToBlocks(applyRules(ruled, [recognizeKernelGradients]), target.block);
  return onCpu({ ...applyRules(simplify(blocked), [expandDefinitions, exactCentering, convToMatMul, enforceOrder]), stateLayouts });
}

/** The CPU runs a graph in one order and writes outputs where it is told to, so that state can stay in its place. */
const onCpu = (graph: LaidOutGraph): LoweredGraph => ({ ...graph, statesInPlace: statesInPlace(graph) });

const applyRules = (graph: Graph, rules: readonly Rule[]): Graph =>
  rules.reduce<Graph>((current, rule) => simplify(rewriteGraph(current, (value) => rule.apply(value) ?? value)), graph);
