import type { DivergenceOptions } from '../age/divergences.js';
import { type FeatureExtractor, FeatureTable, splitFeatures } from '../classifiers/featureExtractor.js';
import { type ImageSource, labelsOf, type Split } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type ComparableImages, fromBytes, toBytes } from '../images/raster.js';
import { allIndices, drawnIndices, inChunks, type Progress, sampleChunks } from '../model/chunks.js';
import { conditionsIn } from '../model/imageConditions.js';
import { noiseOfSample, refineImages, type Refinement } from '../model/refinement.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { type Features, gatherRows, rowsIn } from '../numerics/features.js';
import { randomStream, shuffledIndices } from '../random.js';

export class Stopwatch {
  private readonly taken: Record<string, number> = {};

  async time<T>(phase: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.taken[phase] = (this.taken[phase] ?? 0) + (performance.now() - start) / 1000;
    }
  }

  get seconds(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.taken).map(([phase, seconds]) => [phase, Number(seconds.toFixed(1))]),
    );
  }
}

/** Codes to decode at a time. */
const CHUNK = 1000;
const MAX_TRAINING_IMAGES = 100_000;

/** Inputs of a metric. `onePass` are features of samples that are not refined, `trainingFeatures` those of all images. */
export type Need = 'codes' | 'features' | 'onePass' | 'probabilities' | 'trainingFeatures';

export type CompareImages = (reconstructions: ComparableImages, originals: ComparableImages) => Record<string, number>;

export interface EvaluationSubject extends Refinement {
  model: TrainedModel;
  source: ImageSource;
  /** The images to compare with. */
  split: 'train' | 'test';
  /** Number of samples, and maximum number of images. */
  count: number;
  /** Determines the samples, as `agenet sample --seed` does, and every other random choice. */
  seed: number;
  /** Required by metrics of features. */
  extractor?: FeatureExtractor | undefined;
  /** The divergence to report. */
  divergence: DivergenceOptions;
  compile: Compile;
  /** When aborted, the evaluation rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Receives how much of a phase, such as `images`, is done. */
  onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

/** Computes each input once. Keeps the codes and features of all images. */
export class EvaluationContext {
  readonly shape: ComparableImages['shape'];
  /** Of the images in their split. */
  readonly indices: Uint32Array;
  readonly images = once(() => this.stopwatch.time('images', () => this.scanImages()));
  /** Drawn as `agenet sample` does by default. */
  readonly samples = once(() => this.stopwatch.time('samples', () => this.scanSamples()));
  /** Of the prior, in one pass. */
  readonly priorSamples = once(() => this.stopwatch.time('prior_samples', () => this.scanPrior()));
  /** Of `count` training images, or of up to 100,000 if a metric needs all. */
  readonly trainingFeatures = once(() => this.stopwatch.time('training_features', () => this.scanTraining()));
  /** Undefined if there are fewer than 2 test images. */
  readonly testFeatures = once(() => this.scanTest());

  constructor(
    readonly subject: EvaluationSubject,
    private readonly needs: ReadonlySet<Need>,
    private readonly comparisons: readonly CompareImages[],
    private readonly stopwatch: Stopwatch,
  ) {
    this.shape = subject.model.pair.encoder.inputShape as [number, number, number];
    this.indices = drawnIndices(subject.source[subject.split], subject.count, subject.seed);
  }

  /** The classes of the images, or null if the model is not conditioned on them. */
  readonly labels = once(() => {
    const { model, source, split } = this.subject;
    return model.condition?.shape.length === 1 ? labelsOf(source[split], this.indices) : null;
  });

  /** Rows of the images whose conditions the samples have. */
  readonly sampleRows = once(() => {
    const { count, seed } = this.subject;
    const order = shuffledIndices(this.indices.length, randomStream(seed, 'conditions of samples'));
    return Uint32Array.from({ length: count }, (_, index) => order[index % order.length]!);
  });

  /** Returns conditions [n, ...shape] of images in rows, or undefined without a condition. */
  conditionsOf(rows: Uint32Array): Float32Array | undefined {
    const { model, source, split } = this.subject;
    return conditionsIn(
      model,
      source[split],
      rows.map((row) => this.indices[row]!),
    );
  }

  /**
   * Decodes codes [N, M] at a distance from codes of images.
   * @param rows of images whose conditions they have
   */
  async decodedFeatures({ data, width }: Features, distance: number, phase: string, rows: Uint32Array) {
    const count = data.length / width;
    const table = new FeatureTable(this.extractor, this.shape, count);
    for (let first = 0; first < count; first += CHUNK) {
      this.report(phase, first, count);
      const z = Float32Array.from(data.subarray(first * width, (first + CHUNK) * width));
      const y = this.conditionsOf(rows.subarray(first, first + CHUNK));
      await table.add(first, toBytes(await this.subject.model.decode({ z, y, distance })));
    }
    this.report(phase, count, count);
    return table.rows.features;
  }

  /** Of as many training images as there are samples. */
  async trainingReference() {
    const { split, count, seed } = this.subject;
    if (split === 'train') return (await this.images()).extracted!.features;
    const { features } = await this.trainingFeatures();
    return gatherRows(features, drawnIndices({ count: rowsIn(features) }, count, seed));
  }

