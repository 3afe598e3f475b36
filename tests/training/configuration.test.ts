import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfiguration, DEFAULTS, iterationSpec, learningRateIn } from '../../src/training/index.js';
import { expectInputError } from '../rejection.js';
import { tinyConfiguration } from './tinyTraining.js';

const whole = { ...DEFAULTS, data: 'mnist', size: 32, channels: 1 };
const flag = (key: string) => `--${key}`;

describe('the learning rate', () => {
  /** method.md: halved at epoch k, counted from 0, when k mod dropLr = dropLr - 1, before that epoch. */
  function plainRate(epoch: number, dropLr: number): number {
    let rate = 2e-4;
    for (let k = 0; k <= epoch; k++) if (k % dropLr === dropLr - 1) rate /= 2;
    return rate;
  }

  it('is halved exactly before the epochs of the published code', () => {
    const rates = (dropLr: number, epochs: number) => [...Array(epochs).keys()].map((epoch) => learningRateIn(epoch, tinyConfiguration({ dropLr })) / 2e-4);
    expect(rates(3, 9)).toEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
    expect(rates(5, 6)).toEqual([1, 1, 1, 1, 0.5, 0.5]);
    expect(rates(1, 3)).toEqual([0.5, 0.25, 0.125]);
    const cifar = rates(40, 150);
    expect([38, 39, 78, 79, 118, 119, 149].map((epoch) => cifar[epoch])).toEqual([1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
  });

  it('follows the rule for every epoch and interval', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), (epoch, dropLr) => {
        expect(learningRateIn(epoch, tinyConfiguration({ dropLr }))).toBeCloseTo(plainRate(epoch, dropLr), 15);
      }),
    );
  });

  it('stays the same where it is never dropped', () => {
    for (const epoch of [0, 1, 1000]) expect(learningRateIn(epoch, tinyConfiguration({ dropLr: 0, learningRate: 0.01 }))).toBe(0.01);
  });
});

describe('a configuration', () => {
  it('of defaults is right', () => {
    expect(checkConfiguration(whole)).toEqual(whole);
  });

  it('may have a length in epochs or in iterations', () => {
    for (const length of [{ epochs: 1 }, { steps: 1 }]) expect(checkConfiguration({ ...whole, length }).length).toEqual(length);
  });

  it('says how an iteration goes', () => {
    const spec = iterationSpec(tinyConfiguration({ divergence: 'pq', matchX: 'L2' }));
    expect(spec.batch).toBe(4);
    expect(spec.objective).toEqual({ prior: 'sphere', divergence: 'pq', moment: 'std', reduce: 'mean', matchX: 'L2', matchZ: 'cos' });
    expect(spec.plans.encoder).toEqual({ updates: 1, weights: { KL_fake: 1, KL_real: 1, match_z: 0, match_x: 10 } });
    expect(spec.plans.generator).toEqual({ updates: 2, weights: { KL_fake: 1, match_z: 1000, match_x: 0 } });
    expect(spec.pair.encoder.outputShape).toEqual([8, 1, 1]);
  });
});

describe('a wrong configuration is refused in one line that names the setting and what it was:', () => {
  it.each([
    ['width', 0],
    ['width', 1025],
    ['width', 1.5],
    ['width', '16'],
    ['latent', 1],
    ['latent', 4097],
    ['batch', 1],
    ['batch', NaN],
    ['channels', 2],
    ['size', 0],
    ['size', 31.5],
    ['network', 'dcgan128'],
    ['prior', 'cube'],
    ['divergence', 'js'],
    ['moment', 'deviation'],
    ['reduce', 'max'],
    ['matchX', 'l1'],
    ['matchZ', ''],
    ['learningRate', 0],
    ['learningRate', -1],
    ['learningRate', 2],
    ['learningRate', 'fast'],
    ['dropLr', -1],
    ['seed', -1],
    ['seed', 2 ** 32],
    ['seed', 0.5],
    ['logEvery', 0],
    ['sampleEvery', -1],
    ['checkpointEvery', 0.5],
    ['data', 7],
  ])('%s %s', async (key, value) => {
    await expectInputError(() => checkConfiguration({ ...whole, [key]: value }, flag), `--${key}: `, JSON.stringify(value));
  });

  it.each(['encoderUpdates', 'width', 'data', 'seed', 'channels', 'length'])('a missing %s', async (key) => {
    await expectInputError(() => checkConfiguration({ ...whole, [key]: undefined }, flag), `--${key}: `, 'missing');
  });

  it.each([
    ['epochs', 0],
    ['epochs', 1.5],
    ['epochs', 1_000_001],
    ['steps', 0],
    ['steps', 1.5],
    ['steps', 'many'],
  ])('%s %s', async (key, value) => {
    await expectInputError(() => checkConfiguration({ ...whole, length: { [key]: value } }, flag), `--${key}: must be`, JSON.stringify(value));
  });

  it('both epochs and iterations', async () => {
    await expectInputError(() => checkConfiguration({ ...whole, length: { epochs: 1, steps: 1 } }, flag), 'length');
  });

  it('a size that is not that of the network', async () => {
    await expectInputError(() => checkConfiguration({ ...whole, size: 64 }, flag), '--size: ', 'dcgan32', '32x32', '64x64');
  });

  it('a plan, with the place in it', async () => {
    await expectInputError(() => checkConfiguration({ ...whole, encoderUpdates: '1;KL_real:x' }, flag), 'encoder plan "1;KL_real:x"', 'character 11');
    await expectInputError(() => checkConfiguration({ ...whole, generatorUpdates: '1;KL_real:1' }, flag), 'generator plan "1;KL_real:1"', 'character 3');
  });

  it('a setting that there is not, with the one that was meant', async () => {
    await expectInputError(() => checkConfiguration({ ...whole, lattent: 8 }, flag), 'lattent: no such setting', 'did you mean latent?');
    await expectInputError(() => checkConfiguration({ ...whole, zzzzzz: 8 }, flag), 'zzzzzz: no such setting');
  });

  it.each([null, 'text', 7, [whole]])('what is no configuration at all: %o', async (given) => {
    await expectInputError(() => checkConfiguration(given));
  });
});
