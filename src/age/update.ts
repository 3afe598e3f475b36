import { adam, after, type AdamConstants, type AdamMoments, gradients, mul, pack, sqrt, square, sumOf, type Value } from '../engine/index.js';
import type { NetworkName, NetworkPair } from '../networks/network.js';
import { relativeVariance } from './divergence.js';
import { encoderPasses, generatorPasses, type Objective, totalLoss, type UpdateBatch, type ForwardResults } from './losses.js';
import { activeTerms, type Term, type UpdatePlan } from './plan.js';
import { type PairState, TrainingFunctions } from './networkFunctions.js';

/** Adam as in the published code. */
export const ADAM: AdamConstants = { beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };

/** Which network an update moves, how, and what else it reports. */
export interface UpdateSpec {
  readonly network: NetworkName;
  readonly plan: UpdatePlan;
  /** Terms of weight 0 to compute and report all the same; their passes count for the running statistics like any other. */
  readonly monitored?: readonly Term[];
}

/** The forward and backward half of an update. */
export interface UpdateGradients extends ForwardResults {
  /** The weighted sum that the update minimises. */
  readonly loss: Value;
  /** The gradient of every parameter of the network that moves, by name. */
  readonly gradients: Readonly<Record<string, Value>>;
  /** Running statistics of both networks after the update's passes, packed. */
  readonly statistics: Readonly<Record<NetworkName, Value>>;
}

/** Loss terms of one update, and the gradient of their weighted sum with respect to the parameters of the network that moves. */
export function updateGradients(pair: NetworkPair, objective: Objective, kind: UpdateSpec, state: PairState, batch: UpdateBatch): UpdateGradients {
  const players = new TrainingFunctions(pair, state, objective.prior);
  const wanted = new Set([...activeTerms(kind.plan), ...(kind.monitored ?? [])]);
  const passesOf = kind.network === 'encoder' ? encoderPasses : generatorPasses;
  const passes = passesOf(players, objective, wanted, batch);

  const loss = totalLoss(kind.network, kind.plan, passes.terms);
  const moving = players[kind.network].parameters;
  const names = Object.keys(moving);
  const byParameter = gradients(loss, Object.values(moving));
  return {
    ...passes,
    loss,
    gradients: Object.fromEntries(names.map((name, index) => [name, byParameter[index]!])),
    statistics: { encoder: players.encoder.statistics, generator: players.generator.statistics },
  };
}

/** Everything an update reads and replaces: both networks, and the Adam moments of each. */
export interface TrainingState extends PairState {
  readonly moments: Readonly<Record<NetworkName, AdamMoments>>;
}

/** The scalars of `adamSchedule` for this update. */
export interface AdamScalars {
  readonly stepSize: Value;
  readonly denominatorScale: Value;
}

/**
 * One update of one network: forward, backward, Adam, running statistics. A function from symbolic state to symbolic state, so that
 * the updates of an iteration compose into one graph. `report` has scalars by name: the loss and its terms, and what shows a collapse,
 * the gradient's norm and the spread of codes of images (`spread_real`) and of generated images (`spread_fake`).
 */
export function update(
  pair: NetworkPair,
  objective: Objective,
  kind: UpdateSpec,
  state: TrainingState,
  batch: UpdateBatch,
  schedule: AdamScalars,
): { readonly state: TrainingState; readonly report: Readonly<Record<string, Value>> } {
  const { network } = kind;
  const { terms, loss, realCodes, fakeCodes, gradients: byName, statistics } = updateGradients(pair, objective, kind, state, batch);
  const gradient = pack(byName, pair[network].parameters);
  // From the squares as Adam takes them, so that they are made once.
  const gradNorm = sqrt(mul(sumOf(mul(square(gradient), 1 - ADAM.beta2)), 1 / (1 - ADAM.beta2)));
  // A runtime may otherwise compute the norm last of all and hold the gradients of all updates until then.
  const stepSize = after(schedule.stepSize, gradNorm);
  const report = {
    loss,
    ...terms,
    grad_norm: gradNorm,
    ...(realCodes ? { spread_real: relativeVariance(realCodes, objective.prior) } : {}),
    ...(fakeCodes ? { spread_fake: relativeVariance(fakeCodes, objective.prior) } : {}),
  };
  const { parameter, m, v } = adam(state[network].parameters, gradient, state.moments[network], { ...schedule, stepSize }, ADAM);
  const moved: TrainingState = {
    encoder: { parameters: state.encoder.parameters, statistics: statistics.encoder },
    generator: { parameters: state.generator.parameters, statistics: statistics.generator },
    moments: { ...state.moments, [network]: { m, v } },
  };
  return { state: { ...moved, [network]: { parameters: parameter, statistics: statistics[network] } }, report };
}
