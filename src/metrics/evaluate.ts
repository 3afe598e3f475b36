import { gatherImages, type Split } from '../data/source.js';
import { sizeOf } from '../engine/index.js';
import { InputError } from '../errors.js';
import type { ComparableImages } from '../images/raster.js';
import { EvaluationContext, type EvaluationSubject, Stopwatch } from './evaluationContext.js';
import { requireGuidance } from '../model/guidance.js';
import { passesOf, requirePasses } from '../model/refinement.js';
import type { FeatureEntry, MetricResult } from './metric.js';
import { rowsIn } from '../numerics/features.js';
import { METRIC_ENTRIES, needsFor, usesFeatures } from './registry.js';

/** Evenly spaced. */
const HASHED_IMAGES = 1000;

/** Returns the SHA-256, in hexadecimal, of the shape and number of images and of up to 1,000 of them. */
export async function splitDigest(split: Split, shape: ComparableImages['shape']): Promise<string> {
  const imageBytes = sizeOf(shape);
  const hashed = Math.min(HASHED_IMAGES, split.count);
  const indices = Array.from({ length: hashed }, (_, index) => Math.floor((index * split.count) / hashed));
  const header = new TextEncoder().encode(JSON.stringify({ shape, count: split.count }));
  const bytes = new Uint8Array(header.length + hashed * imageBytes);
  bytes.set(header);
  gatherImages(split, indices, imageBytes, bytes.subarray(header.length));
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface EvaluationOptions extends EvaluationSubject {
  /** Names of metrics, see `parseMetrics`. */
  metrics: ReadonlySet<string>;
}

export interface Evaluation extends Required<MetricResult> {
  /** Seconds per phase. */
  timings: Record<string, number>;
}

/**
 * Evaluates a model by the given metrics. Samples are those that `agenet sample` writes for the same count and seed.
 * @throws {InputError} if there are too few images or samples, or a metric of features lacks an extractor
 */
export async function evaluate({ metrics, ...subject }: EvaluationOptions): Promise<Evaluation> {
  const { source, count, seed } = subject;
  const available = source[subject.split].count;
  if (available < 2)
    throw new InputError(
      source.name,
      `the ${subject.split} split has ${available} images, but at least 2 are required`,
    );
  requirePasses(subject);
  requireGuidance(subject.model, true, subject.guidance);
  if (count < 2) throw new InputError('count', `expected at least 2 samples but got ${count}`);
  const entries = METRIC_ENTRIES.filter((entry) => entry.metrics.some(({ name }) => metrics.has(name)));
  const needs = needsFor(metrics);
  const stopwatch = new Stopwatch();
  const comparisons = entries.flatMap((entry) => ('compareImages' in entry ? [entry.compareImages] : []));
  const context = new EvaluationContext(subject, needs, comparisons, stopwatch);
  const images = await context.images();
  if (needs.has('codes') || needs.has('onePass')) await context.priorSamples();
  if (needs.size > 0) await context.samples();
  const results: MetricResult[] = [{ metrics: images.similarity, protocol: await protocolOf(context, metrics) }];
  for (const [index, entry] of entries.entries()) {
    context.report('metrics', index, entries.length);
    const name = entry.metrics[0]!.name;
    if ('compareFeatures' in entry) {
      const [real, generated] = [images.extracted!.features, (await context.samples()).extracted!.features];
      results.push(await stopwatch.time(name, () => entry.compareFeatures(real, generated, seed)));
    } else if ('compute' in entry) results.push(await stopwatch.time(name, () => entry.compute(context)));
  }
  const compared = entries.flatMap((entry) =>
    'compareFeatures' in entry && entry.hasReference ? entry.compareFeatures : [],
  );
  results.push(...(await trainTestReference(context, compared, metrics, stopwatch)));
  context.report('metrics', entries.length, entries.length);
  return { ...merged(results, metrics), timings: stopwatch.seconds };
}

function merged(results: readonly MetricResult[], wanted: ReadonlySet<string>) {
  const all = <Key extends keyof MetricResult>(key: Key) =>
    Object.assign({}, ...results.map((result) => result[key])) as NonNullable<MetricResult[Key]>;
  const metrics = Object.fromEntries(Object.entries(all('metrics')).filter(([name]) => wanted.has(name)));
  return { metrics, protocol: all('protocol'), details: all('details'), grids: all('grids') };
}

async function protocolOf({ subject, shape, indices }: EvaluationContext, metrics: ReadonlySet<string>) {
  const { model, source, split, count, seed, refineNoise = 0, guidance = 1, extractor } = subject;
  const digests: Record<string, string> = {};
  for (const name of ['train', 'test'] as const)
    if (source[name].count > 0) digests[name] = await splitDigest(source[name], shape);
  return {
    data: source.name,
    size: source.size,
    channels: source.channels,
    split,
    digests,
    images: indices.length,
    samples: needsFor(metrics).size > 0 ? count : 0,
    seed,
    drawn_from: model.density ? 'density' : 'prior',
    refine: passesOf(model, subject),
    ...(refineNoise > 0 && { refine_noise: refineNoise }),
    ...(guidance !== 1 && { guidance }),
    codes: { prior: model.prior, latent: model.latentSize },
    ...(extractor &&
      Array.from(metrics).some(usesFeatures) && {
        extractor: {
          name: extractor.name,
          digest: extractor.digest ?? null,
          features: extractor.width,
          test_accuracy: extractor.testAccuracy ?? null,
        },
      }),
  };
}

/** Even perfect samples rarely fall below the distances between training and test images. */
async function trainTestReference(
  context: EvaluationContext,
  comparisons: readonly FeatureEntry['compareFeatures'][],
  wanted: ReadonlySet<string>,
  stopwatch: Stopwatch,
) {
  if (comparisons.length === 0) return [];
  const [training, test] = [await context.trainingReference(), await context.testFeatures()];
  if (test === undefined) return [];
  const images = [training, test].map(rowsIn);
  const results = await stopwatch.time('train_test_reference', () =>
    comparisons.map((compare) => compare(training, test, context.subject.seed)),
  );
  const { metrics, protocol } = merged(results, wanted);
  return [{ metrics: {}, protocol: { train_test_reference: { images, metrics, ...protocol } } }];
}
