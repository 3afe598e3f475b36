import { type Graph, rewriteGraph } from '../graph.js';
import { simplify } from '../simplify.js';
import { expandDefinitions } from './definitions.js';
import { narrowConvolutions } from './kernelGradients.js';
import { signs, stepMasks } from './masks.js';
import type { Rule } from './rule.js';

/** The runtimes a graph can be rewritten for. `plain` keeps ONNX operators in canonical layouts, which all of them run. */
export type Target = 'cpu' | 'plain';

/** The rules of each target, in the order in which they are tried. */
export const rulesOf: Readonly<Record<Target, readonly Rule[]>> = {
  plain: [expandDefinitions],
  cpu: [expandDefinitions, stepMasks, signs, narrowConvolutions],
};

/**
 * The one place between a differentiated graph and its encoding: simplifies it, rewrites it for a target by that target's rules,
 * and simplifies what the rules made. The result computes the same outputs from the same inputs.
 */
export function lower(graph: Graph, target: Target): Graph {
  return rulesOf[target].reduce<Graph>((current, rule) => simplify(applyRule(current, rule)), simplify(graph));
}

const applyRule = (graph: Graph, rule: Rule): Graph => rewriteGraph(graph, (value) => rule.apply(value) ?? value);