  /** Throws if the evaluation is aborted. */
  report(phase: string, done: number, total: number) {
    this.subject.signal?.throwIfAborted();
    this.subject.onProgress?.(phase, done, total);
  }

  private reporter(phase: string): Progress {
    return (done, total) => this.report(phase, done, total);
  }

  private get extractor() {
    const { extractor } = this.subject;
    if (extractor === undefined) throw new InputError('metrics', 'a requested metric requires a feature extractor');
    return extractor;
  }

  private tableFor(rows: number) {
    const isNeeded = this.needs.has('features') || this.needs.has('trainingFeatures');
    return isNeeded ? new FeatureTable(this.extractor, this.shape, rows) : undefined;
  }

  /** Returns e(x) [N, M], and means of the similarity to reconstructions. */
  private async scanImages() {
    const { shape, indices } = this;
    const { model, source, split } = this.subject;
    const [count, width] = [indices.length, model.latentSize];
    const isCompared = this.comparisons.length > 0;
    const codes = new Float32Array(count * width);
    const features = this.tableFor(count);
    const similarity: Record<string, number> = {};
    for (const { images, first } of inChunks(source[split], model.imageElements, indices, this.reporter('images'))) {
      await features?.add(first, images);
      if (!isCompared && !this.needs.has('codes')) continue;
      const size = images.length / model.imageElements;
      const y = this.conditionsOf(allIndices(count).subarray(first, first + size));
      const chunk = await model.encode({ x: images, y });
      codes.set(chunk, first * width);
      if (!isCompared) continue;
      const reconstructions = { shape, data: await model.decode({ z: chunk, y }) };
      const originals = { shape, data: fromBytes(images) };
      const fraction = size / count;
      for (const compare of this.comparisons) {
        for (const [name, value] of Object.entries(compare(reconstructions, originals)))
          similarity[name] = (similarity[name] ?? 0) + fraction * value;
      }
    }
    return { codes: { data: codes, width }, similarity, extracted: features?.rows };
  }

  /** Returns features, and with training features bytes [N, C, H, W]. */
  private async scanSamples() {
    const { model, count, seed } = this.subject;
    const images = new Uint8Array(this.needs.has('trainingFeatures') ? count * model.imageElements : 0);
    const features = this.tableFor(count);
    if (features === undefined) return { images, extracted: undefined };
    for await (const { first, values, y } of sampleChunks(model, count, seed, this.conditions)) {
      this.report('samples', first, count);
      const noiseOf = (index: number) => noiseOfSample(seed, first + index);
      const bytes = toBytes(await refineImages(model, { x: values, y }, this.subject, noiseOf));
      if (images.length > 0) images.set(bytes, first * model.imageElements);
      await features.add(first, bytes);
    }
    this.report('samples', count, count);
    return { images, extracted: features.rows };
  }

  /** Returns z [N, M], and e(g(z)) [N, M] without rounding to bytes. */
  private async scanPrior() {
    const { count, seed } = this.subject;
    const model = this.subject.model.drawingFromPrior();
    const width = model.latentSize;
    const [codes, recovered] = [new Float32Array(count * width), new Float32Array(count * width)];
    const features = this.needs.has('onePass') ? this.tableFor(count) : undefined;
    for await (const { first, values, y, codes: drawn } of sampleChunks(model, count, seed, this.conditions)) {
      this.report('samples of the prior', first, count);
      codes.set(drawn, first * width);
      if (this.needs.has('codes')) recovered.set(await model.encodeGenerated({ x: values, y }), first * width);
      await features?.add(first, toBytes(values));
    }
    this.report('samples of the prior', count, count);
    return { codes: { data: codes, width }, recovered: { data: recovered, width }, extracted: features?.rows };
  }

  private get conditions() {
    const conditionsAt = (first: number, size: number) =>
      this.conditionsOf(this.sampleRows().subarray(first, first + size));
    return { conditionsAt, guidance: this.subject.guidance };
  }

  private async scanTraining() {
    const { source, split, count, seed } = this.subject;
    const all = this.needs.has('trainingFeatures');
    const indices = drawnIndices(source.train, all ? MAX_TRAINING_IMAGES : count, seed);
    if (split === 'train' && !all) return { features: (await this.images()).extracted!.features, indices };
    return { features: await this.extract(source.train, indices, 'training images'), indices };
  }

  private async scanTest() {
    const { source, split, count, seed } = this.subject;
    if (split === 'test') return (await this.images()).extracted!.features;
    if (source.test.count < 2) return undefined;
    const indices = drawnIndices(source.test, count, seed);
    return this.stopwatch.time('test_features', () => this.extract(source.test, indices, 'test images'));
  }

  private extract(split: Split, indices: Uint32Array, phase: string) {
    return splitFeatures(this.extractor, split, this.shape, indices, this.reporter(phase));
  }
}

/** The work is done at the first call. */
function once<T>(work: () => T): () => T {
  let result: { value: T } | undefined;
  return () => (result ??= { value: work() }).value;
}
