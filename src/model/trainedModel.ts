import { type Compile, type ElementArray, graphOf, input, type Program } from '../engine/index.js';
import { fromPixels } from '../age/iteration.js';
import { inferenceFunctions } from '../age/networkFunctions.js';
import type { Prior } from '../age/prior.js';
import {
  blendRunningStats,
  type InputKind,
  type ModelWeights,
  type NetworkName,
  type NetworkPair,
} from '../networks/network.js';

/** Items per run of a program; more are split, fewer are padded. */
export const BATCH = 100;

/** Bytes [N, C, H, W]. */
export interface ImageBytes {
  readonly x: Uint8Array;
}

/** Values in [-1, 1], [N, C, H, W]. */
export interface ImageValues {
  readonly x: Float32Array;
}

/** [N, M] */
export interface Codes {
  readonly z: Float32Array;
}

/** How far codes are from codes of images: 0 (default) to 1 (`distanceFromCodes`). */
export interface CodesAtDistance extends Codes {
  readonly distance?: number;
}

/**
 * A trained pair. Running statistics normalize, so a result does not depend on the rest of its batch. Generated
 * images are values in [-1, 1], [N, C, H, W].
 */
export class TrainedModel {
  private constructor(
    readonly pair: NetworkPair,
    readonly prior: Prior,
    private readonly programs: Programs,
    readonly weights: ModelWeights,
  ) {}

  /**
   * Creates a model that compiles programs on first use.
   * @param batch items per run of a program (default: 100)
   */
  static of(pair: NetworkPair, prior: Prior, weights: ModelWeights, compile: Compile, batch = BATCH): TrainedModel {
    return new TrainedModel(pair, prior, new Programs(pair, prior, compile, batch), weights);
  }

  /** Returns the same networks with other weights, with shared programs. */
  withWeights(weights: ModelWeights): TrainedModel {
    return new TrainedModel(this.pair, this.prior, this.programs, weights);
  }

  /** M. */
  get latentSize(): number {
    return this.pair.generator.inputShape[0]!;
  }

  get imageElements(): number {
    return this.pair.encoder.inputShape.reduce((product, size) => product * size, 1);
  }

  /** Generates images g(z) of samples of the prior. */
  generate({ z }: Codes): Promise<Float32Array> {
    return this.run('generator', 'native', { z }, this.weights);
  }

  /**
   * Generates images g(z) of codes of images, or of mixtures of such codes. The running statistics are a blend,
   * because mixtures are distributed more like samples of the prior. Equals `generate` if they are shared.
   */
  decode({ z, distance = 0 }: CodesAtDistance): Promise<Float32Array> {
    const statistics = blendRunningStats(this.pair.generator, this.weights['generator.statistics'], distance);
    return this.run('generator', 'generated', { z }, { ...this.weights, 'generator.statistics': statistics });
  }

  /** Returns the codes e(x) of images. */
  encode({ x }: ImageBytes): Promise<Float32Array> {
    return this.run('encoder', 'native', { x }, this.weights);
  }

  /** Returns the codes e(x) of generated images. */
  encodeGenerated({ x }: ImageValues): Promise<Float32Array> {
    return this.run('encoder', 'generated', { x }, this.weights);
  }

  /** Frees programs, also of models that share them. */
  release(): Promise<void> {
    return this.programs.release();
  }

  private async run(
    network: NetworkName,
    kind: InputKind,
    items: Readonly<Record<string, Float32Array | Uint8Array>>,
    weights: ModelWeights,
  ): Promise<Float32Array> {
    const [from, to] =
      network === 'encoder' ? [this.imageElements, this.latentSize] : [this.latentSize, this.imageElements];
    const feeds = { parameters: weights[`${network}.parameters`], statistics: weights[`${network}.statistics`] };
    const count = Object.values(items)[0]!.length / from;
    const batches = { feeds, items, count, widths: { result: to }, batch: this.programs.batch };
    return (await runInBatches(await this.programs.get(network, kind), batches)).result;
  }
}

/** One program per network and kind of input. */
class Programs {
  private readonly compiled = new Map<string, Promise<Program>>();

  constructor(
    private readonly pair: NetworkPair,
    private readonly prior: Prior,
    private readonly compile: Compile,
    readonly batch: number,
  ) {}

  get(network: NetworkName, kind: InputKind): Promise<Program> {
    // With shared running statistics one generator serves both kinds. Encoders also differ in the type of images.
    const isShared = network === 'generator' && !this.pair.generator.separateStatistics;
    const key = `${network} ${isShared ? 'native' : kind}`;
    const earlier = this.compiled.get(key);
    if (earlier) return earlier;
    const program = this.compile(this.graphOf(network, kind));
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

  private graphOf(name: NetworkName, kind: InputKind) {
    const network = this.pair[name];
    const parameters = input('parameters', [network.parameters.size]);
    const statistics = input('statistics', [network.statistics.size]);
    // The other network is not called.
    const state = {
      'encoder.parameters': parameters,
      'encoder.statistics': statistics,
      'generator.parameters': parameters,
      'generator.statistics': statistics,
    };
    const { encode, generate } = inferenceFunctions(this.pair, state, this.prior);
    if (name === 'generator')
      return graphOf({ result: generate({ z: input('z', [this.batch, network.inputShape[0]!]) }, { kind }) });
    const shape = [this.batch, ...network.inputShape];
    const x = kind === 'native' ? fromPixels(input('x', shape, 'uint8')) : input('x', shape);
    return graphOf({ result: encode({ x }, { kind }) });
  }
}

/** Inputs for any number of items. */
export interface Batches<Name extends string> {
  /** Shared by every batch. */
  readonly feeds: Readonly<Record<string, ElementArray>>;
  /** One row per item. */
  readonly items: Readonly<Record<string, Uint8Array | Float32Array>>;
  readonly count: number;
  /** The row length of each output. */
  readonly widths: Readonly<Record<Name, number>>;
  /** As the program was compiled for (default: 100). */
  readonly batch?: number;
}

/**
 * Runs a program over items. Zeros pad the last batch.
 * @returns rows [count, width] of each output
 */
export async function runInBatches<Name extends string>(
  program: Program,
  { feeds, items, count, widths, batch = BATCH }: Batches<Name>,
): Promise<Record<Name, Float32Array>> {
  const names = Object.keys(widths) as Name[];
  const rows = Object.fromEntries(names.map((name) => [name, new Float32Array(count * widths[name])])) as Record<
    Name,
    Float32Array
  >;
  for (let start = 0; start < count; start += batch) {
    const feedsOfBatch: Record<string, ElementArray> = { ...feeds };
    for (const [name, data] of Object.entries(items)) {
      const width = data.length / count;
      feedsOfBatch[name] = padded(data.subarray(start * width, (start + batch) * width), batch * width);
    }
    const results = await program.run(feedsOfBatch);
    for (const name of names) {
      const result = results[name]!.data as Float32Array;
      rows[name].set(result.subarray(0, (count - start) * widths[name]), start * widths[name]);
    }
  }
  return rows;
}

function padded<T extends Uint8Array | Float32Array>(part: T, length: number): T {
  if (part.length === length) return part;
  const whole = new (part.constructor as new (length: number) => T)(length);
  whole.set(part);
  return whole;
}
