import { describe, expect, it } from 'vitest';
import { type ImageSource, splitInMemory } from '../../src/data/source.js';
import { metricsIn } from '../../src/metrics/registry.js';
import { planEvaluation } from '../../src/runs/evaluationPlan.js';
import { expectInputError } from '../rejection.js';
import { noiseSource, tinyConfiguration } from '../training/tinyTraining.js';

const unlabelled = noiseSource();
const labelled: ImageSource = {
  ...unlabelled,
  classes: 2,
  train: { ...unlabelled.train, labels: Uint8Array.from({ length: 18 }, (_, index) => index % 2) },
};
const plan = (changes: Parameters<typeof tinyConfiguration>[0], source = labelled) =>
  planEvaluation(tinyConfiguration({ evaluateEvery: 1, ...changes }), source);

describe('metrics of evaluations during training', () => {
  it('default to those that the data supports', () => {
    const [reconstruction, latent, samples] = (['reconstruction', 'latent', 'samples'] as const).map((group) =>
      metricsIn(group).map(({ name }) => name),
    );
    expect(plan({})).toEqual({ metrics: new Set([...reconstruction!, ...samples!, ...latent!]), usesFeatures: true });
    const withoutClasses = [...reconstruction!, ...samples!, ...latent!].filter(
      (name) => !name.startsWith('inception_score'),
    );
    expect(plan({}, unlabelled)).toEqual({ metrics: new Set(withoutClasses), usesFeatures: true });
  });

  it('include the named ones and that of the best checkpoint', () => {
    expect(plan({ evaluateMetrics: ['psnr', 'ssim'], saveBest: 'fid' })).toEqual({
      metrics: new Set(['psnr', 'ssim', 'fid']),
      usesFeatures: true,
    });
    expect(plan({ evaluateMetrics: ['ssim'], saveBest: 'ssim' }, unlabelled)).toEqual({
      metrics: new Set(['ssim']),
      usesFeatures: false,
    });
  });

  it('are rejected if they need labels that do not exist', async () => {
    await expectInputError(
      () => plan({ evaluateMetrics: ['psnr', 'inception_score'] }, unlabelled),
      'inception_score: noise has no labels',
      'fid',
    );
    expect(plan({ saveBest: 'fid' }, unlabelled).usesFeatures).toBe(true);
    const oneClass = { ...labelled, train: { ...labelled.train, labels: new Uint8Array(18) } };
    await expectInputError(() => plan({ saveBest: 'inception_score' }, oneClass), 'a single class');
  });

  it('are rejected if unknown, or not ranked', async () => {
    await expectInputError(() => plan({ evaluateMetrics: ['fdi'] }), '"fdi"', 'did you mean fid');
    await expectInputError(() => plan({ saveBest: 'fdi' }), '"fdi"', 'did you mean fid');
    for (const saveBest of ['samples', 'rayleigh_fake'])
      await expectInputError(() => plan({ saveBest }), `saveBest ${saveBest}:`, 'fid');
    await expectInputError(
      () => plan({ saveBest: 'mean_resultant_length_fake', prior: 'normal', divergence: 'qp' }),
      'saveBest mean_resultant_length_fake:',
    );
    await expectInputError(
      () => plan({ saveBest: 'divergence_gap_fake', divergence: 'nearest' }),
      'saveBest divergence_gap_fake:',
    );
    expect(plan({ saveBest: 'mean_resultant_length_fake', divergence: 'nearest' }).metrics).toContain(
      'mean_resultant_length_fake',
    );
  });

  it('are rejected if there are no images to compare with', async () => {
    const one = splitInMemory(new Uint8Array(1024), 1024, null);
    await expectInputError(() => plan({}, { ...labelled, test: one }), 'has 1 test images', 'testFraction');
  });
});
