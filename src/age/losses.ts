import { add, constant, mul, stopGradient, type Value } from '../engine/index.js';
import type { NetworkName } from '../networks/network.js';
import { distance, type Distance } from './distance.js';
import { divergence, type DivergenceOptions } from './divergence.js';
import type { Term, UpdatePlan } from './plan.js';
import type { NetworkFunctions } from './networkFunctions.js';
import type { Prior } from './prior.js';

/** What the game is played over: the prior, the divergence from it, and the distances of the reconstruction losses. */
export interface Objective extends DivergenceOptions {
  readonly prior: Prior;
  readonly matchX: Distance;
  readonly matchZ: Distance;
}

/** Unweighted loss terms by name; only those that were asked for. */
export type LossTerms = Partial<Record<Term, Value>>;

/** What one update sees besides the networks: images [N, C, H, W] in [-1, 1] and codes [N, M] drawn from the prior. */
export interface UpdateBatch {
  readonly x: Value;
  readonly z: Value;
}

/** Loss terms of an update, and the tensors that they were made of as far as they were needed. */
export interface ForwardResults {
  readonly terms: LossTerms;
  readonly realCodes: Value | undefined;
  readonly reconstruction: Value | undefined;
  readonly fake: Value | undefined;
  readonly fakeCodes: Value | undefined;
}

/** The encoder's terms. Passes run in the order e(x), g(e(x)), g(z), e(g(z)); g(z) is a constant to the encoder. */
export function encoderPasses({ encode, generate }: NetworkFunctions, objective: Objective, wanted: ReadonlySet<Term>, { x, z }: UpdateBatch): ForwardResults {
  const terms: LossTerms = {};
  const realCodes = wanted.has('KL_real') || wanted.has('match_x') ? encode(x, 'own') : undefined;
  if (realCodes && wanted.has('KL_real')) terms.KL_real = divergence(realCodes, objective);
  const reconstruction = realCodes && wanted.has('match_x') ? generate(realCodes, 'made') : undefined;
  if (reconstruction) terms.match_x = distance(objective.matchX, reconstruction, x);

  const fake = wanted.has('KL_fake') || wanted.has('match_z') ? stopGradient(generate(z, 'own')) : undefined;
  const fakeCodes = fake && encode(fake, 'made');
  if (fakeCodes) Object.assign(terms, fakeTerms(fakeCodes, objective, wanted, z));
  return { terms, realCodes, reconstruction, fake, fakeCodes };
}

/** The generator's terms. Passes run in the order g(z), e(g(z)), then e(x), g(e(x)) if match_x is wanted. */
export function generatorPasses(
  { encode, generate }: NetworkFunctions,
  objective: Objective,
  wanted: ReadonlySet<Term>,
  { x, z }: UpdateBatch,
): ForwardResults {
  const terms: LossTerms = {};
  const fake = wanted.has('KL_fake') || wanted.has('match_z') ? generate(z, 'own') : undefined;
  const fakeCodes = fake && encode(fake, 'made');
  if (fakeCodes) Object.assign(terms, fakeTerms(fakeCodes, objective, wanted, z));

  const realCodes = wanted.has('match_x') ? encode(x, 'own') : undefined;
  const reconstruction = realCodes && generate(realCodes, 'made');
  if (reconstruction) terms.match_x = distance(objective.matchX, reconstruction, x);
  return { terms, realCodes, reconstruction, fake, fakeCodes };
}

function fakeTerms(fakeCodes: Value, objective: Objective, wanted: ReadonlySet<Term>, z: Value): LossTerms {
  return {
    ...(wanted.has('KL_fake') ? { KL_fake: divergence(fakeCodes, objective) } : {}),
    ...(wanted.has('match_z') ? { match_z: distance(objective.matchZ, fakeCodes, z) } : {}),
  };
}

/**
 * What the update minimises: the weighted sum of its terms. The encoder maximises the divergence of generated codes, so that
 * KL_fake enters its sum with a minus.
 */
export function totalLoss(network: NetworkName, { weights }: UpdatePlan, terms: LossTerms): Value {
  const signed = (term: Term) => (network === 'encoder' && term === 'KL_fake' ? -1 : 1) * (weights[term] ?? 0);
  return (Object.entries(terms) as [Term, Value][])
    .filter(([term]) => signed(term) !== 0)
    .reduce<Value>((sum, [term, value]) => add(sum, mul(value, signed(term))), constant(0));
}
