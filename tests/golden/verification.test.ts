import { beforeAll, describe, expect, it } from 'vitest';
import { readGoldenCase, TOLERANCE, verify } from '../../src/golden/verification.js';
import type { TensorFile } from '../../src/engine/index.js';
import { compileSmall } from '../engine/running.js';
import { expectInputError } from '../rejection.js';
import { GOLDEN_NAMES, readGolden, withCase, withTensor } from '../age/goldenFiles.js';

const GROUPS = [
  'adam/after',
  'encoder_update',
  'encoder_update/after',
  'encoder_update/grad',
  'evaluation',
  'generator_update',
  'generator_update/after',
  'generator_update/grad',
  'losses',
];

const UPDATED_STATISTICS = ['encoder_update/after', 'generator_update/after'];

describe('a golden file', () => {
  it.each(GOLDEN_NAMES)('%s passes in every group', async (name) => {
    const { file, groups, max_error } = await verify(await readGolden(name), name, compileSmall);
    expect(file).toBe(name);
    const { metadata } = await readGolden(name);
    // Residual networks have no running statistics.
    const absent = ['adam' in metadata ? [] : 'adam/after', name === 'resnet32-rgb' ? UPDATED_STATISTICS : []].flat();
    expect(Object.keys(groups).sort()).toEqual(GROUPS.filter((group) => !absent.includes(group)));
    for (const [group, error] of Object.entries(groups)) expect(error, group).toBeLessThanOrEqual(TOLERANCE);
    expect(max_error).toBe(Math.max(...Object.values(groups)));
    // Rounding leaves something; 0 would mean that nothing was compared.
    expect(max_error).toBeGreaterThan(0);
  });

  it('has the tolerance 5e-5', () => {
    expect(TOLERANCE).toBe(5e-5);
  });
});

describe('a golden file with a wrong expectation', () => {
  let golden: TensorFile;
  beforeAll(async () => {
    golden = await readGolden('dcgan32-gray');
  });

  it('fails in the groups of the wrong tensors, with the error relative to the largest element', async () => {
    const wrong = {
      'encoder_update/grad': ['encoder_update/grad/encoder.conv2.weight', 0.001],
      'encoder_update/after': ['encoder_update/after/generator.norm1.running_mean', 0.002],
      encoder_update: ['encoder_update/code_of_x', 0.003],
      'generator_update/grad': ['generator_update/grad/generator.norm4.bias', 0.004],
      generator_update: ['generator_update/fake', 0.005],
      'adam/after': ['adam/after/parameter', 0.006],
    } as const;
    const changed = Object.values(wrong).reduce((file, [tensor, difference]) => {
      const data = golden.tensors[tensor]!.data.slice();
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // Towards 0, so that the largest element stays what it is.
      const index = data.findIndex((value) => Math.abs(value) < 0.9 * largest);
      data[index]! += difference * largest;
      return withTensor(file, tensor, data);
    }, golden);
    const { groups, max_error } = await verify(changed, 'wrong', compileSmall);
    expect(max_error).toBeCloseTo(0.006, 4);
    for (const [group, [, difference]] of Object.entries(wrong))
      expect(groups[group], group).toBeCloseTo(difference, 4);
    for (const group of ['evaluation', 'losses']) expect(groups[group], group).toBeLessThanOrEqual(TOLERANCE);
  });

  it('fails if a loss differs, with the relative error', async () => {
    const losses = JSON.parse(golden.metadata.losses!) as Record<string, number>;
    const changed = {
      ...golden.metadata,
      losses: JSON.stringify({ ...losses, 'generator.loss': losses['generator.loss']! * 1.01 }),
    };
    const { groups } = await verify({ ...golden, metadata: changed }, 'wrong', compileSmall);
    expect(groups.losses).toBeCloseTo(0.01 / 1.01, 5);
  });

  it.each([
    ['it expects an unknown tensor', 'encoder_update/grad/encoder.conv9.weight', new Float32Array(3)],
    ['a tensor has a different size', 'evaluation/code', new Float32Array(3)],
    ['an expectation is not a number', 'evaluation/code', new Float32Array(8 * 16).fill(NaN)],
  ])('fails if %s', async (_, tensor, data) => {
    const { max_error } = await verify(withTensor(golden, tensor, data), 'wrong', compileSmall);
    expect(max_error <= TOLERANCE).toBe(false);
  });

  it('fails with a different configuration', async () => {
    const { groups } = await verify(withCase(golden, { e_match_x: 11 }), 'wrong', compileSmall);
    expect(groups['encoder_update/grad']).toBeGreaterThan(TOLERANCE);
  });
});

