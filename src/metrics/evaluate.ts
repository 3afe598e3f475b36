import { gatherImages, type ImageSource, type Split } from '../data/source.js';
import { InputError } from '../errors.js';
import type { ComparableImages } from '../images/raster.js';
import { EvaluationContext, type EvaluationSubject, Stopwatch } from './evaluationContext.js';
import type { FeatureEntry, GridImages, MetricResult } from './metric.js';
import { rowsIn } from '../numerics/features.js';
import { METRIC_ENTRIES, needsFor, usesFeatures } from './registry.js';

/** Evenly spaced images of a split whose bytes distinguish data sets. */
const HASHED_IMAGES = 1000;

/** Returns SHA-256 in hexadecimal of the shape and number of a split's images, and of the bytes of up to 1,000 of them. */
export async function splitDigest(split: Split, shape: ComparableImages['shape']): Promise<string> {
  const imageBytes = shape.reduce((product, size) => product * size, 1);
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
  readonly metrics: ReadonlySet<string>;
}

export interface Evaluation {
  /** Values by name: the requested metrics that the model and the extractor support. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Conditions besides the model that the values depend on. */
  readonly protocol: Readonly<Record<string, unknown>>;
  /** Further results, such as the moments of each coordinate of the codes. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Grids of images by the name of their files, such as samples next to their nearest training images. */
  readonly grids: Readonly<Record<string, GridImages>>;
  /** Seconds per phase of the work. */
  readonly timings: Readonly<Record<string, number>>;
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
  if (count < 2) throw new InputError('count', `expected at least 2 samples but got ${count}`);
  const entries = METRIC_ENTRIES.filter((entry) => entry.metrics.some(({ name }) => metrics.has(name)));
  const needs = needsFor(metrics);
  const stopwatch = new Stopwatch();
  const comparisons = entries.flatMap((entry) => ('compareImages' in entry ? [entry.compareImages] : []));
  const context = new EvaluationContext(subject, needs, comparisons, stopwatch);
  const images = await context.images();
  if (needs.size > 0) await context.samples();
  const results: MetricResult[] = [
    { metrics: images.similarity, protocol: await protocolOf(context, needs.size > 0) },
    ...(Array.from(metrics).some(usesFeatures) ? [{ metrics: {}, protocol: extractorProtocol(subject) }] : []),
  ];
  for (const [index, entry] of entries.entries()) {
    context.report('metrics', index, entries.length);
    const name = entry.metrics[0]!.name;
    if ('compareFeatures' in entry) {
      const generated = (await context.samples()).extracted!.features;
      results.push(
        await stopwatch.time(name, () => entry.compareFeatures(images.extracted!.features, generated, seed)),
      );
    } else if ('compute' in entry) results.push(await stopwatch.time(name, () => entry.compute(context)));
  }
  const reference = await trainTestReference(
    context,
    entries.filter((entry) => 'compareFeatures' in entry && entry.hasReference) as FeatureEntry[],
    metrics,
    stopwatch,
  );
  context.report('metrics', entries.length, entries.length);
  return { ...merged([...results, ...reference], metrics), timings: stopwatch.seconds };
}

function merged(results: readonly MetricResult[], wanted: ReadonlySet<string>): Omit<Evaluation, 'timings'> {
  const all = <Key extends keyof MetricResult>(key: Key) =>
    Object.assign({}, ...results.map((result) => result[key])) as NonNullable<MetricResult[Key]>;
  const metrics = Object.fromEntries(Object.entries(all('metrics')).filter(([name]) => wanted.has(name)));
  return { metrics, protocol: all('protocol'), details: all('details'), grids: all('grids') };
}

async function protocolOf({ subject, shape, indices }: EvaluationContext, isSampled: boolean) {
  const { model, source, split, count, seed } = subject;
  return {
    data: source.name,
    size: source.size,
    channels: source.channels,
    split,
    digests: await splitDigests(source, shape),
    images: indices.length,
    samples: isSampled ? count : 0,
    seed,
    codes: { prior: model.prior, latent: model.latentSize },
  };
}

/** An empty split has no digest. */
async function splitDigests({ train, test }: ImageSource, shape: ComparableImages['shape']) {
  const digests: Record<string, string> = {};
  for (const [name, split] of Object.entries({ train, test }))
    if (split.count > 0) digests[name] = await splitDigest(split, shape);
  return digests;
}

const extractorProtocol = ({ extractor }: EvaluationSubject) => ({
  extractor: {
    name: extractor!.name,
    digest: extractor!.digest ?? null,
    features: extractor!.width,
    test_accuracy: extractor!.testAccuracy ?? null,
  },
});

/** Returns distances between training and test images, a reference that even perfect samples rarely fall below. */
async function trainTestReference(
  context: EvaluationContext,
  entries: readonly FeatureEntry[],
  wanted: ReadonlySet<string>,
  stopwatch: Stopwatch,
): Promise<MetricResult[]> {
  if (entries.length === 0) return [];
  const [training, test] = [await context.trainingReference(), await context.testFeatures()];
  if (test === undefined) return [];
  const images = [training, test].map(rowsIn);
  const results = await stopwatch.time('train_test_reference', () =>
    entries.map((entry) => entry.compareFeatures(training, test, context.subject.seed)),
  );
  const { metrics, protocol } = merged(results, wanted);
  return [{ metrics: {}, protocol: { train_test_reference: { images, metrics, ...protocol } } }];
}
