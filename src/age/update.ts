import {
  adam,
  after,
  type AdamConstants,
  add,
  clip,
  constant,
  mul,
  pack,
  sqrt,
  square,
  stopGradient,
  sub,
  sumOf,
  type Value,
} from '../engine/index.js';
import { namedGradients } from '../networks/forward.js';
import { type InputKind, NETWORK_NAMES, type NetworkName, type NetworkPair } from '../networks/network.js';
import { minDivergence } from './divergences.js';
import { LOSSES, type Objective, type PassName, type Term, type UpdateBatch } from './losses.js';
import { type NetworkFunctions, type PairState, trainingFunctions } from './networkFunctions.js';
import { activeTerms, type UpdatePlan } from './plan.js';
import { relativeVariance } from './prior.js';

/** The constants of Adam in the published code. */
export const ADAM: AdamConstants = { beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };

const STATE_PARTS = ['parameters', 'statistics', 'adam_m', 'adam_v'] as const;
export type StateName = `${NetworkName}.${(typeof STATE_PARTS)[number]}`;
export const STATE_NAMES = NETWORK_NAMES.flatMap((network) =>
  STATE_PARTS.map((part): StateName => `${network}.${part}`),
);
export type TrainingState = Record<StateName, Value>;

export interface UpdateSpec {
  network: NetworkName;
  plan: UpdatePlan;
  /** Scalars (default: constants of the plan). */
  weights?: Partial<Record<Term, Value>> | undefined;
  /** Terms of weight 0 to report too. Their passes also update the running statistics. */
  monitored?: readonly Term[];
}

type ForwardResults = Partial<Record<PassName, Value>>;

/** As published. Running statistics depend on it. */
const PASS_ORDER: Record<NetworkName, readonly PassName[]> = {
  encoder: ['realCodes', 'reconstruction', 'distortedCodes', 'fake', 'fakeCodes'],
  generator: ['fake', 'fakeCodes', 'realCodes', 'reconstruction', 'distortedCodes'],
};

export function forwardPasses(
  network: NetworkName,
  terms: Iterable<Term>,
  { encode, generate }: NetworkFunctions,
  batch: UpdateBatch,
): ForwardResults {
  const { x, y, z, decoded, distort } = batch;
  const needed = new Set([...terms].flatMap((term) => LOSSES[term].needs));
  if (needed.has('reconstruction') && !decoded) needed.add('realCodes');
  if (needed.has('fakeCodes')) needed.add('fake');
  const results: ForwardResults = {};
  const run: Record<PassName, () => Value> = {
    realCodes: () => encode({ x, y }, { kind: 'native' }),
    reconstruction: () =>
      generate(
        { z: decoded ?? decodedCodes(results, batch)!, y },
        { kind: 'generated', keepsStatistics: decoded !== undefined },
      ),
    // After training no image is distorted.
    distortedCodes: () => encode({ x: distort!(x), y }, { kind: 'native', keepsStatistics: true }),
    // The encoder's update treats it as a constant.
    fake: () => {
      const fake = generate({ z, y }, { kind: 'native' });
      return network === 'encoder' ? stopGradient(fake) : fake;
    },
    fakeCodes: () => encode({ x: results.fake!, y }, { kind: 'generated' }),
  };
  for (const pass of PASS_ORDER[network]) if (needed.has(pass)) results[pass] = run[pass]();
  return results;
}

/** What the generator decodes to reconstruct images. */
export const decodedCodes = ({ realCodes }: ForwardResults, { move }: UpdateBatch): Value | undefined =>
  move && realCodes ? move(realCodes) : realCodes;

/** Running statistics stay, because after training nothing is augmented. */
function augmentedPasses(passes: ForwardResults, { encode }: NetworkFunctions, { x, y, augment }: UpdateBatch) {
  if (augment === undefined) return passes;
  const encodeOnly = (image: Value, kind: InputKind) =>
    encode({ x: augment[kind](image), y }, { kind, keepsStatistics: true });
  return {
    ...passes,
    ...(passes.realCodes && { realCodes: encodeOnly(x, 'native') }),
    ...(passes.fakeCodes && { fakeCodes: encodeOnly(passes.fake!, 'generated') }),
  };
}

