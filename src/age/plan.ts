import { InputError, nearestName } from '../errors.js';
import type { NetworkName } from '../networks/network.js';

/** The terms of the losses (method.md): divergences of real and generated codes, reconstruction of images and of codes. */
export type Term = 'KL_real' | 'KL_fake' | 'match_x' | 'match_z';

/** The terms that each network's update can have. The generator does not move e(x), so KL_real is none of its. */
export const TERMS: Readonly<Record<NetworkName, readonly Term[]>> = {
  encoder: ['KL_real', 'KL_fake', 'match_x', 'match_z'],
  generator: ['KL_fake', 'match_x', 'match_z'],
};

/** How often a network is updated in one iteration, and the weight of each term of its loss; an absent term has weight 0. */
export interface UpdatePlan {
  readonly updates: number;
  readonly weights: Readonly<Partial<Record<Term, number>>>;
}

/**
 * Reads a plan in the published syntax, `1;KL_fake:1,KL_real:1,match_z:0,match_x:10`: the number of updates, then terms with
 * their weights. Throws InputError that points at what is wrong.
 */
export function parsePlan(network: NetworkName, text: string): UpdatePlan {
  const complain = (offset: number, problem: string): never => {
    throw new InputError(`${network} plan "${text}", character ${offset + 1}: ${problem}`);
  };
  const separator = text.indexOf(';');
  if (separator < 0)
    complain(0, `expected COUNT;TERM:WEIGHT,..., as in "${network === 'encoder' ? '1;KL_fake:1,KL_real:1,match_x:10' : '2;KL_fake:1,match_z:1000'}"`);
  const count = text.slice(0, separator).trim();
  const updates = Number(count);
  if (!/^\d+$/.test(count) || updates < 1 || updates > 100) complain(0, `the number of updates must be a whole number from 1 to 100, not "${count}"`);

  const weights: Partial<Record<Term, number>> = {};
  let offset = separator + 1;
  for (const part of text.slice(offset).split(',')) {
    const [term, weight] = parseTerm(network, part, offset, complain);
    if (term in weights) complain(offset, `${term} stands here a second time`);
    weights[term] = weight;
    offset += part.length + 1;
  }
  if (!Object.values(weights).some((weight) => weight > 0)) complain(separator + 1, 'every weight is 0, so there is nothing to minimise');
  return { updates, weights };
}

/** `KL_fake:1`; `offset` is where it stands in the plan. */
function parseTerm(network: NetworkName, part: string, offset: number, complain: (offset: number, problem: string) => never): [Term, number] {
  const [name, weight, ...rest] = part.split(':').map((piece) => piece.trim());
  if (name === undefined || weight === undefined || rest.length > 0) return complain(offset, `expected TERM:WEIGHT, not "${part}"`);
  const term = TERMS[network].find((known) => known === name) ?? complain(offset, unknownTerm(network, name));
  const value = Number(weight);
  if (weight === '' || !Number.isFinite(value) || value < 0)
    complain(offset + part.indexOf(':') + 1, `the weight of ${term} must be a number of at least 0, not "${weight}"`);
  return [term, value];
}

function unknownTerm(network: NetworkName, name: string): string {
  const terms = TERMS[network];
  const nearest = nearestName(name, terms);
  return `unknown term "${name}"${nearest ? `, did you mean ${nearest}?` : ''} (terms of the ${network}: ${terms.join(', ')})`;
}

/** The terms that the loss really has: those of a weight above 0. */
export const activeTerms = ({ weights }: UpdatePlan): ReadonlySet<Term> => new Set((Object.keys(weights) as Term[]).filter((term) => weights[term]! > 0));
