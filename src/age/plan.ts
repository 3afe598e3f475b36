import { InputError, didYouMean } from '../errors.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import { type Term, TERMS } from './losses.js';

/** Updates per iteration, and weights of the loss; an absent term has weight 0. */
export interface UpdatePlan {
  updates: number;
  weights: Partial<Record<Term, number>>;
}

/**
 * Whether the generator learns after the encoder, from codes of its own (as published), or both from one batch and
 * state. Simultaneous updates, one per network, share passes, which takes half the time.
 */
export const UPDATE_ORDERS = ['alternating', 'simultaneous'] as const;
export type UpdateOrder = (typeof UPDATE_ORDERS)[number];

/** The number of batches of codes in an iteration. */
export const codeBatches = ({ encoder, generator }: Record<NetworkName, UpdatePlan>, order: UpdateOrder): number =>
  order === 'simultaneous' ? 1 : encoder.updates + generator.updates;

/** Terms of weight 0 are not computed. */
export const activeTerms = ({ weights }: UpdatePlan): ReadonlySet<Term> =>
  new Set((Object.keys(weights) as Term[]).filter((term) => weights[term]! > 0));

/** Whether a network learns to reconstruct images. */
export const reconstructs = (plans: Record<NetworkName, UpdatePlan>): boolean =>
  NETWORK_NAMES.some((network) => activeTerms(plans[network]).has('match_x'));

/**
 * Parses the published syntax, `1;KL_fake:1,KL_real:1,match_z:0,match_x:10`: the number of updates, then weighted
 * terms.
 * @throws {InputError} with the position, if the plan is malformed
 */
export function parsePlan(network: NetworkName, text: string): UpdatePlan {
  const fail: Fail = (offset, problem) => {
    throw new InputError(`${network} plan "${text}", character ${offset + 1}`, problem);
  };
  const separator = text.indexOf(';');
  if (separator < 0) fail(0, `expected COUNT;TERM:WEIGHT,..., such as "${EXAMPLES[network]}"`);
  const count = text.slice(0, separator).trim();
  const updates = Number(count);
  if (!/^\d+$/.test(count) || updates < 1 || updates > 100)
    fail(0, `the number of updates must be a whole number from 1 to 100, not "${count}"`);

  const weights: Partial<Record<Term, number>> = {};
  let offset = separator + 1;
  for (const entry of text.slice(offset).split(',')) {
    const [term, weight] = parseTerm(network, entry, offset, fail);
    if (term in weights) fail(offset, `${term} is repeated; remove one of the two`);
    weights[term] = weight;
    offset += entry.length + 1;
  }
  if (!Object.values(weights).some((weight) => weight > 0)) fail(separator + 1, 'all weights are 0; set one above 0');
  return { updates, weights };
}

const EXAMPLES: Record<NetworkName, string> = {
  encoder: '1;KL_fake:1,KL_real:1,match_x:10',
  generator: '2;KL_fake:1,match_z:1000',
};

type Fail = (offset: number, problem: string) => never;

function parseTerm(network: NetworkName, entry: string, offset: number, fail: Fail): [Term, number] {
  const [name, weight, ...rest] = entry.split(':').map((piece) => piece.trim());
  if (name === undefined || weight === undefined || rest.length > 0)
    return fail(offset, `expected TERM:WEIGHT, not "${entry}"`);
  const term = TERMS[network].find((known) => known === name) ?? fail(offset, unknownTerm(network, name));
  const value = Number(weight);
  if (weight === '' || !Number.isFinite(value) || value < 0)
    fail(offset + entry.indexOf(':') + 1, `the weight of ${term} must be a number of at least 0, not "${weight}"`);
  return [term, value];
}

function unknownTerm(network: NetworkName, name: string) {
  const terms = TERMS[network];
  return `unknown term "${name}"${didYouMean(name, terms)} (terms of the ${network}: ${terms.join(', ')})`;
}
