import { describe, expect, it } from 'vitest';
import { NETWORK_NAMES } from '../../src/networks/network.js';
import { iterationSpec } from '../../src/training/configuration.js';
import { parseConfiguration } from '../../src/training/configurationSchema.js';
import { defaultsFor } from '../../src/training/defaults.js';
import { DEFAULTS } from '../../src/training/settings.js';
import { expectInputError } from '../rejection.js';
import { tinyConfiguration } from './tinyTraining.js';

const whole = { ...DEFAULTS, ...defaultsFor(60_000), data: 'mnist', size: 32, channels: 1 };

describe('a configuration', () => {
  it('is valid with defaults', () => {
    expect(parseConfiguration(whole)).toMatchObject(whole);
  });

  it('may have a length in epochs or iterations', () => {
    for (const length of [{ epochs: 1 }, { steps: 1 }])
      expect(parseConfiguration({ ...whole, length }).length).toEqual(length);
  });

  it('adds defaults that do not depend on the data: the tuned recipe, no padding, stages, flips, augmentations or evaluations, and all checkpoints', () => {
    const { batchNormStats: _, schedule: __, ema: ___, ...others } = whole;
    expect(parseConfiguration(others)).toEqual({
      ...whole,
      network: 'dcgan32',
      crop: 'center',
      padding: null,
      classes: [],
      attributes: [],
      flip: false,
      augment: [],
      testFraction: 0.1,
      batchNormStats: 'separate',
      stages: [],
      schedule: 'cosine',
      warmupSteps: 0,
      ema: 0.999,
      emaStart: 0,
      onNan: 'stop',
      maxRollbacks: 3,
      keepLast: 0,
      keepEvery: 0,
      evaluateEvery: 0,
      evaluateSamples: 10_000,
    });
  });

  it('keeps its padding, and rejects one that does not fit the size', async () => {
    for (const padding of [null, { inner: 24, border: 4, value: 255 }])
      expect(parseConfiguration({ ...whole, padding }).padding).toEqual(padding);
    await expectInputError(
      () => parseConfiguration({ ...whole, padding: { inner: 28, border: 3, value: 0 } }),
      'padding: size 32',
      '28x28',
      '34x34',
    );
    await expectInputError(
      () => parseConfiguration({ ...whole, padding: { inner: 28, border: 2, value: 256 } }),
      'padding.value',
      '255',
      '256',
    );
    await expectInputError(() => parseConfiguration({ ...whole, padding: 2 }), 'padding: must be null, or');
  });

  it('keeps its augmentations in their order', () => {
    const augment = ['translation', 'color'] as const;
    expect(iterationSpec(parseConfiguration({ ...whole, augment })).augmentations).toEqual(augment);
  });

  it('does not change when validated again', () => {
    const configuration = parseConfiguration({
      ...whole,
      ema: 0.99,
      initFrom: 'runs/first',
      stages: [{ epoch: 2, encoderUpdates: '1;KL_real:1' }],
    });
    expect(parseConfiguration(JSON.parse(JSON.stringify(configuration)))).toEqual(configuration);
  });

  it('keeps separate running statistics if configured', () => {
    for (const network of NETWORK_NAMES) {
      expect(
        (['shared', 'separate'] as const).map(
          (batchNormStats) => iterationSpec(tinyConfiguration({ batchNormStats })).pair[network].separateStatistics,
        ),
      ).toEqual([false, true]);
    }
  });

  it('keeps EMA weights if the decay is above 0', () => {
    expect([0, 0.9].map((ema) => iterationSpec(tinyConfiguration({ ema })).hasEma)).toEqual([false, true]);
  });

  it('determines the computation of an iteration', () => {
    const spec = iterationSpec(tinyConfiguration({ divergence: 'pq', matchX: 'L2' }));
    expect(spec.batch).toBe(4);
    expect(spec.objective).toEqual({
      prior: 'sphere',
      divergence: 'pq',
      moment: 'std',
      reduction: 'mean',
      matchX: 'L2',
      matchZ: 'cos',
      margin: 0,
    });
    expect(spec.plans.encoder).toEqual({ updates: 1, weights: { KL_fake: 1, KL_real: 1, match_z: 0, match_x: 10 } });
    expect(spec.plans.generator).toEqual({ updates: 2, weights: { KL_fake: 1, match_z: 1000, match_x: 0 } });
    expect(spec.pair.encoder.outputShape).toEqual([8, 1, 1]);
  });
});

