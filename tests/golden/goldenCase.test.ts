import { describe, expect, it } from 'vitest';
import { readGoldenCase } from '../../src/golden/goldenCase.js';
import type { TensorFile } from '../../src/engine/index.js';
import { expectInputError } from '../rejection.js';
import { readGolden, withCase } from '../age/goldenFiles.js';

const withMetadata = ({ tensors, metadata }: TensorFile, changes: Record<string, string>): TensorFile => ({ tensors, metadata: { ...metadata, ...changes } });

describe("a golden file's case", () => {
  it("is read in this project's terms", async () => {
    const golden = readGoldenCase(await readGolden('dcgan32-nearest'), 'file');
    expect(golden.objective).toEqual({ prior: 'sphere', divergence: 'nearest', moment: 'std', reduction: 'mean', matchX: 'L1', matchZ: 'cos' });
    expect([golden.batch, golden.latent]).toEqual([8, 16]);
    expect(golden.pair.encoder.inputShape).toEqual([1, 32, 32]);
    expect(golden.updates.map(({ network, plan }) => [network, plan])).toEqual([
      ['encoder', { updates: 1, weights: { KL_real: 1, KL_fake: 1, match_x: 10, match_z: 2 } }],
      ['generator', { updates: 1, weights: { KL_fake: 1, match_z: 1000, match_x: 3 } }],
    ]);
    expect(golden.adam).toEqual({ learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, step: 3 });
    expect(golden.losses['generator.KL_fake']).toBeCloseTo(6.360166, 5);
  });

  it('takes the direction of the divergence where codes are fitted', async () => {
    const golden = withCase(await readGolden('dcgan32-gray'), { direction: 'pq', moment: 'variance' });
    expect(readGoldenCase(golden, 'file').objective).toMatchObject({ divergence: 'pq', moment: 'variance' });
  });

  it('monitors terms of weight 0 that the file lists', async () => {
    const [encoder] = readGoldenCase(await readGolden('dcgan32-gray'), 'file').updates;
    expect(encoder!.plan.weights.match_z).toBe(0);
    expect(encoder!.monitored).toContain('match_z');
  });

  it('may come without a step of Adam', async () => {
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
  ])('is refused with a wrong %s', async (key, value) => {
    const golden = withCase(await readGolden('dcgan32-gray'), { [key]: value });
    await expectInputError(() => readGoldenCase(golden, 'file'), 'file: not a golden file', key);
  });

  it.each([
    ['case', '{'],
    ['case', '[]'],
    ['losses', '{"encoder.loss":"low"}'],
    ['losses', 'null'],
    ['adam', '{"lr":0.1}'],
  ])('is refused where "%s" is %s', async (key, text) => {
    const golden = withMetadata(await readGolden('dcgan32-gray'), { [key]: text });
    await expectInputError(() => readGoldenCase(golden, 'file'), 'file: not a golden file', `"${key}"`);
  });

  it('is missed where there are no metadata', async () => {
    await expectInputError(() => readGoldenCase({ tensors: {}, metadata: {} }, 'file'), 'file: not a golden file', '"case" are missing');
  });
});
