import { describe, expect, it } from 'vitest';
import { METRIC_GROUPS } from '../../src/metrics/metric.js';
import {
  betterDirection,
  METRIC_ENTRIES,
  METRIC_NAMES,
  metricsIn,
  needsFor,
  parseMetrics,
  usesFeatures,
  usesProbabilities,
} from '../../src/metrics/registry.js';
import { expectInputError } from '../rejection.js';

describe('the metric catalog', () => {
  it('contains every metric once, in snake_case, and no empty group', () => {
    expect(new Set(METRIC_NAMES).size).toBe(METRIC_NAMES.length);
    for (const name of METRIC_NAMES) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    for (const group of METRIC_GROUPS) expect(metricsIn(group), group).not.toEqual([]);
    expect(METRIC_ENTRIES.flatMap(({ metrics }) => metrics)).toHaveLength(METRIC_NAMES.length);
  });

  it('states the direction of every metric', () => {
    expect(['psnr', 'fid', 'kid_std'].map(betterDirection)).toEqual(['higher', 'lower', undefined]);
    expect(betterDirection('no_such_metric')).toBeUndefined();
  });

  it('states the requirements of metrics', () => {
    expect(needsFor(new Set(['psnr', 'ssim']))).toEqual(new Set());
    expect(needsFor(new Set(['psnr', 'fid', 'latent_cosine']))).toEqual(new Set(['features', 'codes']));
    expect(needsFor(new Set(['memorization_ratio']))).toEqual(new Set(['trainingFeatures']));
    expect(METRIC_NAMES.filter(usesProbabilities)).toEqual([
      'condition_accuracy',
      'inception_score',
      'inception_score_std',
    ]);
    expect(METRIC_NAMES.filter(usesFeatures)).toEqual(
      [...metricsIn('samples'), ...metricsIn('memorization')].map(({ name }) => name),
    );
  });
});

describe('a list of metrics', () => {
  it('may contain metrics and groups', () => {
    expect(parseMetrics(['fid', 'reconstruction'])).toEqual(
      new Set(['fid', ...metricsIn('reconstruction').map(({ name }) => name)]),
    );
  });

  it('is rejected if it is empty or contains an unknown name', async () => {
    await expectInputError(() => parseMetrics([]), 'empty');
    await expectInputError(() => parseMetrics(['fdi']), '"fdi"', 'did you mean fid');
  });
});
