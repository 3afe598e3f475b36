import { describe, expect, it } from 'vitest';
import type { NetworkFunctions } from '../../src/age/networkFunctions.js';
import { LOSSES, type Term, TERMS } from '../../src/age/plan.js';
import { forwardPasses } from '../../src/age/update.js';
import { input, neg, type Value } from '../../src/engine/index.js';
import { NETWORK_NAMES, type NetworkName } from '../../src/networks/network.js';
import { BATCH, IMAGE, LATENT } from './tinyGame.js';

const batch = { x: input('x', [BATCH, ...IMAGE]), z: input('z', [BATCH, LATENT]), distort: neg };

/** The passes that some terms need, in their order, such as `e of native`. */
function passesFor(network: NetworkName, terms: readonly Term[]): string[] {
  const taken: string[] = [];
  const record =
    (name: string, shape: readonly number[]) =>
    (_: unknown, { kind }: { readonly kind: string }): Value =>
      input(`${name}${taken.push(`${name} of ${kind}`)}`, shape);
  const functions: NetworkFunctions = {
    encode: record('e', [BATCH, LATENT]),
    generate: record('g', [BATCH, ...IMAGE]),
  };
  forwardPasses(network, new Set(terms), functions, batch);
  return taken;
}

describe('forward passes of an update', () => {
  it('run in the published order, each with the kind of its input', () => {
    expect(passesFor('encoder', TERMS.encoder)).toEqual([
      'e of native',
      'g of generated',
      'e of native',
      'g of native',
      'e of generated',
    ]);
    expect(passesFor('generator', TERMS.generator)).toEqual([
      'g of native',
      'e of generated',
      'e of native',
      'g of generated',
    ]);
  });

  it.each([
    [['KL_real'], ['e of native']],
    [['match_x'], ['e of native', 'g of generated']],
    [['KL_fake'], ['g of native', 'e of generated']],
    [['match_z'], ['g of native', 'e of generated']],
    [
      ['KL_fake', 'match_z'],
      ['g of native', 'e of generated'],
    ],
  ] as [Term[], string[]][])('are for %j only those that it needs', (terms, expected) => {
    for (const network of NETWORK_NAMES) expect(passesFor(network, terms)).toEqual(expected);
  });
});

describe('loss terms', () => {
  it('of each network are those with a sign for it', () => {
    expect(TERMS).toEqual({
      encoder: ['KL_fake', 'KL_real', 'align', 'match_x', 'match_z', 'uniform'],
      generator: ['KL_fake', 'match_x', 'match_z'],
    });
  });

  it('are minimized by both networks, except that the encoder maximizes the divergence of generated codes', () => {
    const negative = Object.entries(LOSSES).flatMap(([term, { signs }]) =>
      NETWORK_NAMES.filter((network) => signs[network] === -1).map((network) => [term, network]),
    );
    expect(negative).toEqual([['KL_fake', 'encoder']]);
  });
});
