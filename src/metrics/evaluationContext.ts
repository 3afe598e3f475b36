import type { DivergenceOptions } from '../age/divergences.js';
import {
  type ExtractedFeatures,
  type FeatureExtractor,
  FeatureTable,
  splitFeatures,
} from '../classifiers/featureExtractor.js';
import type { ImageSource, Split } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type ComparableImages, fromBytes, toBytes } from '../images/raster.js';
import { drawnIndices, inChunks, sampleChunks } from '../model/chunks.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { type Features, gatherRows, rowsIn } from '../numerics/features.js';

export class Stopwatch {
  private readonly taken: Record<string, number> = {};

  /** Adds the time of the work to a phase. */
  async time<T>(phase: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.taken[phase] = (this.taken[phase] ?? 0) + (performance.now() - start) / 1000;
    }
  }

  /** Seconds per phase, in the order in which they ended, to a tenth. */
  get seconds(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      Object.entries(this.taken).map(([phase, seconds]) => [phase, Math.round(10 * seconds) / 10]),
    );
  }
}

/** Codes to decode at a time. */
const CHUNK = 1000;

/** Maximum number of training images whose features are kept. */
const MAX_TRAINING_IMAGES = 100_000;

/** Inputs of a metric: codes, features or class probabilities of images and samples; or features of all training images, and the samples. */
export type Need = 'codes' | 'features' | 'probabilities' | 'trainingFeatures';

/** Returns means over some images by name. */
export type CompareImages = (
  reconstructions: ComparableImages,
  originals: ComparableImages,
) => Readonly<Record<string, number>>;

export interface EvaluationSubject {
  readonly model: TrainedModel;
  readonly source: ImageSource;
  /** The images to compare with. */
  readonly split: 'train' | 'test';
  /** Number of samples, and maximum number of images. */
  readonly count: number;
  /** Determines the samples, as `agenet sample --seed` does, and every other random choice. */
  readonly seed: number;
  /** Required by metrics of features. */
  readonly extractor?: FeatureExtractor | undefined;
  /** The divergence to report. */
  readonly divergence: DivergenceOptions;
  readonly compile: Compile;
  /** When aborted, the evaluation rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receives how much of a phase is done, such as `images`, and for `metrics` how many metrics are computed. */
  readonly onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

interface ImagePass {
  /** e(x) [N, M]. */
  readonly codes: Features;
  /** Means over the images. */
  readonly similarity: Readonly<Record<string, number>>;
  readonly extracted: ExtractedFeatures | undefined;
}

interface SamplePass {
  /** z [N, M]. */
  readonly codes: Features;
  /** e(g(z)) [N, M], without rounding g(z) to bytes. */
  readonly recovered: Features;
  /** g(z) as bytes [N, C, H, W]; empty unless a metric of training features needs them. */
  readonly images: Uint8Array;
  readonly extracted: ExtractedFeatures | undefined;
}

interface TrainingFeatures {
  readonly features: Features;
  /** Of the images in their split. */
  readonly indices: Uint32Array;
}

/** Computes the inputs of metrics, each once on first use. Keeps the codes and features of all images. */
export class EvaluationContext {
  readonly shape: ComparableImages['shape'];
  /** Indices of the images in their split. */
  readonly indices: Uint32Array;
  readonly images = once(() => this.stopwatch.time('images', () => this.scanImages()));
  readonly samples = once(() => this.stopwatch.time('samples', () => this.scanSamples()));
  /** Returns features of `count` training images, or of up to 100,000 if a metric needs all of them. */
  readonly trainingFeatures = once(() => this.stopwatch.time('training_features', () => this.scanTraining()));
  /** Returns features of test images; undefined if there are fewer than 2. */
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

  /** Returns features of decoded codes [N, M], at a distance from codes of images. */
  async decodedFeatures({ data, width }: Features, distance: number, phase: string): Promise<Features> {
    const count = data.length / width;
    const table = new FeatureTable(this.extractor, this.shape, count);
    for (let first = 0; first < count; first += CHUNK) {
      this.report(phase, first, count);
      const z = Float32Array.from(data.subarray(first * width, (first + CHUNK) * width));
      await table.add(first, toBytes(await this.subject.model.decode({ z, distance })));
    }
    this.report(phase, count, count);
    return table.rows.features;
  }

