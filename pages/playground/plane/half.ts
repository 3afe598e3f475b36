/** Half an iteration: the updates of one network, as a graph. */
import { stateSize, unstack } from '../../../src/age/iteration.js';
import { STATE_NAMES, type StateName, type TrainingState, update } from '../../../src/age/update.js';
import {
  add,
  concat,
  constant,
  type Graph,
  graphOf,
  input,
  mul,
  nextName,
  reshape,
} from '../../../src/engine/index.js';
import type { Value } from '../../../src/engine/index.js';
import type { NetworkName } from '../../../src/networks/network.js';
import { OBJECTIVE, pairOf, PLANE_BATCH, planOf, type PlaneModel, updatesOf } from './model.js';
import { CLASSES } from './shapes.js';
import { PLANE_TERMS } from './terms.js';

/** The state that a half changes: the parameters of its network, and the moments of Adam. */
export const stateOfHalf = (network: NetworkName): StateName[] => [
  `${network}.parameters`,
  `${network}.adam_m`,
  `${network}.adam_v`,
];

export interface Half {
  /**
   * Inputs are the parameters of both networks, the moments of this one, `images` `[batch, 2]`, `codes`
   * `[updates, batch, M]`, `conditions` `[batch, 2]` if there are any, `schedule` `[updates, 2]` and `weights` `[terms]`.
   * Outputs are `next/NAME` of the state, and `report`.
   */
  graph: Graph;
  /** Names in the report, such as `encoder.loss`. */
  reportNames: readonly string[];
}

export function halfOf(network: NetworkName, model: PlaneModel): Half {
  const pair = pairOf(model);
  const changed = stateOfHalf(network);
  const fed = [...new Set<StateName>(['encoder.parameters', 'generator.parameters', ...changed])].map((name) =>
    input(name, [stateSize(pair, name)]),
  );
  // The networks have no running statistics.
  const none = STATE_NAMES.map((name) => [name, constant(0)] as const);
  const before = Object.fromEntries([...none, ...fed.map((value) => [value.name, value] as const)]) as TrainingState;
  const updates = updatesOf(network, model);
  const images = input('images', [PLANE_BATCH, 2]);
  const codes = input('codes', [updates, PLANE_BATCH, model.latent]);
  const conditions = model.isConditional ? input('conditions', [PLANE_BATCH, CLASSES]) : undefined;
  const schedule = input('schedule', [updates, 2]);
  const fedWeights = input('weights', [PLANE_TERMS[network].length]);
  const weights = Object.fromEntries(
    unstack(fedWeights).map((weight, index) => [PLANE_TERMS[network][index]!, weight] as const),
  );
  const spec = { network, plan: planOf(network, model), weights };
  const batches = unstack(codes);
  const reports: Record<string, Value>[] = [];
  let state = before;
  for (const [index, row] of unstack(schedule).entries()) {
    const [stepSize, denominatorScale] = unstack(row) as [Value, Value];
    const batch = { x: images, y: conditions, z: batches[index]! };
    const result = update(pair, OBJECTIVE, spec, state, batch, { stepSize, denominatorScale });
    state = result.state;
    reports.push(result.report);
  }
  const names = Object.keys(reports[0]!);
  const means = names.map((name) => reshape(mul(reports.map((report) => report[name]!).reduce(add), 1 / updates), [1]));
  const next = Object.fromEntries(changed.map((name) => [nextName(name), state[name]]));
  const inputs = [...fed, images, codes, ...(conditions ? [conditions] : []), schedule, fedWeights];
  return {
    graph: graphOf({ ...next, report: concat(means, 0) }, inputs),
    reportNames: names.map((name) => `${network}.${name}`),
  };
}
