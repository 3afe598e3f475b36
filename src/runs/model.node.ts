import type { Prior } from '../age/prior.js';
import { drawSampleCodes } from '../density/codeDensity.js';
import { imageClassifier, type SavedProbe } from '../classifiers/fittedProbe.js';
import type { Compile } from '../engine/index.js';
import { InputError, setting, text } from '../errors.js';
import { type ImageInput, readImages } from '../images/imageInput.node.js';
import { Images } from '../images/images.node.js';
import type { ImageBatch } from '../images/raster.js';
import { moveCodes } from '../model/attribute.js';
import { generateChunked } from '../model/chunks.js';
import { encodeDescription, parseWhere } from '../conditions/attributes.js';
import { classNamed, oneHot } from '../conditions/classes.js';
import { MODEL_DEFAULTS } from '../model/defaults.js';
import { changedConditions, conditionsOfImages } from '../model/imageConditions.js';
import { interpolateCodes } from '../model/paths.js';
import { drawingFrom, refineImages } from '../model/refinement.js';
import { imagesOf, sampleImages } from '../model/sampling.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { decodeTraversal, traversalColumns, traverse } from '../model/traversal.js';
import { repeated } from '../numerics/features.js';
import { randomStream } from '../random.js';
import type { Configuration } from '../training/configuration.js';
import { modelWeights } from '../training/trainer.js';
import { shown } from '../validation.js';
import { completions } from './completion.node.js';
import type { OptionsName } from './optionSchemas.node.js';
import {
  type ClassifyOptions,
  type CompleteOptions,
  type DecodeCodesOptions,
  inText,
  type InterpolateOptions,
  knownLabeling,
  type MoveOptions,
  type ReconstructOptions,
  requireAttributes,
  requireInMemory,
  requireInterpolation,
  type SampleOptions,
  samplingRange,
} from './modelOptions.node.js';
import { ATTRIBUTES, PROBES, RunAssets, runFolderPath, weightsDigest } from './runAssets.node.js';
import { type OpenedRun, openRun } from './runFolder.node.js';

/** The most probable class of an image. */
export interface ClassifiedImage {
  /** Class index. */
  label: number;
  /** Class name. */
  class: string;
  /** 0 to 1. */
  probability: number;
}

interface ModelOptions {
  ema?: boolean | undefined;
  /** Receives a line if an attribute was computed with other weights. */
  onWarning?: ((message: string) => void) | undefined;
}

/**
 * A trained model of a run, which `loadModel` of `agenet/node` returns. Its methods compute the results of the commands
 * of the same names, with options of the same names.
 *
 * Methods may be called concurrently. Networks are compiled on first use, so the first call takes longer.
 */
export class Model {
  private readonly probes = new Map<string | undefined, ReturnType<Model['readProbeFile']>>();
  private readonly running = new Set<Promise<unknown>>();
  private released = false;

  private constructor(
    private readonly path: string,
    private readonly opened: OpenedRun,
    private readonly compile: Compile,
    private readonly options: ModelOptions,
  ) {}

  /** @internal */
  static async open(run: string, compile: Compile, options: ModelOptions = {}) {
    return new Model(run, await openRun(run, compile, options), compile, options);
  }

  /** All settings of the run. */
  get configuration(): Configuration {
    return this.opened.checkpoint.configuration;
  }

  /** Iterations that the model was trained for. */
  get step(): number {
    return this.opened.checkpoint.step;
  }

  /** Dimensions M of a code. */
  get latentSize(): number {
    return this.trained.latentSize;
  }

  /** Channels, rows and columns of an image. */
  get imageShape(): ImageBatch['shape'] {
    return this.trained.pair.encoder.inputShape as [number, number, number];
  }

  /** Distribution of codes: `sphere` or `normal`. */
  get prior(): Prior {
    return this.trained.prior;
  }

  /** Names of the classes that the model is conditioned on; empty for other models. */
  get classes(): readonly string[] {
    return this.configuration.classes;
  }

  /** The networks on arrays, for functions such as `encodeSplit` and `evaluate`. */
  get trained(): TrainedModel {
    return this.opened.model;
  }

