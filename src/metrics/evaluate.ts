import type { DivergenceOptions } from '../age/objective.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type ImageScan, scanImages, scanSamples, type SampleScan, shapeOf } from './evaluationPasses.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { FeatureTable, splitFeatures } from './featureTable.js';
import { type Features, gatherRows } from '../numerics/features.js';
import type { ComparableImages } from '../images/raster.js';
import { drawnIndices } from '../model/imageChunks.js';
import { type CodeMoments, meanCosineWith, medianNearest, NEAREST_CODES, scoreCodes } from './latentScores.js';
import { MEMORIZATION_ROWS, memorization } from './memorization.js';
import { FEATURE_GROUPS, groupOf, type MetricGroup } from './metricNames.js';
import { type NearestSheet, nearestSheet } from './nearestSheet.js';
import { splitDigest } from './splitDigest.js';
import { Stopwatch } from './stopwatch.js';
import { distancesOf, type SampleScoreOptions, scoreSamples, type SetDistances } from './sampleScores.js';

/** Training images among which the nearest are sought. */
const MOST_TRAINING_IMAGES = 100_000;

export interface EvaluationOptions {
  readonly model: TrainedModel;
  readonly source: ImageSource;
  /** Which images are compared with. */
  readonly split: 'train' | 'test';
  /** Samples, and images where there are as many. */
  readonly count: number;
  /** Determines the samples, as `agenet sample --seed` does, and every other draw. */
  readonly seed: number;
  /** Names of metrics, see `parseMetrics`. */
  readonly metrics: ReadonlySet<string>;
  /** Needed for metrics of the groups `samples` and `memorization`. */
  readonly extractor?: FeatureExtractor | undefined;
  /** The divergence that is reported. */
  readonly divergence: DivergenceOptions;
  readonly compile: Compile;
  /** Ends the evaluation early, which then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Evaluation {
  /** Figures by name: those that were asked for and that the model and the extractor have. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Everything beside the model that the figures depend on. */
  readonly protocol: Readonly<Record<string, unknown>>;
  /** Moments of each coordinate of e(x) and of e(g(z)). */
  readonly moments?: { readonly real: CodeMoments; readonly fake: CodeMoments };
  /** Samples that come nearest to training images, with these. */
  readonly nearest?: NearestSheet;
  /** Seconds that each part of the work took. */
  readonly phases: Readonly<Record<string, number>>;
}

/** A part of the figures, with its part of the protocol. */
type Part = Pick<Evaluation, 'metrics' | 'protocol' | 'moments' | 'nearest'>;

/**
 * Judges a model: reconstructions, samples against images in feature space, codes of both against the prior, nearness of samples to
 * training images. Samples are those that `sample` writes for the same count and seed.
 * @throws InputError for too few images or samples, and for metrics of features without an extractor
 */
export async function evaluate(options: EvaluationOptions): Promise<Evaluation> {
  const { model, source, extractor, metrics, count, seed, signal } = options;
  const groups = new Set(Array.from(metrics, groupOf));
  const split = source[options.split];
  if (split.count < 2) throw new InputError(`${source.name}: the ${options.split} part has ${split.count} images, but at least 2 are needed`);
  if (count < 2) throw new InputError(`count: ${count} samples are too few, at least 2 are needed`);
  const usesFeatures = FEATURE_GROUPS.some((group) => groups.has(group));
  if (usesFeatures && extractor === undefined) throw new InputError('metrics of samples and memorization need a feature extractor');

  const indices = drawnIndices(split, count, seed);
  const tableFor = (rows: number) => (usesFeatures ? new FeatureTable(extractor!, shapeOf(model), rows) : undefined);
  const phases = new Stopwatch();
  const reconstruct = groups.has('reconstruction');
  const images = await phases.time('images', () => scanImages(model, split, indices, { reconstruct, features: tableFor(indices.length), signal }));
  const isSampled = usesFeatures || groups.has('latent');
  const drawSamples = () => scanSamples(model, count, seed, { features: tableFor(count), signal });
  const samples = isSampled ? await phases.time('samples', drawSamples) : undefined;
  const parts: Part[] = [
    {
      metrics: images.reconstruction,
      protocol: {
        data: source.name,
        size: source.size,
        channels: source.channels,
        split: options.split,
        digests: await digestsOf(source, shapeOf(model)),
        images: indices.length,
        samples: samples ? count : 0,
        seed,
      },
    },
    ...(groups.has('latent') ? [await phases.time('latent', () => latentMetrics(options, images, samples!))] : []),
    ...(usesFeatures ? [await featureMetrics(options, extractor!, groups, images, samples!, phases)] : []),
  ];
  const { metrics: found, ...rest } = parts.reduce((all, part) => ({
    ...all,
    ...part,
    metrics: { ...all.metrics, ...part.metrics },
    protocol: { ...all.protocol, ...part.protocol },
  }));
  return { metrics: Object.fromEntries(Object.entries(found).filter(([name]) => metrics.has(name))), ...rest, phases: phases.seconds };
}

