import {
  adam,
  after,
  type AdamConstants,
  add,
  constant,
  gradients,
  mul,
  pack,
  sqrt,
  square,
  stopGradient,
  sumOf,
  type Value,
} from '../engine/index.js';
import { type InputKind, NETWORK_NAMES, type NetworkName, type NetworkPair } from '../networks/network.js';
import { type NetworkFunctions, TrainingFunctions, type PairState } from './networkFunctions.js';
import { type Objective, objectiveFunctions, relativeVariance } from './objective.js';
import { activeTerms, LOSSES, type Term, type UpdatePlan } from './plan.js';
import type { PassName, UpdateBatch } from './terms.js';

/** The constants of Adam in the published code. */
export const ADAM: AdamConstants = { beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };

const STATE_PARTS = ['parameters', 'statistics', 'adam_m', 'adam_v'] as const;
export type StateName = `${NetworkName}.${(typeof STATE_PARTS)[number]}`;
export const STATE_NAMES = NETWORK_NAMES.flatMap((network) =>
  STATE_PARTS.map((part): StateName => `${network}.${part}`),
);
export type TrainingState = Readonly<Record<StateName, Value>>;

export interface UpdateSpec {
  readonly network: NetworkName;
  readonly plan: UpdatePlan;
  /** Scalars (default: constants of the plan). */
  readonly weights?: Readonly<Partial<Record<Term, Value>>> | undefined;
  /** Terms of weight 0 to report nevertheless. Their passes update the running statistics too. */
  readonly monitored?: readonly Term[];
}

export interface AdamScalars {
  readonly stepSize: Value;
  readonly denominatorScale: Value;
}

type ForwardResults = Readonly<Partial<Record<PassName, Value>>>;

/** The published order, on which running statistics depend. */
const PASS_ORDER: Readonly<Record<NetworkName, readonly PassName[]>> = {
  encoder: ['realCodes', 'reconstruction', 'distortedCodes', 'fake', 'fakeCodes'],
  generator: ['fake', 'fakeCodes', 'realCodes', 'reconstruction', 'distortedCodes'],
};

export function forwardPasses(
  network: NetworkName,
  terms: Iterable<Term>,
  { encode, generate }: NetworkFunctions,
  { x, z, distort }: UpdateBatch,
): ForwardResults {
  const needed = new Set([...terms].flatMap((term) => LOSSES[term].needs));
  if (needed.has('reconstruction')) needed.add('realCodes');
  if (needed.has('fakeCodes')) needed.add('fake');
  const results: Partial<Record<PassName, Value>> = {};
  const run: Readonly<Record<PassName, () => Value>> = {
    realCodes: () => encode({ x }, { kind: 'native' }),
    reconstruction: () => generate({ z: results.realCodes! }, { kind: 'generated' }),
    // After training no image is distorted.
    distortedCodes: () => encode({ x: distort!(x) }, { kind: 'native', keepsStatistics: true }),
    // The encoder's update treats it as a constant.
    fake: () => {
      const fake = generate({ z }, { kind: 'native' });
      return network === 'encoder' ? stopGradient(fake) : fake;
    },
    fakeCodes: () => encode({ x: results.fake! }, { kind: 'generated' }),
  };
  for (const pass of PASS_ORDER[network]) if (needed.has(pass)) results[pass] = run[pass]();
  return results;
}

/**
 * Replaces codes by those of augmented images. Running statistics stay, because after training nothing is
 * augmented.
 */
function augmentedPasses(
  passes: ForwardResults,
  { encode }: NetworkFunctions,
  { x, augment }: UpdateBatch,
): ForwardResults {
  if (augment === undefined) return passes;
  const encodeOnly = (image: Value, kind: InputKind) =>
    encode({ x: augment[kind](image) }, { kind, keepsStatistics: true });
  return {
    ...passes,
    ...(passes.realCodes && { realCodes: encodeOnly(x, 'native') }),
    ...(passes.fakeCodes && { fakeCodes: encodeOnly(passes.fake!, 'generated') }),
  };
}

