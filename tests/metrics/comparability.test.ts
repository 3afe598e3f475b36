import { describe, expect, it } from 'vitest';
import {
  compareEvaluations,
  type EvaluatedRun,
  type IncomparableMetrics,
  meansOverSeeds,
} from '../../src/metrics/comparability.js';
import { METRIC_NAMES } from '../../src/metrics/registry.js';

const PROTOCOL = {
  ...{
    data: 'mnist',
    size: [32, 32],
    channels: 1,
    split: 'test',
    digests: { train: 'a1', test: 'b2' },
    images: 10_000,
    samples: 10_000,
    seed: 0,
  },
  codes: { prior: 'sphere', latent: 64 },
  divergence: { divergence: 'qp', moment: 'variance', reduction: 'mean' },
  extractor: { name: 'classifier of mnist', digest: 'c3', features: 128, test_accuracy: 0.99 },
  kid: { subsets: 50, subset_size: 1000 },
  manifold: { k: 5, images: 5000, samples: 5000 },
  memorization: { samples: 500, held_out: 500, training: 60_000 },
  train_test_reference: { metrics: { fid: 1.9 } },
  ...{ weights: 'ema', seconds: 12 },
};

/** An evaluation in which every metric has the same value. */
const evaluated = (
  run: string,
  changes: object = {},
  value: number | null = 1,
  names: readonly string[] = METRIC_NAMES,
): EvaluatedRun => ({
  run,
  metrics: Object.fromEntries(names.map((name) => [name, value])),
  protocol: { ...PROTOCOL, ...changes },
});

/** The metrics that a change of the protocol makes incomparable, by what they then differ in. */
const lostBy = (changes: object): Record<string, readonly string[]> =>
  Object.fromEntries(
    compareEvaluations([evaluated('a'), evaluated('b', changes)]).incomparable.map(({ metrics, differences }) => [
      differences.map(({ condition }) => condition).join(' and '),
      metrics,
    ]),
  );

const OF_CONDITIONS = ['condition_accuracy', 'attribute_accuracy', 'attribute_correlation'];
const REFINED = ['fid', 'kid', 'kid_std', 'precision', 'recall', 'density', 'coverage', ...OF_CONDITIONS];
const COMPLETIONS = ['completion_l1', 'completion_l1_relative', 'completion_ssim', 'completion_diversity'];
const ONE_PASS = ['fid_one_pass', 'precision_one_pass', 'recall_one_pass', 'midpoint_fid'];
const FEATURE_METRICS = [...REFINED, ...ONE_PASS];