/** Digests of the images of both splits; none of a split without images. */
async function digestsOf({ train, test }: ImageSource, shape: ComparableImages['shape']): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [name, split] of Object.entries({ train, test })) if (split.count > 0) digests[name] = await splitDigest(split, shape);
  return digests;
}

async function latentMetrics({ model, divergence, compile, count }: EvaluationOptions, images: ImageScan, samples: SampleScan): Promise<Part> {
  const width = model.latentSize;
  const real = await scoreCodes({ data: images.codes, width }, model.prior, divergence, compile);
  const fake = await scoreCodes({ data: samples.recovered, width }, model.prior, divergence, compile);
  return {
    metrics: {
      latent_cosine: meanCosineWith(samples.codes, samples.recovered, width),
      ...named(real.metrics, 'real'),
      ...named(fake.metrics, 'fake'),
      ...(model.prior === 'sphere' ? { nearest_code_prior: medianNearest({ data: samples.codes, width }) } : {}),
    },
    protocol: { codes: { prior: model.prior, latent: width }, divergence, nearest_codes: Math.min(NEAREST_CODES, count) },
    moments: { real: real.moments, fake: fake.moments },
  };
}

const named = (metrics: Readonly<Record<string, number>>, suffix: string): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${name}_${suffix}`, value]));

async function featureMetrics(
  options: EvaluationOptions,
  extractor: FeatureExtractor,
  groups: ReadonlySet<MetricGroup>,
  images: ImageScan,
  samples: SampleScan,
  phases: Stopwatch,
): Promise<Part> {
  const { source, seed, metrics, model } = options;
  const shape = shapeOf(model);
  const real = images.extracted!.features;
  const { test, train, places } = await phases.time('training images', () => trainAndTestFeatures(options, extractor, real, groups.has('memorization')));
  const found: Record<string, number> = {};
  const protocol: Record<string, unknown> = {
    extractor: { name: extractor.name, digest: extractor.digest ?? null, features: extractor.width, test_accuracy: extractor.testAccuracy ?? null },
  };
  if (groups.has('samples')) {
    const scores = await phases.time('distances', () => scoreSamples(real, samples.extracted!, { seed, metrics }));
    Object.assign(found, scores.metrics);
    if (scores.subsets) protocol.kid = subsetProtocol(scores.subsets);
    protocol.manifold = { k: scores.k, images: scores.manifoldRows[0], samples: scores.manifoldRows[1] };
    const training = options.split === 'train' ? real : gatherRows(train, drawnIndices({ count: rowsOf(train) }, options.count, seed));
    if (test) protocol.floors = await phases.time('floors', () => floorsBetween(training, test, { seed, metrics }));
  }
  if (!groups.has('memorization') || test === undefined) return { metrics: found, protocol };
  const near = await phases.time('memorization', () => memorization(samples.extracted!.features, test, train));
  found.memorization_ratio = near.ratio;
  protocol.memorization = { samples: near.distances.length, held_out: Math.min(MEMORIZATION_ROWS, rowsOf(test)), training: rowsOf(train) };
  return { metrics: found, protocol, nearest: nearestSheet(near, samples.images, source.train, places, shape) };
}

/** FID and KID between training and test images: what even perfect samples could hardly undercut. */
function floorsBetween(training: Features, test: Features, options: SampleScoreOptions): Record<string, unknown> {
  const { metrics, subsets } = distancesOf(training, test, options);
  const kid = subsets ? { kid_subsets: subsetProtocol(subsets) } : {};
  return { between: 'train and test images', images: [rowsOf(training), rowsOf(test)], ...metrics, ...kid };
}

const subsetProtocol = ({ subsets, subsetSize }: NonNullable<SetDistances['subsets']>) => ({ subsets, subset_size: subsetSize });

/** Features of training and test images, drawn from the part that is not compared with; all training images where neighbours are sought. */
async function trainAndTestFeatures(
  { source, split, count, seed, model }: EvaluationOptions,
  extractor: FeatureExtractor,
  real: Features,
  all: boolean,
): Promise<{ readonly test: Features | undefined; readonly train: Features; readonly places: Uint32Array }> {
  const shape = shapeOf(model);
  const places = drawnIndices(source.train, all ? MOST_TRAINING_IMAGES : count, seed);
  const train = split === 'train' && !all ? real : await splitFeatures(extractor, source.train, shape, places);
  if (split === 'test') return { test: real, train, places };
  const test = source.test.count < 2 ? undefined : await splitFeatures(extractor, source.test, shape, drawnIndices(source.test, count, seed));
  return { test, train, places };
}

const rowsOf = ({ data, width }: Features): number => data.length / width;