function inPassOrder(network: NetworkName, terms: Iterable<Term>) {
  const lastPass = (term: Term) => Math.max(...LOSSES[term].needs.map((pass) => PASS_ORDER[network].indexOf(pass)));
  return [...terms].sort((a, b) => lastPass(a) - lastPass(b) || (a < b ? -1 : 1));
}

function totalLoss(spec: UpdateSpec, objective: Objective, latentSize: number, terms: readonly [Term, Value][]) {
  const { network, plan, weights } = spec;
  const { margin = 0, prior } = objective;
  const lowest = minDivergence(objective, prior, latentSize) ?? 0;
  return terms.reduce<Value>((sum, [term, value]) => {
    const sign = LOSSES[term].signs[network] ?? 0;
    if (sign * (plan.weights[term] ?? 0) === 0) return sum;
    const weighted = (each: Value) =>
      weights?.[term] ? mul(mul(each, weights[term]), sign) : mul(each, sign * plan.weights[term]!);
    // What a network maximizes has no other bound.
    const isBounded = margin > 0 && sign < 0;
    return add(sum, isBounded ? clip(weighted(sub(value, lowest)), -margin, Number.MAX_VALUE) : weighted(value));
  }, constant(0));
}

/** Terms are unweighted. Gradients are those of the learning network. */
export function updateGradients(
  pair: NetworkPair,
  objective: Objective,
  spec: UpdateSpec,
  state: PairState,
  batch: UpdateBatch,
) {
  const { network, plan, monitored = [] } = spec;
  const functions = trainingFunctions(pair, state, objective.prior);
  const wanted = new Set([...activeTerms(plan), ...monitored]);
  const passes = forwardPasses(network, wanted, functions, batch);
  const augmented = augmentedPasses(passes, functions, batch);
  const terms = inPassOrder(network, wanted).map((term): [Term, Value] => {
    const { isAugmented, value } = LOSSES[term];
    return [term, value((isAugmented ? augmented : passes) as Record<PassName, Value>, objective, batch)];
  });
  const loss = totalLoss(spec, objective, pair.generator.inputShape[0]!, terms);
  return {
    passes,
    terms: Object.fromEntries(terms) as Partial<Record<Term, Value>>,
    loss,
    gradients: namedGradients(loss, functions.parameters[network]),
    statistics: functions.statistics,
  };
}

/**
 * `report` holds scalars: the loss, its terms, and signs of a collapse (the gradient's norm, and the relative variance
 * of codes of real and generated images).
 * @param scalars of `adamScalars`
 */
export function update(
  pair: NetworkPair,
  objective: Objective,
  spec: UpdateSpec,
  state: TrainingState,
  batch: UpdateBatch,
  scalars: Record<'stepSize' | 'denominatorScale', Value>,
) {
  const { network } = spec;
  const { passes, terms, loss, gradients, statistics } = updateGradients(pair, objective, spec, state, batch);
  const gradient = pack(gradients, pair[network].parameters);
  // From the scaled squares that Adam needs as well.
  const gradNorm = sqrt(mul(sumOf(mul(square(gradient), 1 - ADAM.beta2)), 1 / (1 - ADAM.beta2)));
  // A runtime might otherwise compute norms last, and keep the gradients of all updates until then.
  const stepSize = after(scalars.stepSize, gradNorm);
  const variance = (codes: Value) => relativeVariance(codes, objective.prior);
  const moments = { m: state[`${network}.adam_m`], v: state[`${network}.adam_v`] };
  const { parameter, m, v } = adam(state[`${network}.parameters`], gradient, moments, { ...scalars, stepSize }, ADAM);
  const report: Record<string, Value> = {
    loss,
    ...terms,
    grad_norm: gradNorm,
    ...(passes.realCodes && { code_variance_real: variance(passes.realCodes) }),
    ...(passes.fakeCodes && { code_variance_fake: variance(passes.fakeCodes) }),
  };
  return {
    report,
    passes,
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
