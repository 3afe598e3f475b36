import { type Compile, type ElementArray, type Graph, graphOf, input, type Program, sizeOf } from '../engine/index.js';
import { InputError } from '../errors.js';
import { fromPixels } from '../age/iteration.js';
import { inferenceFunctions } from '../age/networkFunctions.js';
import type { Prior } from '../age/prior.js';
import type { CodeDensity } from '../density/codeDensity.js';
import { recenter } from '../density/recentering.js';
import {
  blendRunningStats,
  type Condition,
  type InputKind,
  mapWeights,
  type ModelWeights,
  type NetworkName,
  type NetworkPair,
} from '../networks/network.js';

const NO_CENTERS = new Float32Array(0);

/** Items per run of a program. */
export const BATCH = 100;

/** What a conditional model is conditioned on. */
export interface Conditioned {
  /** [N, K], or a picture per image [N, C, H, W] (default: unknown; of images, the picture that they show if it must be known). */
  y?: Float32Array | undefined;
}

/** Bytes [N, C, H, W]. */
export interface ImageBytes extends Conditioned {
  x: Uint8Array;
}

/** Values in [-1, 1], [N, C, H, W]. */
export interface ImageValues extends Conditioned {
  x: Float32Array;
}

/** [N, M] */
export interface Codes extends Conditioned {
  z: Float32Array;
}

/** How far codes are from codes of images: 0 (default) to 1 (`distanceFromCodes`). */
export interface CodesAtDistance extends Codes {
  distance?: number;
}

/** Results do not depend on the rest of the batch. Generated images are values in [-1, 1], [N, C, H, W]. */
export class TrainedModel {
  private constructor(
    readonly pair: NetworkPair,
    readonly prior: Prior,
    readonly weights: ModelWeights,
    private readonly programs: Programs,
    private readonly batch: number,
    /** Of codes of training images; samples are drawn from it, or without one from the prior. */
    readonly density: CodeDensity | undefined,
    /** The table by which `recenter` moves codes, [K, M], or empty. */
    readonly centers: Float32Array = density?.centers ?? NO_CENTERS,
  ) {}

  /**
   * Compiles programs on first use.
   * @param batch items per run of a program (default: 100)
   */
  static of(pair: NetworkPair, prior: Prior, weights: ModelWeights, compile: Compile, batch = BATCH): TrainedModel {
    return new TrainedModel(pair, prior, weights, new Programs(compile), batch, undefined);
  }

  /** Shares the programs. A density of other weights means nothing. */
  withWeights(weights: ModelWeights): TrainedModel {
    return new TrainedModel(this.pair, this.prior, weights, this.programs, this.batch, undefined);
  }

  /** Shares the programs. @param density of the codes of training images */
  withDensity(density: CodeDensity | undefined): TrainedModel {
    return new TrainedModel(this.pair, this.prior, this.weights, this.programs, this.batch, density);
  }

  /** Shares the programs, and recenters codes as this model does, but draws samples from the prior. */
  drawingFromPrior(): TrainedModel {
    return new TrainedModel(this.pair, this.prior, this.weights, this.programs, this.batch, undefined, this.centers);
  }

  /** M. */
  get latentSize(): number {
    return this.pair.generator.inputShape[0]!;
  }

  get condition(): Condition | undefined {
    return this.pair.encoder.condition;
  }

  /** Values of a condition, or 0 without. */
  get conditionElements(): number {
    return this.condition ? sizeOf(this.condition.shape) : 0;
  }

  get imageElements(): number {
    return sizeOf(this.pair.encoder.inputShape);
  }

  /** Returns images of codes from `drawSampleCodes`. */
  generateSamples(codes: Codes): Promise<Float32Array> {
    return this.density ? this.decode(codes) : this.generate(codes);
  }

  /** Returns images g(z) of samples of the prior. */
  generate({ z, y }: Codes): Promise<Float32Array> {
    return this.run('generator', 'native', { z: this.withoutCondition({ z, y }) }, y);
  }

  /**
   * Returns images g(z) of codes of images, or of mixtures of such codes. The running statistics are a blend, because
   * mixtures are distributed more like samples of the prior. Equals `generate` if they are shared.
   */
  decode({ z, y, distance = 0 }: CodesAtDistance): Promise<Float32Array> {
    const statistics = blendRunningStats(this.pair.generator, this.weights['generator.statistics'], distance);
    return this.run('generator', 'generated', { z: this.withoutCondition({ z, y }) }, y, statistics);
  }

  /** Returns codes e(x). */
  async encode({ x, y }: ImageBytes): Promise<Float32Array> {
    return this.recentered(await this.run('encoder', 'native', { x }, y), y);
  }

  /** Returns codes e(x) of generated images. */
  async encodeGenerated({ x, y }: ImageValues): Promise<Float32Array> {
    return this.recentered(await this.run('encoder', 'generated', { x }, y), y);
  }

  /** Returns codes [N, M] as the networks have them, which mean the same without a condition. */
  withoutCondition({ z, y }: Codes): Float32Array {
    return this.recentered(z, y, -1);
  }