  /**
   * Draws samples.
   * @throws {InputError} if an option is out of range, or `like` or the attribute cannot be read
   * @example
   * const samples = await model.sample({ count: 100, seed: 7 });
   * await samples.toFile('samples.png');
   */
  sample(options: SampleOptions = {}): Promise<Images> {
    return this.use('sample', options, async () => {
      const { count } = samplingRange(options);
      const rows = options.class === 'all' ? this.classes.length : 1;
      requireInMemory('count', count * rows, this.trained.imageElements, 'use sampleBatches');
      const parts: Uint8Array[] = [];
      for await (const { data } of await this.samplesOf(options)) parts.push(data);
      const images = imagesOf(this.trained, Uint8Array.from(Buffer.concat(parts)));
      return new Images(images, rows > 1 ? count : undefined);
    });
  }

  /**
   * Draws the same samples a few hundred at a time, so that memory does not grow with their number.
   * @throws {InputError} as `sample` does, before the first batch
   */
  async sampleBatches(options: SampleOptions = {}): Promise<AsyncGenerator<Images, void>> {
    return this.wrapBatches(await this.use('sample', options, () => this.samplesOf(options)));
  }

  /**
   * Encodes images.
   * @returns codes [N, M], one after another
   * @throws {InputError} if an image cannot be read
   * @example
   * const codes = await model.encode(['seven.png', 'one.png']);
   * const first = codes.subarray(0, model.latentSize);
   */
  encode(images: ImageInput | readonly ImageInput[]): Promise<Float32Array> {
    return this.run(() => this.codesOf(images));
  }

  /**
   * Decodes codes of images, or codes derived from them.
   * @param codes [N, M], one after another
   * @throws {InputError} if their number is not a multiple of M, or the distance is not in 0 to 1
   * @example
   * const codes = await model.encode(['seven.png']);
   * const [seven] = (await model.decode(codes)).toRasters();
   */
  decode(codes: Float32Array, options: DecodeCodesOptions = {}): Promise<Images> {
    return this.use('decode', options, async () => {
      requireCodes(codes, this.latentSize);
      return this.decoded(codes, options.distance);
    });
  }

  /**
   * Encodes images and decodes their codes again.
   * @throws {InputError} if an image or the attribute cannot be read
   */
  reconstruct(images: ImageInput | readonly ImageInput[], options: ReconstructOptions = {}): Promise<Images> {
    return this.use('reconstruct', options, async () => {
      const { trained } = this;
      const move = await this.movement(options);
      const { data: x, count } = await readImages(images, this.configuration);
      const from = await conditionsOfImages(trained, { x, ...knownLabeling(options, this.configuration, count) });
      const changed = this.conditionOf({ class: options.toClass, where: options.where }, 'toClass');
      const to = changed && from ? changedConditions(trained, from, changed) : from;
      return this.decoded(move(await trained.encode({ x, y: from })), 0, to);
    });
  }

  /**
   * Completes a photo with a model that is conditioned on pictures: colorizes it, fills its holes, or adds detail.
   * @returns the photo as the model sees it, and then its completions, in the photo's size
   * @throws {InputError} if the model is not conditioned on pictures, or the photo cannot be read or lacks a hole
   * @example
   * const colored = await model.complete('old.jpg', { count: 3 });
   * await colored.toFile('colored.png');
   */
  complete(image: ImageInput, options: CompleteOptions = {}): Promise<Images> {
    return this.use('complete', options, async () => {
      const completed = await completions(this.trained, this.configuration, image, options);
      return new Images(completed, completed.count);
    });
  }

  /**
   * Interpolates from image to image, or between random points, whose images are refined as samples are.
   * @param images two or more; none for random points
   * @throws {InputError} if an option is out of range or does not fit the images, or an image cannot be read
   * @example
   * const path = await model.interpolate(['one.png', 'seven.png'], { frames: 16 });
   * await path.toFile('path.png');
   */
  interpolate(images: readonly ImageInput[] = [], options: InterpolateOptions = {}): Promise<Images> {
    return this.use('interpolate', options, async () => {
      const { trained } = this;
      const { loop, circle, seed = 0, onProgress } = options;
      const { frames = MODEL_DEFAULTS.frames, points = MODEL_DEFAULTS.points } = options;
      if (!Array.isArray(images)) throw new InputError('images', `expected a list of images but got ${shown(images)}`);
      requireInterpolation(images, options, this.prior);
      const isRandom = images.length === 0;
      if (options.fromClass !== undefined) return this.betweenClasses(options);
      const rows = isRandom ? (options.rows ?? MODEL_DEFAULTS.rows) : 1;
      const segments = isRandom ? rows * points : images.length;
      requireInMemory('frames', segments * frames, trained.imageElements, 'choose fewer frames, rows or points');
      const ends = isRandom
        ? drawSampleCodes(trained, points * rows, randomStream(seed, 'interpolation'))
        : await this.codesOf(images);
      const traversal = { frames, loop, circle };
      const codes = traverse(trained, ends, rows, traversal);
      const values =
        isRandom && !trained.density
          ? refineImages(trained, { x: await generateChunked(trained, codes, onProgress) })
          : decodeTraversal(trained, ends, codes, onProgress);
      const path = imagesOf(trained, await values);
      return new Images(path, traversalColumns(path.count / rows, rows, traversal));
    });
  }

