import type { FeatureExtractor } from '../../src/classifiers/featureExtractor.js';
import { splitInMemory, subset } from '../../src/data/source.js';
import { evaluate, type EvaluationOptions, splitDigest } from '../../src/metrics/evaluate.js';
import { Stopwatch } from '../../src/metrics/evaluationContext.js';
import { METRIC_NAMES, metricNamed, metricsIn } from '../../src/metrics/registry.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { barSource, compileOnOneThread, tinyModel } from './tinyClassifier.js';
import { errorOf, expectInputError } from '../rejection.js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

const pixels = (count: number, changed?: number) =>
  Uint8Array.from({ length: 4 * count }, (_, index) => (index === changed ? 255 : index % 200));
const digestOf = (bytes: Uint8Array, shape: [number, number, number] = [1, 2, 2], labels: Uint8Array | null = null) =>
  splitDigest(splitInMemory(bytes, 4, labels), shape);

describe('the digest of a split', () => {
  it('is the same for the same images, whatever their labels', async () => {
    expect(await digestOf(pixels(10))).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestOf(pixels(10))).toBe(await digestOf(pixels(10), [1, 2, 2], new Uint8Array(10)));
  });

  it('changes with a pixel, the number of images or their shape', async () => {
    const digests = [pixels(10), pixels(10, 39), pixels(11), pixels(9)].map((bytes) => digestOf(bytes));
    expect(new Set(await Promise.all([...digests, digestOf(pixels(10), [1, 1, 4])])).size).toBe(5);
  });

  it('covers images from all of a large split', async () => {
    expect(await digestOf(pixels(5000))).not.toBe(await digestOf(pixels(5000, 4 * 4995)));
  });
});

describe('timings', () => {
  it('are in tenths of a second, summed by name, and include failed phases', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const phases = new Stopwatch();
    const seeing = () => {
      vi.advanceTimersByTime(1020);
      return 'seen';
    };
    expect(await phases.time('images', seeing)).toBe('seen');
    await phases.time('samples', () => vi.advanceTimersByTime(250));
    await phases.time('images', () => vi.advanceTimersByTime(520));
    const failing = () => {
      vi.advanceTimersByTime(3000);
      throw new Error('no');
    };
    expect(await errorOf(() => phases.time('latent', failing))).toEqual(new Error('no'));
    expect(phases.seconds).toEqual({ images: 1.5, samples: 0.3, latent: 3 });
  });
});

const IMAGE_SIZE = 32 * 32;

/** Features are the means of both halves of an image; probabilities those of two classes. */
const extractor: FeatureExtractor = {
  name: 'halves',
  width: 2,
  extract: ({ data }) => {
    const half = IMAGE_SIZE / 2;
    const rows = Array.from({ length: data.length / half }, (_, row) =>
      data.subarray(row * half, (row + 1) * half).reduce((sum, value) => sum + value, 0),
    );
    const features = Float32Array.from(rows, (sum) => sum / half / 255);
    const probabilities = Float32Array.from(
      rows,
      (sum, row) => sum / (rows[row - (row % 2)]! + rows[row - (row % 2) + 1]!),
    );
    return Promise.resolve({
      features: { data: features, width: 2 },
      probabilities: { data: probabilities, width: 2 },
    });
  },
  release: () => Promise.resolve(),
};

const source = barSource(40, 30);
const divergence = { divergence: 'qp', moment: 'std', reduction: 'mean' } as const;