describe('an invalid golden file', () => {
  it('is rejected with the missing tensor', async () => {
    const golden = await readGolden('dcgan32-gray');
    for (const tensor of [
      'input/x',
      'input/z_generator_update',
      'initial/encoder.conv2.weight',
      'initial/generator.norm1.running_var',
      'adam/grad',
    ]) {
      await expectInputError(
        () => verify(withTensor(golden, tensor, undefined), 'file', compileSmall),
        'file:',
        tensor,
        'is missing',
      );
    }
  });

  it('is rejected with the tensor of a wrong size', async () => {
    const golden = await readGolden('dcgan32-gray');
    await expectInputError(
      () => verify(withTensor(golden, 'input/x', new Float32Array(5)), 'file', compileSmall),
      'file:',
      'input/x',
      'not 5',
    );
    await expectInputError(
      () => verify(withCase(golden, { nf: 9 }), 'file', compileSmall),
      'file:',
      'initial/encoder.conv1.weight',
    );
  });

  it('is rejected if it expects nothing', async () => {
    const { tensors, metadata } = await readGolden('dcgan32-gray');
    const { adam: _, ...others } = metadata;
    const given = Object.fromEntries(Object.entries(tensors).filter(([name]) => /^(initial|input)\//.test(name)));
    await expectInputError(
      () => verify({ tensors: given, metadata: { ...others, losses: '{}' } }, 'file', compileSmall),
      'file:',
    );
  });
});

const withMetadata = ({ tensors, metadata }: TensorFile, changes: Record<string, string>): TensorFile => ({
  tensors,
  metadata: { ...metadata, ...changes },
});

describe('the case of a golden file', () => {
  it("is read in this project's terms", async () => {
    const golden = readGoldenCase(await readGolden('dcgan32-nearest'), 'file');
    expect(golden.objective).toEqual({
      prior: 'sphere',
      divergence: 'nearest',
      moment: 'std',
      reduction: 'mean',
      matchX: 'L1',
      matchZ: 'cos',
      margin: 0,
    });
    expect([golden.batch, golden.latentSize]).toEqual([8, 16]);
    expect(golden.pair.encoder.inputShape).toEqual([1, 32, 32]);
    expect(golden.updates.map(({ network, plan }) => [network, plan])).toEqual([
      [
        'encoder',
        {
          updates: 1,
          weights: { KL_real: 1, KL_fake: 1, match_x: 10, match_z: 2, align: 0, uniform: 0 },
        },
      ],
      ['generator', { updates: 1, weights: { KL_fake: 1, match_z: 1000, match_x: 3 } }],
    ]);
    expect(golden.adam).toEqual({ lr: 2e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8, step: 3 });
    expect(golden.losses['generator.KL_fake']).toBeCloseTo(6.360166, 5);
  });

  it('uses the divergence direction with which codes are fitted', async () => {
    const golden = withCase(await readGolden('dcgan32-gray'), { direction: 'pq', moment: 'variance' });
    expect(readGoldenCase(golden, 'file').objective).toMatchObject({ divergence: 'pq', moment: 'variance' });
  });

  it('monitors terms of weight 0 that the file lists', async () => {
    const [encoder] = readGoldenCase(await readGolden('dcgan32-gray'), 'file').updates;
    expect(encoder!.plan.weights.match_z).toBe(0);
    expect(encoder!.monitored).toContain('match_z');
  });

  it('may lack an Adam step', async () => {
    const { tensors, metadata } = await readGolden('dcgan32-gray');
    const { adam: _, ...others } = metadata;
    expect(readGoldenCase({ tensors, metadata: others }, 'file').adam).toBeUndefined();
  });

  it.each([
    ['arch', 'dcgan48'],
    ['nf', 0],
    ['nz', 1.5],
    ['batch', '8'],
    ['moment', 'median'],
    ['direction', 'both'],
    ['noise', 'cube'],
    ['match_z', 'L3'],
    ['e_kl_real', null],
  ])('is rejected with an invalid %s', async (key, value) => {
    const golden = withCase(await readGolden('dcgan32-gray'), { [key]: value });
    await expectInputError(() => readGoldenCase(golden, 'file'), 'file: not a golden file', key);
  });

  it.each([
    ['case', '{'],
    ['case', '[]'],
    ['losses', '{"encoder.loss":"low"}'],
    ['losses', 'null'],
    ['adam', '{"lr":0.1}'],
  ])('is rejected if "%s" is %s', async (key, text) => {
    const golden = withMetadata(await readGolden('dcgan32-gray'), { [key]: text });
    await expectInputError(() => readGoldenCase(golden, 'file'), 'file: not a golden file', `"${key}"`);
  });

  it('is rejected without metadata', async () => {
    await expectInputError(
      () => readGoldenCase({ tensors: {}, metadata: {} }, 'file'),
      'file: not a golden file',
      '"case" are missing',
    );
  });
});