  /**
   * Classifies images with a probe of the run.
   * @throws {InputError} if the run has no such probe, it was fitted on other weights, or an image cannot be read
   */
  classify(images: ImageInput | readonly ImageInput[], options: ClassifyOptions = {}): Promise<ClassifiedImage[]> {
    return this.use('classify', options, async () => {
      const { saved, classifier } = await this.openProbe(options.probe);
      const { classes, probabilities } = await classifier.classify((await readImages(images, this.configuration)).data);
      return Array.from(classes, (label, index) => ({
        label,
        class: saved.origin.class_names[label]!,
        probability: probabilities[index * saved.probe.classes + label]!,
      }));
    });
  }

  /**
   * Reads the probe that `classify` uses, with its accuracy and origin.
   * @throws {InputError} if the run has no such probe, or it was fitted on other weights
   */
  readProbe(name?: string): Promise<SavedProbe> {
    return this.use('classify', { probe: name }, async () => (await this.openProbe(name)).saved);
  }

  /** Waits for calls in progress, and frees the compiled networks. */
  async release() {
    if (this.released) return;
    this.released = true;
    await Promise.allSettled(this.running);
    for (const opened of await Promise.allSettled(this.probes.values()))
      if (opened.status === 'fulfilled') await opened.value.classifier.release();
    await this.trained.release();
  }

  /** For `await using model = await loadModel(run)`. */
  [Symbol.asyncDispose]() {
    return this.release();
  }

  /** Checks the options of a method, and runs it. */
  private use<T>(method: OptionsName, options: unknown, computation: () => Promise<T>) {
    return this.run(async () => {
      const { checkOptions } = await import('./optionSchemas.node.js');
      checkOptions(method, options);
      return computation();
    });
  }

  /** `release` waits for the computation. */
  private async run<T>(computation: () => Promise<T>) {
    if (this.released) throw new Error('model: already released');
    const result = computation();
    this.running.add(result);
    try {
      return await result;
    } finally {
      this.running.delete(result);
    }
  }

  private async *wrapBatches(batches: AsyncGenerator<ImageBatch>): AsyncGenerator<Images, void> {
    for (;;) {
      const next: IteratorResult<ImageBatch, unknown> = await this.run(() => batches.next());
      if (next.done) return;
      yield new Images(next.value);
    }
  }

  private async decoded(codes: Float32Array, distance = 0, y?: Float32Array) {
    return new Images(imagesOf(this.trained, await this.trained.decode({ z: codes, y, distance })));
  }

  private async codesOf(images: ImageInput | readonly ImageInput[]) {
    const { data } = await readImages(images, this.configuration);
    return this.trained.encode({ x: data });
  }

  /** Returns [K], or undefined if nothing is known. */
  private conditionOf({ class: name, where }: Pick<SampleOptions, 'class' | 'where'>, option = 'class') {
    const ofClass = this.classCondition(name, option);
    if (where === undefined) return ofClass;
    const { attributes } = this.configuration;
    requireAttributes(attributes, 'where');
    return encodeDescription(attributes, typeof where === 'string' ? parseWhere(where) : inText(where));
  }

  /**
   * @param option the option that names the class
   * @returns [K], or undefined for any class
   */
  private classCondition(name: string | number | undefined, option: string) {
    if (name === undefined) return undefined;
    return oneHot([classNamed(this.classes, String(name), option)], this.classes.length);
  }