/** The unweighted terms, in the order of their passes. */
function lossTerms(
  network: NetworkName,
  terms: Iterable<Term>,
  plain: ForwardResults,
  augmented: ForwardResults,
  objective: Objective,
  batch: UpdateBatch,
): [Term, Value][] {
  const lastPass = (term: Term) => Math.max(...LOSSES[term].needs.map((pass) => PASS_ORDER[network].indexOf(pass)));
  const sorted = [...terms].sort((a, b) => lastPass(a) - lastPass(b) || (a < b ? -1 : 1));
  return sorted.map((term) => {
    const passes = LOSSES[term].isAugmented ? augmented : plain;
    return [term, LOSSES[term].value(passes as Record<PassName, Value>, objectiveFunctions(objective), batch)];
  });
}

/** The weighted sum of the terms with their signs. */
function totalLoss({ network, plan, weights }: UpdateSpec, terms: readonly [Term, Value][]): Value {
  const signOf = (term: Term) => LOSSES[term].signs[network] ?? 0;
  const active = terms.filter(([term]) => signOf(term) * (plan.weights[term] ?? 0) !== 0);
  const weighted = ([term, value]: [Term, Value]) =>
    weights?.[term] ? mul(mul(value, weights[term]), signOf(term)) : mul(value, signOf(term) * plan.weights[term]!);
  return active.reduce<Value>((sum, entry) => add(sum, weighted(entry)), constant(0));
}

/**
 * The forward and backward half of an update.
 * @returns passes, unweighted terms, the loss, its gradient by parameter of the learning network, and flat running
 *   statistics
 */
export function updateGradients(
  pair: NetworkPair,
  objective: Objective,
  spec: UpdateSpec,
  state: PairState,
  batch: UpdateBatch,
) {
  const { network, plan, monitored = [] } = spec;
  const functions = new TrainingFunctions(pair, state, objective.prior);
  const wanted = new Set([...activeTerms(plan), ...monitored]);
  const passes = forwardPasses(network, wanted, functions, batch);
  const augmented = augmentedPasses(passes, functions, batch);
  const terms = lossTerms(network, wanted, passes, augmented, objective, batch);
  const loss = totalLoss(spec, terms);
  const parameters = Object.entries(functions.parameters[network]);
  const byParameter = gradients(
    loss,
    parameters.map(([, value]) => value),
  );
  return {
    passes,
    terms: Object.fromEntries(terms) as Partial<Record<Term, Value>>,
    loss,
    gradients: Object.fromEntries(parameters.map(([name], index) => [name, byParameter[index]!] as const)),
    statistics: functions.statistics,
  };
}

/**
 * One update of one network: forward, backward, Adam, running statistics. `report` holds scalars: the loss, its
 * terms, and signs of a collapse. These are the gradient's norm and the relative variance of codes of real and
 * generated images.
 */
export function update(
  pair: NetworkPair,
  objective: Objective,
  spec: UpdateSpec,
  state: TrainingState,
  batch: UpdateBatch,
  scalars: AdamScalars,
) {
  const { network } = spec;
  const { passes, terms, loss, gradients: byName, statistics } = updateGradients(pair, objective, spec, state, batch);
  const gradient = pack(byName, pair[network].parameters);
  // From the scaled squares that Adam needs as well.
  const gradNorm = sqrt(mul(sumOf(mul(square(gradient), 1 - ADAM.beta2)), 1 / (1 - ADAM.beta2)));
  // Otherwise a runtime may compute the norm last and keep the gradients of all updates until then.
  const stepSize = after(scalars.stepSize, gradNorm);
  const variance = (codes: Value | undefined, name: string) =>
    codes ? { [name]: relativeVariance(codes, objective.prior) } : {};
  const moments = { m: state[`${network}.adam_m`], v: state[`${network}.adam_v`] };
  const { parameter, m, v } = adam(state[`${network}.parameters`], gradient, moments, { ...scalars, stepSize }, ADAM);
  const report: Readonly<Record<string, Value>> = {
    loss,
    ...terms,
    grad_norm: gradNorm,
    ...variance(passes.realCodes, 'code_variance_real'),
    ...variance(passes.fakeCodes, 'code_variance_fake'),
  };
  return {
    report,
    state: {
      ...state,
      'encoder.statistics': statistics.encoder,
      'generator.statistics': statistics.generator,
      [`${network}.parameters`]: parameter,
      [`${network}.adam_m`]: m,
      [`${network}.adam_v`]: v,
    },
  };
}
