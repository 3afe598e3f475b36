import { describe, expect, it } from 'vitest';
import { LOSSES, type PassName, type Term, TERMS } from '../../src/age/losses.js';
import { type NetworkFunctions } from '../../src/age/networkFunctions.js';
import { drawCodes } from '../../src/age/prior.js';
import { forwardPasses } from '../../src/age/update.js';
import { input, neg, type Value } from '../../src/engine/index.js';
import { NETWORK_NAMES, type NetworkName } from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { expectRightGradients } from '../engine/finiteDifferences.js';
import { forward } from '../engine/running.js';
import { random } from '../engine/tensors.js';
import { expectWithin } from '../expectWithin.js';
import { meanOf } from '../moments.js';
import { onSphere, rowsOf } from './codes.js';
import { BATCH, IMAGE, LATENT } from './tinyGame.js';

const batch = { x: input('x', [BATCH, ...IMAGE]), z: input('z', [BATCH, LATENT]), distort: neg };

/** The passes that some terms need, in their order, such as `e of native`. */
function passesFor(network: NetworkName, terms: readonly Term[]): string[] {
  const taken: string[] = [];
  const record =
    (name: string, shape: readonly number[]) =>
    (_: unknown, { kind }: { kind: string }): Value =>
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

/** The term does not depend on the objective or the images. */
const uniform = (realCodes: Value): Value =>
  LOSSES.uniform.value({ realCodes } as Record<PassName, Value>, undefined as never, undefined as never);

async function valueOf(codes: Float32Array, latent: number): Promise<number> {
  const { data } = await forward(uniform, [{ type: 'float32', shape: [codes.length / latent, latent], data: codes }]);
  return Number(data[0]);
}

describe('the term uniform', () => {
  it.each([
    [2, 3],
    [7, 4],
    [20, 16],
  ])('of %i codes of size %i matches its formula, whatever their norms', async (count, latent) => {
    const codes = drawCodes('sphere', count, latent, randomStream(count, 'uniform'));
    const rows = rowsOf(codes, latent);
    const pairs = rows.flatMap((a) =>
      rows.map((b) => Math.exp(8 * a.reduce((sum, value, index) => sum + value * b[index]!, 0))),
    );
    expectWithin(await valueOf(codes, latent), Math.log(meanOf(pairs)), 1e-5);
    const scaled = codes.map((value, index) => value * (1 + Math.floor(index / latent)));
    expectWithin(await valueOf(scaled, latent), Math.log(meanOf(pairs)), 1e-5);
  });

  it('is 8 for equal codes, and lowest for the corners of a simplex', async () => {
    const equal = Float32Array.from({ length: 12 }, (_, index) => (index % 3 === 0 ? 1 : 0));
    expectWithin(await valueOf(equal, 3), 8, 1e-5);
    const root = Math.sqrt(3) / 2;
    const lowest = Math.log((Math.exp(8) + 2 * Math.exp(-4)) / 3);
    expectWithin(await valueOf(Float32Array.of(1, 0, -0.5, root, -0.5, -root), 2), lowest, 1e-5);
    for (const seed of [1, 2, 3])
      expect(await valueOf(drawCodes('sphere', 3, 2, randomStream(seed, 'codes')), 2)).toBeGreaterThan(lowest);
  });

  it('is higher for codes that concentrate on one side, on an axis, or in a plane than for uniform codes', async () => {
    const codes = drawCodes('sphere', 500, 16, randomStream(1, 'codes'));
    const changed = {
      side: codes.map((value, index) => (index % 16 === 0 ? value + 0.5 : value)),
      axis: codes.map((value, index) => (index % 16 === 0 ? 3 * value : value)),
      plane: codes.map((value, index) => (index % 16 < 8 ? value : 0.2 * value)),
    };
    const lowest = await valueOf(codes, 16);
    for (const [name, data] of Object.entries(changed))
      expect(await valueOf(onSphere(data, 16), 16), name).toBeGreaterThan(lowest + 0.1);
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(uniform, [{ ...random([5, 4], 3) }]);
  });
});