describe('compareEvaluations', () => {
  it('treats unknown metrics as incomparable', () => {
    const evaluations = [evaluated('a', {}, 1, ['unknown']), evaluated('b', { samples: 5 }, 1, ['unknown'])];
    expect(compareEvaluations(evaluations).incomparable).toMatchObject([
      { metrics: ['unknown'], differences: [{ condition: 'sample count' }] },
    ]);
  });

  it('compares everything if only the seed, the time, an EMA that one run lacks, or the reference differ', () => {
    const other = {
      seed: 7,
      seconds: 80,
      weights: 'raw',
      ema_decay: 0,
      train_test_reference: { metrics: { fid: 2.1 } },
    };
    expect(compareEvaluations([evaluated('a'), evaluated('b', other)])).toMatchObject({
      comparable: METRIC_NAMES,
      incomparable: [],
      best: {},
    });
  });

  it('compares no raw weights of a run with EMA, nor those of an unknown kind, with EMA weights', () => {
    expect(lostBy({ weights: 'raw', ema_decay: 0.999 })).toEqual({ weights: METRIC_NAMES });
    expect(lostBy({ weights: 'raw' })).toEqual({ weights: METRIC_NAMES });
    const [{ differences }] = compareEvaluations([evaluated('a'), evaluated('b', { weights: 'raw', ema_decay: 0.9 })])
      .incomparable as [IncomparableMetrics];
    expect(differences[0]!.values).toEqual(['EMA', 'raw instead of EMA']);
    const both = { weights: 'raw', ema_decay: 0.9 };
    expect(compareEvaluations([evaluated('a', both), evaluated('b', both)]).incomparable).toEqual([]);
  });

  it('compares no model with one of different data', () => {
    const lost = Object.values(lostBy({ digests: { train: 'zz', test: 'yy' } })).flat();
    expect(METRIC_NAMES.filter((name) => !lost.includes(name))).toEqual(['code_nn_distance_prior']);
  });

  it('states why a comparable metric is not ranked', () => {
    const reasonFor = (name: string, values: readonly (number | null)[]) =>
      compareEvaluations(values.map((value, index) => evaluated(String(index), {}, value, [name]))).unranked[name];
    expect(reasonFor('kid_std', [1, 2])).toBe('neither higher nor lower is better');
    expect(reasonFor('fid', [1, 1, 2])).toBe('the best values are equal');
    expect(reasonFor('fid', [null, null])).toBe('no value is finite');
    expect(reasonFor('fid', [1])).toBe('a single evaluation has it');
    expect(reasonFor('fid', [1, 2])).toBeUndefined();
  });

  it('separates metrics biased by the sample count, but compares KID, means over images and codes of images', () => {
    const lost = lostBy({ samples: 500, manifold: { k: 5, images: 5000, samples: 500 } });
    expect(lost['sample count']).toEqual(
      expect.arrayContaining(['fid', 'inception_score', 'rayleigh_fake', 'divergence_gap_fake']),
    );
    expect(lost.neighborhoods!.toSorted()).toEqual(
      ['precision', 'recall', 'density', 'coverage', 'precision_one_pass', 'recall_one_pass'].sort(),
    );
    expect(lost['searched codes']).toEqual(['code_nn_distance_fake', 'code_nn_distance_prior']);
    const all = Object.values(lost).flat();
    for (const kept of ['kid', 'psnr', 'latent_cosine', 'rayleigh_real', 'code_nn_distance_real', 'memorization_ratio'])
      expect(all).not.toContain(kept);
  });

  it('separates metrics of the images of samples if these are refined, also from evaluations that cannot refine', () => {
    expect(lostBy({ refine: 0 })).toEqual({});
    const { refinement, ...others } = lostBy({ refine: 1 });
    const ofImages = ['inception_score', 'inception_score_std', 'memorization_ratio'];
    expect(refinement!.toSorted()).toEqual([...REFINED, ...COMPLETIONS, ...ofImages].sort());
    expect(others).toEqual({});
  });

  it('compares distances to nearest codes only if the number of codes is equal', () => {
    expect(lostBy({ samples: 6000 })).toEqual({
      'sample count': expect.not.arrayContaining(['code_nn_distance_fake']) as string[],
    });
  });

  it('separates feature metrics of extractors with different weights, even under one name', () => {
    const lost = lostBy({ extractor: { ...PROTOCOL.extractor, digest: 'd4' } });
    expect(Object.keys(lost)).toEqual(['feature extractor']);
    const expected = [...FEATURE_METRICS, 'inception_score', 'inception_score_std', 'memorization_ratio'];
    expect(lost['feature extractor']!.toSorted()).toEqual(expected.toSorted());
  });

  it('distinguishes image sets by their images, not their names', () => {
    expect(lostBy({ data: 'idx:copy-of-mnist' })).toEqual({});
    const lost = lostBy({ digests: { train: 'a1', test: 'zz' } });
    expect(lost['image set']).toEqual(expect.arrayContaining([...FEATURE_METRICS, 'psnr', 'rayleigh_real']));
    expect(lost['held-out set']).toEqual(['memorization_ratio']);
    expect(Object.values(lost).flat()).not.toContain('inception_score');
    expect(lostBy({ split: 'train' })['image set']).toContain('fid');
  });

  it('separates codes of different latent spaces, and divergences of different settings', () => {
    expect(lostBy({ codes: { prior: 'sphere', latent: 128 } })['latent space']).toEqual(
      expect.arrayContaining(['latent_cosine', 'rayleigh_fake']),
    );
    expect(lostBy({ divergence: { ...PROTOCOL.divergence, moment: 'std' } }).divergence).toHaveLength(4);
  });

  it('reports the conditions of each evaluation', () => {
    const evaluations = [
      evaluated('a', { samples: 500 }, 1, ['fid']),
      evaluated('b', {}, 1, ['psnr']),
      evaluated('c', {}, 1, ['fid']),
    ];
    const differences = compareEvaluations(evaluations).incomparable[0]?.differences;
    expect(differences).toEqual([{ condition: 'sample count', values: ['500', '-', '10000'] }]);
  });

  it('treats unrecorded conditions as different', () => {
    const old = { digests: undefined };
    const { incomparable } = compareEvaluations([evaluated('a', old, 1, ['psnr']), evaluated('b', old, 1, ['psnr'])]);
    expect(incomparable).toEqual([
      { metrics: ['psnr'], differences: [{ condition: 'image set', values: ['not recorded', 'not recorded'] }] },
    ]);
  });

  it('has no objection to a metric that only one evaluation has', () => {
    const { comparable, incomparable } = compareEvaluations([
      evaluated('a', {}, 1, ['fid', 'psnr']),
      evaluated('b', { samples: 5 }, 1, ['psnr']),
    ]);
    expect([comparable, incomparable]).toEqual(
      [['fid', 'psnr'], []].map((each) => expect.arrayContaining(each) as string[]),
    );
  });

  it('marks the best of comparable metrics only', () => {
    const { best } = compareEvaluations([
      evaluated('a', { samples: 500 }),
      evaluated('b', {}, 2),
      evaluated('c', {}, null),
    ]);
    expect(best).toMatchObject({ psnr: 1, kid: 0 });
    for (const metric of ['fid', 'inception_score', 'kid_std', 'rayleigh_real'])
      expect(best).not.toHaveProperty(metric);
  });

  it('marks no best of equal values, and none of a single evaluation', () => {
    expect(compareEvaluations([evaluated('a'), evaluated('b')]).best).toEqual({});
    expect(compareEvaluations([evaluated('a')]).best).toEqual({});
  });
});