  /** Returns features of N training images, where N is the number of samples. */
  async trainingReference(): Promise<Features> {
    const { split, count, seed } = this.subject;
    if (split === 'train') return (await this.images()).extracted!.features;
    const { features } = await this.trainingFeatures();
    return gatherRows(features, drawnIndices({ count: rowsIn(features) }, count, seed));
  }

  /** Reports progress. Ends the evaluation if it is aborted. */
  report(phase: string, done: number, total: number): void {
    this.subject.signal?.throwIfAborted();
    this.subject.onProgress?.(phase, done, total);
  }

  private get extractor(): FeatureExtractor {
    if (this.subject.extractor === undefined)
      throw new InputError('metrics', 'a requested metric requires a feature extractor');
    return this.subject.extractor;
  }

  private tableFor(rows: number): FeatureTable | undefined {
    return this.needs.has('features') || this.needs.has('trainingFeatures')
      ? new FeatureTable(this.extractor, this.shape, rows)
      : undefined;
  }

  private async scanImages(): Promise<ImagePass> {
    const { shape, indices } = this;
    const { model, source, split } = this.subject;
    const reconstruct = this.comparisons.length > 0;
    const codes = new Float32Array(indices.length * model.latentSize);
    const features = this.tableFor(indices.length);
    const similarity: Record<string, number> = {};
    for (const { images, first } of inChunks(source[split], model.imageElements, indices)) {
      this.report('images', first, indices.length);
      await features?.add(first, images);
      if (!reconstruct && !this.needs.has('codes')) continue;
      const chunk = await model.encode({ x: images });
      codes.set(chunk, first * model.latentSize);
      if (!reconstruct) continue;
      const reconstructions = { shape, data: await model.decode({ z: chunk }) };
      const originals = { shape, data: fromBytes(images) };
      const fraction = images.length / model.imageElements / indices.length;
      for (const compare of this.comparisons) {
        for (const [name, value] of Object.entries(compare(reconstructions, originals)))
          similarity[name] = (similarity[name] ?? 0) + fraction * value;
      }
    }
    this.report('images', indices.length, indices.length);
    return { codes: { data: codes, width: model.latentSize }, similarity, extracted: features?.rows };
  }

  private async scanSamples(): Promise<SamplePass> {
    const { model, count, seed } = this.subject;
    const width = model.latentSize;
    const [codes, recovered] = [new Float32Array(count * width), new Float32Array(count * width)];
    const kept = new Uint8Array(this.needs.has('trainingFeatures') ? count * model.imageElements : 0);
    const features = this.tableFor(count);
    for await (const chunk of sampleChunks(model, count, seed)) {
      this.report('samples', chunk.first, count);
      codes.set(chunk.codes, chunk.first * width);
      if (this.needs.has('codes')) recovered.set(await model.encodeGenerated({ x: chunk.values }), chunk.first * width);
      if (features === undefined) continue;
      const bytes = toBytes(chunk.values);
      if (kept.length > 0) kept.set(bytes, chunk.first * model.imageElements);
      await features.add(chunk.first, bytes);
    }
    this.report('samples', count, count);
    const [z, ofSamples] = [codes, recovered].map((data) => ({ data, width })) as [Features, Features];
    return { codes: z, recovered: ofSamples, images: kept, extracted: features?.rows };
  }

  private async scanTraining(): Promise<TrainingFeatures> {
    const { source, split, count, seed } = this.subject;
    const all = this.needs.has('trainingFeatures');
    const indices = drawnIndices(source.train, all ? MAX_TRAINING_IMAGES : count, seed);
    if (split === 'train' && !all) return { features: (await this.images()).extracted!.features, indices };
    return { features: await this.extract(source.train, indices, 'training images'), indices };
  }

  private async scanTest(): Promise<Features | undefined> {
    const { source, split, count, seed } = this.subject;
    if (split === 'test') return (await this.images()).extracted!.features;
    if (source.test.count < 2) return undefined;
    const indices = drawnIndices(source.test, count, seed);
    return this.stopwatch.time('test_features', () => this.extract(source.test, indices, 'test images'));
  }

  private extract(split: Split, indices: Uint32Array, phase: string): Promise<Features> {
    const onProgress = (done: number, total: number) => this.report(phase, done, total);
    return splitFeatures(this.extractor, split, this.shape, indices, onProgress);
  }
}

/** Returns a function that does the work on its first call, and returns the same result on every call. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
