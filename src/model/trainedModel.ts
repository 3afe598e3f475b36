import { type Compile, type ElementArray, graphOf, input, type Program, type Value } from '../engine/index.js';
import { blendRunningStats, type NetworkName, type NetworkPair } from '../networks/network.js';
import { fromPixels } from '../age/iteration.js';
import { inferenceFunctions } from '../age/networkFunctions.js';
import type { Prior } from '../age/prior.js';

/** Packed parameters and running statistics of both networks. */
export type ModelWeights = Readonly<Record<`${NetworkName}.${'parameters' | 'statistics'}`, Float32Array>>;

/** Items per run of an inference program; more are split, fewer are padded. */
export const BATCH = 100;

/**
 * A pair of networks as after training: running statistics normalize, so that a result does not depend on what else is in its
 * batch. Images are bytes [N, C, H, W] going in and values in [-1, 1] coming out; codes are float32 [N, M].
 */
export class TrainedModel {
  private constructor(
    readonly pair: NetworkPair,
    readonly prior: Prior,
    private readonly programs: Programs,
    readonly weights: ModelWeights,
  ) {}

  /**
   * A model whose programs are compiled when they are first needed.
   * @param batch items per run of a program (default: 100)
   */
  static of(pair: NetworkPair, prior: Prior, weights: ModelWeights, compile: Compile, batch = BATCH): TrainedModel {
    return new TrainedModel(pair, prior, new Programs(pair, prior, compile, batch), weights);
  }

  /** The same networks with other weights; they share their programs. */
  withWeights(weights: ModelWeights): TrainedModel {
    return new TrainedModel(this.pair, this.prior, this.programs, weights);
  }

  /** M, the coordinates of a code. */
  get latentSize(): number {
    return this.pair.generator.inputShape[0]!;
  }

  /** Bytes of one image. */
  get imageElements(): number {
    return this.pair.encoder.inputShape.reduce((product, size) => product * size, 1);
  }

  /** g(z): draws from the prior to images. */
  generate(draws: Float32Array): Promise<Float32Array> {
    return this.run('generator of draws', draws, this.latentSize, this.imageElements);
  }

  /**
   * g(c): codes of images, or codes derived from them, to images. Equals `generate` if running statistics are shared.
   * @param distance of the codes from those of images, 0 to 1 (`distanceFromCodes`). Mixtures of codes are distributed less like codes of
   * images and more like draws from the prior, so that their running statistics are a blend of both.
   */
  decode(codes: Float32Array, distance = 0): Promise<Float32Array> {
    const statistics = blendRunningStats(this.pair.generator, this.weights['generator.statistics'], distance);
    return this.withWeights({ ...this.weights, 'generator.statistics': statistics }).run(
      'generator of codes',
      codes,
      this.latentSize,
      this.imageElements,
    );
  }

  /** e(x): images to codes. */
  encode(images: Uint8Array): Promise<Float32Array> {
    return this.run('encoder of images', images, this.imageElements, this.latentSize);
  }

  /** e(x) of images as the generator makes them, values in [-1, 1]. */
  encodeGenerated(images: Float32Array): Promise<Float32Array> {
    return this.run('encoder of samples', images, this.imageElements, this.latentSize);
  }

  /** Frees the compiled programs, also those of models that share them. */
  release(): Promise<void> {
    return this.programs.release();
  }

  private async run<T extends Float32Array | Uint8Array>(
    name: ProgramName,
    data: T,
    itemSize: number,
    resultSize: number,
  ): Promise<Float32Array> {
    const network = name.startsWith('generator') ? 'generator' : 'encoder';
    const state = {
      parameters: this.weights[`${network}.parameters`],
      statistics: this.weights[`${network}.statistics`],
    };
    return (
      await runInBatches(
        await this.programs.get(name),
        state,
        data,
        itemSize,
        { result: resultSize },
        this.programs.batch,
      )
    ).result;
  }
}

type ProgramName = 'generator of draws' | 'generator of codes' | 'encoder of images' | 'encoder of samples';

/** The compiled networks of a model, each compiled on first use. */
class Programs {
  private readonly compiled = new Map<ProgramName, Promise<Program>>();

  constructor(
    private readonly pair: NetworkPair,
    private readonly prior: Prior,
    private readonly compile: Compile,
    readonly batch: number,
  ) {}

  get(wanted: ProgramName): Promise<Program> {
    // With shared running statistics, one program serves both.
    const name =
      wanted === 'generator of codes' && !this.pair.generator.separateStatistics ? 'generator of draws' : wanted;
    const program = this.compiled.get(name) ?? this.compile(graphOf({ result: this.resultOf(name) }));
    this.compiled.set(name, program);
    return program;
  }

  async release(): Promise<void> {
    await Promise.all([...this.compiled.values()].map(async (program) => (await program).release()));
    this.compiled.clear();
  }

  private resultOf(name: ProgramName): Value {
    const isGenerator = name.startsWith('generator');
    const network = isGenerator ? this.pair.generator : this.pair.encoder;
    const [parameters, statistics] = [
      input('parameters', [network.parameters.size]),
      input('statistics', [network.statistics.size]),
    ];
    // Only one of the two networks is called; the other's state is never read.
    const state = {
      'encoder.parameters': parameters,
      'encoder.statistics': statistics,
      'generator.parameters': parameters,
      'generator.statistics': statistics,
    };
    const { encode, generate } = inferenceFunctions(this.pair, state, this.prior);
    if (isGenerator)
      return generate(
        input('batch', [this.batch, network.inputShape[0]!]),
        name === 'generator of draws' ? 'native' : 'generated',
      );
    const shape = [this.batch, ...network.inputShape];
    return name === 'encoder of images'
      ? encode(fromPixels(input('batch', shape, 'uint8')), 'native')
      : encode(input('batch', shape), 'generated');
  }
}

/**
 * Runs a program over any number of items, a batch at a time; the last batch is padded with zeros, whose results are dropped.
 * @param feeds inputs of every run besides the items
 * @param items `itemSize` elements each, fed as `batch`
 * @param widths row length per output to gather
 * @param batch items per run, as the program was compiled for
 * @returns for each output its rows [N, width]
 */
export async function runInBatches<Name extends string>(
  program: Program,
  feeds: Readonly<Record<string, ElementArray>>,
  items: Uint8Array | Float32Array,
  itemSize: number,
  widths: Readonly<Record<Name, number>>,
  batch = BATCH,
): Promise<Record<Name, Float32Array>> {
  const count = items.length / itemSize;
  const names = Object.keys(widths) as Name[];
  const rows = Object.fromEntries(names.map((name) => [name, new Float32Array(count * widths[name])])) as Record<
    Name,
    Float32Array
  >;
  for (let start = 0; start < count; start += batch) {
    const part = items.subarray(start * itemSize, (start + batch) * itemSize);
    const results = await program.run({ ...feeds, batch: padded(part, batch * itemSize) });
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
