import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activeTerms, parsePlan } from '../../src/age/plan.js';
import { TERMS } from '../../src/age/losses.js';
import { NETWORK_NAMES } from '../../src/networks/network.js';
import { errorOf, expectInputError } from '../rejection.js';

describe('an update plan', () => {
  it.each([
    [
      'encoder',
      '1;KL_fake:1,KL_real:1,match_z:0,match_x:10',
      { updates: 1, weights: { KL_fake: 1, KL_real: 1, match_z: 0, match_x: 10 } },
    ],
    [
      'generator',
      '2;KL_fake:1,match_z:1000,match_x:0',
      { updates: 2, weights: { KL_fake: 1, match_z: 1000, match_x: 0 } },
    ],
    [
      'generator',
      '3;KL_fake:1,match_z:1000,match_x:0',
      { updates: 3, weights: { KL_fake: 1, match_z: 1000, match_x: 0 } },
    ],
    ['encoder', '1;match_x:1', { updates: 1, weights: { match_x: 1 } }],
    ['encoder', ' 2 ; KL_real : 0.5 , match_x: 1e1 ', { updates: 2, weights: { KL_real: 0.5, match_x: 10 } }],
  ] as const)('of the %s is parsed from "%s"', (network, text, expected) => {
    expect(parsePlan(network, text)).toEqual(expected);
  });

  it('of any terms and weights is parsed from its text', () => {
    for (const network of NETWORK_NAMES) {
      const weights = fc
        .uniqueArray(fc.tuple(fc.constantFrom(...TERMS[network]), fc.double({ min: 0, max: 1e6, noNaN: true })), {
          selector: ([term]) => term,
          minLength: 1,
        })
        .filter((entries) => entries.some(([, weight]) => weight > 0));
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 100 }), weights, (updates, entries) => {
          const text = `${updates};${entries.map(([term, weight]) => `${term}:${weight}`).join(',')}`;
          expect(parsePlan(network, text)).toEqual({ updates, weights: Object.fromEntries(entries) });
        }),
      );
    }
  });

  it('has the terms with a weight above 0 as active terms', () => {
    expect(activeTerms(parsePlan('encoder', '1;KL_fake:1,KL_real:0.1,match_z:0,match_x:10'))).toEqual(
      new Set(['KL_fake', 'KL_real', 'match_x']),
    );
    expect(activeTerms({ updates: 1, weights: {} })).toEqual(new Set());
  });
});

describe('an invalid update plan', () => {
  it.each([
    ['encoder', '', 1, 'expected COUNT;TERM:WEIGHT'],
    ['encoder', 'KL_fake:1', 1, 'expected COUNT;TERM:WEIGHT'],
    ['generator', '0;KL_fake:1', 1, 'not "0"'],
    ['generator', '101;KL_fake:1', 1, 'not "101"'],
    ['generator', '1.5;KL_fake:1', 1, 'not "1.5"'],
    ['generator', '-1;KL_fake:1', 1, 'not "-1"'],
    ['generator', ';KL_fake:1', 1, 'not ""'],
    ['generator', 'two;KL_fake:1', 1, 'not "two"'],
    ['encoder', '1;', 3, 'expected TERM:WEIGHT, not ""'],
    ['encoder', '1;KL_real', 3, 'expected TERM:WEIGHT, not "KL_real"'],
    ['encoder', '1;KL_real:1,', 13, 'expected TERM:WEIGHT, not ""'],
    ['encoder', '1;KL_real:1:2', 3, 'expected TERM:WEIGHT, not "KL_real:1:2"'],
    ['encoder', '1;KL_real:1;match_x:1', 3, 'expected TERM:WEIGHT'],
    ['encoder', '1;KL_rael:1', 3, 'did you mean KL_real?'],
    ['encoder', '1;KL_real:1,matchx:10', 13, 'unknown term "matchx", did you mean match_x?'],
    ['generator', '1;KL_real:1', 3, 'terms of the generator: KL_fake, match_x, match_z'],
    ['encoder', '1;toString:1', 3, 'unknown term "toString"'],
    ['encoder', '1;KL_real:1,KL_real:2', 13, 'KL_real is repeated'],
    ['encoder', '1;KL_real:', 11, 'the weight of KL_real must be a number of at least 0, not ""'],
    ['encoder', '1;KL_real:one', 11, 'not "one"'],
    ['encoder', '1;KL_real:-1', 11, 'not "-1"'],
    ['encoder', '1;KL_real:Infinity', 11, 'not "Infinity"'],
    ['encoder', '1;KL_real:1,match_x:NaN', 21, 'not "NaN"'],
    ['generator', '1;KL_fake:0,match_z:0', 3, 'all weights are 0'],
  ] as const)('for the %s, "%s", is rejected with the character %i', async (network, text, character, problem) => {
    await expectInputError(
      () => parsePlan(network, text),
      `${network} plan "${text}"`,
      `character ${character}:`,
      problem,
    );
  });

  it('is rejected with the network and a position, whatever the text', () => {
    return fc.assert(
      fc.asyncProperty(fc.constantFrom(...NETWORK_NAMES), fc.string(), async (network, noise) => {
        const error = await errorOf(() => parsePlan(network, noise));
        expect((error as Error).message).toMatch(new RegExp(`^${network} plan .*, character \\d+: `, 's'));
      }),
    );
  });
});
