import { describe, expect, it } from 'vitest';
import { type Term, TERMS } from '../../src/age/plan.js';
import { encoderPasses, generatorPasses, type ForwardResults } from '../../src/age/losses.js';
import type { NetworkFunctions } from '../../src/age/networkFunctions.js';
import { input, type Value } from '../../src/engine/index.js';
import { BATCH, IMAGE, LATENT, OBJECTIVE } from './tinyGame.js';

const batch = { x: input('x', [BATCH, ...IMAGE]), z: input('z', [BATCH, LATENT]) };

/** The passes that are taken for some terms, in their order, as `e of own`; networks give back inputs of their own. */
function passesFor(wanted: readonly Term[], passes: typeof encoderPasses): { readonly taken: string[]; readonly result: ForwardResults } {
  const taken: string[] = [];
  const record =
    (name: string, shape: readonly number[]) =>
    (_: Value, kind: string): Value =>
      input(`${name}${taken.push(`${name} of ${kind}`)}`, shape);
  const players: NetworkFunctions = { encode: record('e', [BATCH, LATENT]), generate: record('g', [BATCH, ...IMAGE]) };
  return { result: passes(players, OBJECTIVE, new Set(wanted), batch), taken };
}

describe('the passes of an update', () => {
  it('are those of the published code in their order, and say whether a network is given its own inputs or what the other made', () => {
    expect(passesFor(TERMS.encoder, encoderPasses).taken).toEqual(['e of own', 'g of made', 'g of own', 'e of made']);
    expect(passesFor(TERMS.generator, generatorPasses).taken).toEqual(['g of own', 'e of made', 'e of own', 'g of made']);
  });

  it.each([
    [['KL_real'], ['e of own'], []],
    [['match_x'], ['e of own', 'g of made'], ['e of own', 'g of made']],
    [['KL_fake'], ['g of own', 'e of made'], ['g of own', 'e of made']],
    [['match_z'], ['g of own', 'e of made'], ['g of own', 'e of made']],
    [
      ['KL_fake', 'match_z'],
      ['g of own', 'e of made'],
      ['g of own', 'e of made'],
    ],
  ] as [Term[], string[], string[]][])('for %j are no more than it takes', (wanted, ofEncoder, ofGenerator) => {
    expect(passesFor(wanted, encoderPasses).taken).toEqual(ofEncoder);
    expect(passesFor(wanted, generatorPasses).taken).toEqual(ofGenerator);
  });

  it('give the terms that are wanted, and none else', () => {
    for (const term of TERMS.encoder) expect(Object.keys(passesFor([term], encoderPasses).result.terms)).toEqual([term]);
  });
});