describe('evaluate', () => {
  let options: Omit<EvaluationOptions, 'metrics'>;
  beforeAll(() => {
    options = {
      model: tinyModel().model,
      source,
      split: 'test',
      count: 20,
      seed: 0,
      extractor,
      divergence,
      compile: compileOnOneThread,
    };
  });
  afterAll(() => options.model.release());
  const scores = async (metrics: readonly string[], changes: Partial<EvaluationOptions> = {}) =>
    evaluate({ ...options, ...changes, metrics: new Set(metrics) });

  it('returns every metric of the catalog, all finite, with the protocol', async () => {
    const { metrics, protocol, details, grids } = await scores(METRIC_NAMES.filter((name) => name !== 'psnr'));
    // 20 rows are a single subset, which has no standard deviation.
    expect(Object.keys(metrics).sort()).toEqual(
      METRIC_NAMES.filter((name) => !/^(?:psnr|kid_std|(?:condition|attributes?|completion)_.*)$/u.test(name)).sort(),
    );
    for (const [name, value] of Object.entries(metrics)) expect(Number.isFinite(value), name).toBe(true);
    for (const { dependsOn } of METRIC_NAMES.filter((name) => name in metrics).map((name) => metricNamed(name)!)) {
      for (const { name, key } of dependsOn) expect(key(protocol), name).toBeDefined();
    }
    expect(protocol).toMatchObject({
      images: 20,
      samples: 20,
      train_test_reference: { images: [20, 20], metrics: { fid: expect.any(Number) as number } },
    });
    expect(Object.keys(details)).toEqual(['moments']);
    expect(grids.nearest!.images.count).toBe(20 * 6);
  });

  it('returns the same value for a metric alone as for all together', async () => {
    const all = await scores(METRIC_NAMES);
    for (const name of [
      'reconstruction_l1',
      'fid',
      'coverage',
      'inception_score',
      'latent_cosine',
      'divergence_gap_fake',
      'memorization_ratio',
    ]) {
      expect((await scores([name])).metrics).toEqual({ [name]: all.metrics[name] });
    }
  });

  it('refines samples before it compares them, but not those whose codes it compares', async () => {
    const names = ['fid', 'latent_cosine', 'divergence_gap_fake', 'reconstruction_l1'];
    const [plain, refined] = [await scores(names, { refine: 0 }), await scores(names)];
    expect(refined.protocol).toMatchObject({ refine: 1 });
    expect(refined.protocol).not.toHaveProperty('refine_noise');
    expect(refined.metrics.fid).not.toBe(plain.metrics.fid);
    expect({ ...refined.metrics, fid: 0 }).toEqual({ ...plain.metrics, fid: 0 });
    const noisy = await scores(['fid'], { refineNoise: 0.5 });
    expect(noisy.protocol).toMatchObject({ refine: 1, refine_noise: 0.5 });
    expect(noisy.metrics.fid).not.toBe(refined.metrics.fid);
    await expect(scores(['fid'], { refine: 0, refineNoise: 0.5 })).rejects.toThrow('has no effect with refine 0');
  });

  it('also compares samples of one pass', async () => {
    const { fid, precision, recall } = (await scores(['fid', 'precision', 'recall'], { refine: 0 })).metrics;
    const ofOnePass = ['fid_one_pass', 'precision_one_pass', 'recall_one_pass'];
    const { metrics } = await scores(['fid', ...ofOnePass], { refine: 2 });
    expect(ofOnePass.map((name) => metrics[name])).toEqual([fid, precision, recall]);
    expect(metrics.fid).not.toBe(fid);
  });

  it('draws no samples for reconstruction metrics alone', async () => {
    const { protocol, timings } = await scores(['ssim']);
    expect(protocol).toMatchObject({ samples: 0 });
    expect(protocol).not.toHaveProperty('extractor');
    expect(Object.keys(timings)).toEqual(['images']);
  });

  it('reports the progress of each phase up to its end, and stops when it is aborted', async () => {
    const steps: (readonly [string, number, number])[] = [];
    await scores(['psnr', 'memorization_ratio', 'latent_cosine'], { onProgress: (...step) => steps.push(step) });
    expect(steps.filter(([, done, total]) => done === total)).toEqual([
      ['images', 20, 20],
      ['samples of the prior', 20, 20],
      ['samples', 20, 20],
      ['training images', 40, 40],
      ['metrics', 3, 3],
    ]);
    expect(steps.filter(([phase]) => phase === 'metrics').map(([, done]) => done)).toEqual([0, 1, 2, 3]);
    expect(await errorOf(() => scores(['psnr'], { signal: AbortSignal.abort('stop') }))).toBe('stop');
  });

  it('compares with training images on request', async () => {
    const { metrics } = await scores(['memorization_ratio', 'fid'], { split: 'train' });
    expect(metrics.memorization_ratio).toBeGreaterThan(0);
    expect((await scores(['fid'], { split: 'train' })).metrics.fid).toBe(metrics.fid);
  });

  it('omits metrics that the prior or divergence does not support', async () => {
    const { model, weights } = tinyModel();
    const normal = TrainedModel.of(model.pair, 'normal', weights, compileOnOneThread);
    const latent = metricsIn('latent');
    const { metrics } = await scores(
      latent.map(({ name }) => name),
      { model: normal, divergence: { ...divergence, divergence: 'nearest' } },
    );
    const defined = latent.filter(
      ({ isDefinedFor }) => isDefinedFor?.({ prior: 'normal', divergence: 'nearest' }) ?? true,
    );
    expect(Object.keys(metrics).sort()).toEqual(defined.map(({ name }) => name).sort());
    await normal.release();
  });

  it('rejects too few images to compare, and a missing extractor', async () => {
    await expectInputError(() => scores(['psnr'], { count: 1 }), 'count', 'at least 2');
    await expectInputError(
      () => scores(['psnr'], { source: { ...source, test: subset(source.test, Uint32Array.of(0)) } }),
      '1 images',
      'at least 2',
    );
    await expectInputError(() => scores(['fid'], { extractor: undefined }), 'feature extractor');
  });
});