describe('an invalid configuration is rejected in one line with the setting and its value:', () => {
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
    ['network', 'dcgan256'],
    ['prior', 'cube'],
    ['divergence', 'js'],
    ['moment', 'deviation'],
    ['reduction', 'max'],
    ['matchX', 'l1'],
    ['matchZ', ''],
    ['learningRate', 0],
    ['learningRate', -1],
    ['learningRate', 2],
    ['learningRate', 'fast'],
    ['halveEvery', -1],
    ['seed', -1],
    ['seed', 2 ** 32],
    ['seed', 0.5],
    ['logEvery', 0],
    ['sampleEvery', -1],
    ['checkpointEvery', 0.5],
    ['data', 7],
    ['crop', 'left'],
    ['flip', 1],
    ['augment', 'translation'],
    ['testFraction', 1],
    ['testFraction', -0.1],
    ['schedule', 'linear'],
    ['warmupSteps', -1],
    ['ema', 1],
    ['ema', -0.5],
    ['emaStart', 0.5],
    ['onNan', 'ignore'],
    ['maxRollbacks', -1],
    ['keepLast', 1.5],
    ['keepEvery', -1],
    ['stages', 'later'],
    ['learningRate', Infinity],
    ['encoderUpdates', 5],
    ['initFrom', 3],
    ['length', { epoch: 1 }],
  ])('%s %s', async (key, value) => {
    await expectInputError(
      () => parseConfiguration({ ...whole, [key]: value }),
      `${key}: `,
      `not ${typeof value === 'number' ? value : JSON.stringify(value)}`,
    );
  });

  it.each(['data', 'size', 'channels', 'batch', 'length'])('a missing %s', async (key) => {
    await expectInputError(() => parseConfiguration({ ...whole, [key]: undefined }), `${key}: `, 'missing');
  });

  it.each([
    ['epochs', 0],
    ['epochs', 1.5],
    ['epochs', 1_000_001],
    ['steps', 0],
    ['steps', 1.5],
    ['steps', 'many'],
  ])('%s %s', async (key, value) => {
    await expectInputError(
      () => parseConfiguration({ ...whole, length: { [key]: value } }),
      `${key}: must be`,
      JSON.stringify(value),
    );
  });

  it('deeply nested lists', async () => {
    const width: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    await expectInputError(
      () => parseConfiguration({ ...whole, width }),
      'width: must be',
      'not a value that is nested too deeply',
    );
  });

  it('both epochs and iterations', async () => {
    await expectInputError(() => parseConfiguration({ ...whole, length: { epochs: 1, steps: 1 } }), 'length');
  });

  it('a size that does not match the network', async () => {
    await expectInputError(
      () => parseConfiguration({ ...whole, network: 'dcgan32', size: 64 }),
      'size: ',
      'dcgan32',
      '32x32',
      '64x64',
    );
  });

  it('an invalid plan, with its position', async () => {
    await expectInputError(
      () => parseConfiguration({ ...whole, encoderUpdates: '1;KL_real:x' }),
      'encoderUpdates: encoder plan "1;KL_real:x"',
      'character 11',
    );
    await expectInputError(
      () => parseConfiguration({ ...whole, generatorUpdates: '1;KL_real:1' }),
      'generator plan "1;KL_real:1"',
      'character 3',
    );
  });

  it('unknown and repeated augmentations', async () => {
    await expectInputError(
      () => parseConfiguration({ ...whole, augment: ['color', 'rotation'] }),
      'augment[1]: must be one of color',
      '"rotation"',
    );
    await expectInputError(
      () => parseConfiguration({ ...whole, augment: ['color', 'color'] }),
      'augment: must not repeat a name',
    );
  });

  it('an invalid plan in a stage, with its position', async () => {
    const stages = [{ epoch: 1, generatorUpdates: '1;KL_real:1' }];
    await expectInputError(
      () => parseConfiguration({ ...whole, stages }),
      'stages[0].generatorUpdates: generator plan "1;KL_real:1"',
      'character 3',
    );
  });

  it('an invalid stage, with its position', async () => {
    const stages = [{ epoch: 1 }, { epoch: 0 }];
    await expectInputError(
      () => parseConfiguration({ ...whole, stages }),
      'stages[1].epoch: must be a whole number from 1 to 1000000, not 0',
    );
    const misspelt = [{ epoch: 1, encoderUpdats: '1;KL_real:1' }];
    await expectInputError(
      () => parseConfiguration({ ...whole, stages: misspelt }),
      'stages[0].encoderUpdats: no such setting, did you mean encoderUpdates?',
    );
    await expectInputError(() => parseConfiguration({ ...whole, stages: [7] }), 'stages[0]: must be an epoch', 'not 7');
  });

  it('stages out of order', async () => {
    const stages = [{ epoch: 1 }, { epoch: 3 }, { epoch: 3 }];
    await expectInputError(
      () => parseConfiguration({ ...whole, stages }),
      'stages: stage 3 must begin after epoch 3, not at 3',
    );
  });

  it('the distance cos of grayscale images, which has no gradient', async () => {
    await expectInputError(
      () => parseConfiguration({ ...whole, matchX: 'cos' }),
      'matchX: cos has no gradient for images of one channel; choose L1 or L2',
    );
    expect(parseConfiguration({ ...whole, channels: 3, matchX: 'cos' }).matchX).toBe('cos');
  });

  it('simultaneous updates of which a network has several', async () => {
    const plans = { updateOrder: 'simultaneous', generatorUpdates: ' 1 ;KL_fake:1' } as const;
    expect(parseConfiguration({ ...whole, ...plans }).updateOrder).toBe('simultaneous');
    const several = 'updateOrder: simultaneous needs one update per network, not "2;KL_fake:1"';
    await expectInputError(() => parseConfiguration({ ...whole, ...plans, generatorUpdates: '2;KL_fake:1' }), several);
    const stages = [{ epoch: 1, generatorUpdates: '2;KL_fake:1' }];
    await expectInputError(() => parseConfiguration({ ...whole, ...plans, stages }), several);
  });

  it('a margin of a divergence without a lower bound', async () => {
    await expectInputError(
      () => parseConfiguration({ ...whole, divergence: 'nearest', margin: 1 }),
      'margin: requires a divergence with a lower bound; choose qp or pq',
    );
  });

  it('code noise of networks that reconstruct nothing', async () => {
    const plans = { encoderUpdates: '1;KL_real:1,match_x:0', generatorUpdates: '1;match_z:1' };
    await expectInputError(
      () => parseConfiguration({ ...whole, ...plans, codeNoise: 1 }),
      'codeNoise: has no effect without match_x',
    );
    expect(parseConfiguration({ ...whole, ...plans, encoderUpdates: '1;match_x:0.5', codeNoise: 1 }).codeNoise).toBe(1);
  });

  it('halveEvery with a schedule that does not use it', async () => {
    for (const schedule of ['cosine', 'constant']) {
      await expectInputError(
        () => parseConfiguration({ ...whole, schedule, halveEvery: 2 }),
        'halveEvery: ',
        'halving',
        schedule,
        'set schedule to halving',
      );
    }
  });

  it('an unknown setting, with a suggestion', async () => {
    await expectInputError(
      () => parseConfiguration({ ...whole, lattent: 8 }),
      'lattent: no such setting',
      'did you mean latent?',
    );
    await expectInputError(() => parseConfiguration({ ...whole, zzzzzz: 8 }), 'zzzzzz: no such setting');
  });

  it.each([null, 'text', 7, [whole]])('a value that is not a configuration: %o', async (given) => {
    await expectInputError(() => parseConfiguration(given));
  });
});
