import type { Graph } from '../graph.js';
import { simplify } from '../simplify.js';
import { lowerToBlocks } from './blocked/lowerToBlocks.js';
import { convToMatMul, maskToClip } from './cpuRewrites.js';
import { distribute } from './distribute.js';
import { expand, isKernelGradient, lowerPortable, portableRules, type PortableTarget, rewrite } from './portable.js';
import { enforceOrder, exactCentering, type Rule, signToClip } from './rewrites.js';
import { type LaidOutGraph, type LoweredGraph, statesInPlace } from './state.js';

/** `cpu` is ONNX Runtime's CPU provider, in blocked layouts if it has kernels of block size `block`. */
export type Target = PortableTarget | { name: 'cpu'; block?: number };

export const rulesOf: Record<Target['name'], readonly Rule[]> = {
  ...portableRules,
  cpu: [maskToClip, signToClip],
};

/** Before the assignment of layouts, they would hide operators. */
const LAST: readonly Rule[] = [exactCentering, convToMatMul, enforceOrder];

/**
 * Simplifies a graph and rewrites it for a target: the only step between differentiation and encoding. The result
 * computes the same outputs from the same inputs, but may store state vectors in a different order.
 * @param ranks how many processes compute the graph together (default: 1), each with its part of inputs with a batch
 */
export function lower(graph: Graph, target: Target, ranks = 1): LoweredGraph {
  const simple = distribute(simplify(graph), ranks, graph.batchAxes);
  if (target.name !== 'cpu') return lowerPortable(simple, target);
  const rules = rulesOf.cpu;
  if (target.block === undefined)
    return onCpu({ ...rewrite(expand(simple), [...rules, ...LAST]), stateLayouts: new Map() });
  const expanded = expand(simple, (value) => value.operator.blocked !== undefined || isKernelGradient(value));
  const { stateLayouts, ...blocked } = lowerToBlocks(rewrite(expanded, rules), target.block);
  return onCpu({ ...rewrite(expand(simplify(blocked)), LAST), stateLayouts });
}

/** The CPU provider keeps the order of operators, and writes into given buffers. */
const onCpu = (graph: LaidOutGraph): LoweredGraph => ({ ...graph, statesInPlace: statesInPlace(graph) });