describe('meansOverSeeds', () => {
  const run = (name: string, settings: object, value: number | null) => ({
    ...evaluated(name, {}, value, ['fid', 'psnr']),
    settings: { width: 4, ...settings },
  });

  it('joins runs that differ only in their seed, with the mean and the unbiased standard deviation', () => {
    const groups = meansOverSeeds([
      run('a', { seed: 1 }, 1),
      run('b', { seed: 1, width: 8 }, 9),
      run('c', { seed: 2 }, 2),
      run('d', { seed: 3 }, 3),
    ]);
    expect(groups.map(({ runs }) => runs)).toEqual([['a', 'c', 'd'], ['b']]);
    expect(groups[0]).toMatchObject({ run: 'a', metrics: { fid: 2, psnr: 2 }, std: { fid: 1, psnr: 1 } });
    expect(groups[1]).toMatchObject({ metrics: { fid: 9 }, std: {} });
    expect(compareEvaluations(groups).best).toEqual({ fid: 0, psnr: 1 });
  });

  it('ranks means only if seeds do not explain their difference', () => {
    const group = (width: number, ...values: number[]) =>
      values.map((value, seed) => run(`${width}-${seed}`, { seed, width }, value));
    const rank = (...groups: readonly (readonly ReturnType<typeof run>[])[]) => {
      const { best, unranked } = compareEvaluations(meansOverSeeds(groups.flat()));
      return best.psnr ?? unranked.psnr;
    };
    const noisy = group(8, 0.6455, 0.6355, 0.6555);
    expect(rank(noisy, group(4, 0.6481, 0.6461, 0.6501))).toBe('the best values differ less than seeds do');
    expect(rank(noisy, group(4, 0.7481, 0.7461, 0.7501))).toBe(1);
    // The third group is far away, the second is not.
    expect(rank(noisy, group(4, 0.6481, 0.6461, 0.6501), group(16, 0.1, 0.11))).toMatch('differ less');
    expect(rank(noisy, group(4, 0.66))).toMatch('differ less');
    expect(rank(noisy, group(4, 0.9))).toBe(1);
    expect(rank(group(4, 1), group(8, 1.01))).toBe(1);
  });

  it('has no mean if a value is missing or not finite', () => {
    const [group] = meansOverSeeds([run('a', { seed: 1 }, 1), run('b', { seed: 2 }, null)]);
    expect(group).toMatchObject({ metrics: { fid: null }, std: {} });
  });
});