  /** Rows of one code each, drawn for the first class, from one class to another, refined as samples are. */
  private async betweenClasses(options: InterpolateOptions) {
    const { trained, latentSize } = this;
    const { seed = 0, frames = MODEL_DEFAULTS.frames, rows = MODEL_DEFAULTS.rows, onProgress } = options;
    const from = this.classCondition(options.fromClass, 'fromClass')!;
    const to = this.classCondition(options.toClass, 'toClass')!;
    requireInMemory('frames', rows * frames, trained.imageElements, 'choose fewer frames or rows');
    const codes = new Float32Array(rows * frames * latentSize);
    for (let row = 0; row < rows; row++) {
      const code = drawSampleCodes(trained, 1, randomStream(seed, 'interpolation', row), from);
      codes.set(repeated(code, frames), row * frames * latentSize);
    }
    const conditions = repeated(interpolateCodes('normal', from, to, frames), rows);
    const width = from.length;
    const conditionsAt = (first: number, count: number) => conditions.subarray(first * width, (first + count) * width);
    const x = await generateChunked(trained, codes, onProgress, conditionsAt);
    return new Images(imagesOf(trained, await refineImages(trained, { x, y: conditions })), frames);
  }

  private async samplesOf(options: SampleOptions) {
    const { like, spread = MODEL_DEFAULTS.spread, temperature, truncation, drawFrom } = options;
    const { refine, refineNoise, guidance } = options;
    const trained = drawingFrom(this.trained, drawFrom);
    const range = samplingRange(options);
    const move = await this.movement(options);
    const around = like === undefined ? {} : { around: { code: await this.codeOf(like), spread } };
    const sampling = { ...range, temperature, truncation, refine, refineNoise, guidance, move, ...around };
    if (options.class !== 'all' || this.classes.length === 0) {
      const condition = this.conditionOf(options);
      return sampleImages(trained, { ...sampling, condition });
    }
    const conditions = this.classes.map((_, label) => oneHot([label], this.classes.length));
    return inTurn(conditions.map((condition) => sampleImages(trained, { ...sampling, condition })));
  }

  private async codeOf(image: ImageInput) {
    const code = await this.codesOf(image);
    if (code.length !== this.latentSize)
      throw new InputError(setting('like'), `expected one image but got ${code.length / this.latentSize}`);
    return code;
  }

  private async movement({ along, by }: MoveOptions) {
    const { prior, latentSize, step } = this;
    if (along === undefined) {
      if (by !== undefined)
        throw new InputError(text`${setting('by')} ${by}`, text`requires ${setting('along')}`, 'name an attribute');
      return (codes: Float32Array) => codes;
    }
    const { direction, origin } = await new RunAssets(runFolderPath(this.path), ATTRIBUTES).read(along);
    const remedy = 'recreate it with agenet attribute';
    if (direction.length !== latentSize)
      throw new InputError(
        text`${setting('along')} ${along}`,
        `has ${direction.length} coordinates, but codes of the run have ${latentSize}`,
        remedy,
      );
    if (origin.step !== step || origin.ema !== (this.options.ema ?? true))
      this.options.onWarning?.(
        `attribute ${along} was computed with the weights of iteration ${origin.step}${origin.ema ? '' : ' (raw)'}; ${remedy}`,
      );
    return (codes: Float32Array) => moveCodes(prior, codes, direction, by ?? MODEL_DEFAULTS.by);
  }

  private openProbe(name: string | undefined) {
    const probe = this.probes.get(name) ?? this.readProbeFile(name);
    this.probes.set(name, probe);
    // So that a missing probe may be created later.
    probe.catch(() => this.probes.delete(name));
    return probe;
  }

  private async readProbeFile(name: string | undefined) {
    const { path, trained, compile } = this;
    const saved = await new RunAssets(runFolderPath(path), PROBES).read(name);
    const { probe, origin } = saved;
    // A probe understands only codes of the weights that it was fitted on.
    const weights = modelWeights(this.opened.checkpoint.vectors, { ema: origin.ema });
    if (weightsDigest(weights) !== origin.weights)
      throw new InputError(
        `probe ${saved.name}`,
        `fitted on the weights of iteration ${origin.step}, but ${path} has those of iteration ${this.step}`,
        'fit it again with agenet probe --save, or name its checkpoint',
      );
    return { saved, classifier: await imageClassifier(probe, trained.withWeights(weights), weights, compile) };
  }
}

async function* inTurn<T>(generators: readonly AsyncGenerator<T>[]) {
  for (const generator of generators) yield* generator;
}

function requireCodes(codes: unknown, latentSize: number) {
  if (!(codes instanceof Float32Array))
    throw new InputError('codes', `expected a Float32Array but got ${shown(codes)}`);
  if (codes.length % latentSize !== 0)
    throw new InputError('codes', `expected a multiple of ${latentSize} values but got ${codes.length}`);
  const wrong = codes.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new InputError('codes', `value ${wrong} is ${codes[wrong]}`);
}