  /** @param sign as of `recenter` */
  private recentered(z: Float32Array, y: Float32Array | undefined, sign: 1 | -1 = 1): Float32Array {
    if (y === undefined || this.centers.length === 0) return z;
    return recenter(this.prior, this.centers, { data: z, width: this.latentSize }, y, sign);
  }

  /** Frees programs, also of models that share them. */
  release(): Promise<void> {
    return this.programs.release();
  }

  private async run(
    network: NetworkName,
    kind: InputKind,
    given: Record<string, Float32Array | Uint8Array>,
    y: Float32Array | undefined,
    statistics = this.weights[`${network}.statistics`],
  ) {
    const [from, to] =
      network === 'encoder' ? [this.imageElements, this.latentSize] : [this.latentSize, this.imageElements];
    // With shared running statistics one generator serves both kinds. Encoders also differ in the type of images.
    const isShared = network === 'generator' && !this.pair.generator.separateStatistics;
    const key = `${network} ${isShared ? 'native' : kind}`;
    const program = await this.programs.get(key, () => this.graphOf(network, kind));
    const feeds = { parameters: this.weights[`${network}.parameters`], statistics };
    const count = Object.values(given)[0]!.length / from;
    const items = { ...given, ...(this.condition && { y: y ?? unknown(this.condition, given.x, count) }) };
    return (await runInBatches(program, { feeds, items, count, widths: { result: to }, batch: this.batch })).result;
  }

  private graphOf(name: NetworkName, kind: InputKind) {
    const network = this.pair[name];
    const parameters = input('parameters', [network.parameters.size]);
    const statistics = input('statistics', [network.statistics.size]);
    // The other network is not called.
    const state = mapWeights((_, part) => (part === 'parameters' ? parameters : statistics));
    const { encode, generate } = inferenceFunctions(this.pair, state, this.prior);
    const shape = [this.batch, ...network.inputShape];
    const y = this.condition && input('y', [this.batch, ...this.condition.shape]);
    if (name === 'generator') return graphOf({ result: generate({ z: input('z', shape.slice(0, 2)), y }, { kind }) });
    const x = kind === 'native' ? fromPixels(input('x', shape, 'uint8')) : input('x', shape);
    return graphOf({ result: encode({ x, y }, { kind }) });
  }
}

function unknown({ shape, isOptional, of }: Condition, x: Float32Array | Uint8Array | undefined, count: number) {
  if (isOptional) return new Float32Array(count * sizeOf(shape));
  if (x instanceof Uint8Array) return of({ x, labels: null });
  throw new InputError('the model', 'only completes pictures', 'use the command complete, or pass conditions as y');
}

export class Programs {
  private readonly compiled = new Map<string, Promise<Program>>();

  constructor(private readonly compile: Compile) {}

  get(key: string, graph: () => Graph): Promise<Program> {
    const known = this.compiled.get(key);
    if (known) return known;
    const program = this.compile(graph());
    this.compiled.set(key, program);
    // The next call tries again.
    program.catch(() => {
      if (this.compiled.get(key) === program) this.compiled.delete(key);
    });
    return program;
  }

  async release(): Promise<void> {
    const programs = [...this.compiled.values()];
    this.compiled.clear();
    for (const program of await Promise.allSettled(programs))
      if (program.status === 'fulfilled') await program.value.release();
  }
}

interface Batches<Name extends string> {
  /** For every batch. */
  feeds: Record<string, ElementArray>;
  /** One row per item. */
  items: Record<string, Uint8Array | Float32Array>;
  count: number;
  /** The row length of each output. */
  widths: Record<Name, number>;
  /** Of the program (default: 100). */
  batch?: number;
}

/**
 * Splits items into batches, and pads the last one with zeros.
 * @returns rows [count, width] of each output
 */
export async function runInBatches<Name extends string>(
  program: Program,
  { feeds, items, count, widths, batch = BATCH }: Batches<Name>,
): Promise<Record<Name, Float32Array>> {
  const names = Object.keys(widths) as Name[];
  const rows = Object.fromEntries(names.map((name) => [name, new Float32Array(count * widths[name])]));
  for (let start = 0; start < count; start += batch) {
    const feedsOfBatch: Record<string, ElementArray> = { ...feeds };
    for (const [name, data] of Object.entries(items)) {
      const width = data.length / count;
      feedsOfBatch[name] = padded(data.subarray(start * width, (start + batch) * width), batch * width);
    }
    const results = await program.run(feedsOfBatch);
    for (const name of names) {
      const result = results[name]!.data as Float32Array;
      rows[name]!.set(result.subarray(0, (count - start) * widths[name]), start * widths[name]);
    }
  }
  return rows as Record<Name, Float32Array>;
}

function padded<T extends Uint8Array | Float32Array>(part: T, length: number) {
  if (part.length === length) return part;
  const whole = new (part.constructor as new (length: number) => T)(length);
  whole.set(part);
  return whole;
}
