/** Training on points of the plane, one network at a time. */
import { stateSize } from '../../../src/age/iteration.js';
import { drawCodes } from '../../../src/age/prior.js';
import { ADAM, STATE_NAMES, type StateName } from '../../../src/age/update.js';
import { adamScalars, type Compile, nextName, type Program } from '../../../src/engine/index.js';
import { initialParameters, NETWORK_NAMES, type NetworkName } from '../../../src/networks/network.js';
import { oneHot } from '../../../src/conditions/classes.js';
import { randomStream } from '../../../src/random.js';
import { halfOf, stateOfHalf } from './half.js';
import { pairOf, PLANE_BATCH, type PlaneModel, type PlaneOptions, updatesOf, withExcess } from './model.js';
import { pushedPoints, pushesOf, pushGraph } from './pushes.js';
import { CLASSES, type LabeledPoints } from './shapes.js';
import { PLANE_TERMS, type Push } from './terms.js';
import { GRID, type PlaneView, type ViewedPoints, viewOf } from './view.js';

/** A loss and its terms, as in `IterationReport`, also above their lower bounds. */
export type PlaneReport = Record<string, number>;

interface CompiledHalf {
  program: Program;
  reportNames: readonly string[];
}

/** Trains the two networks. All random numbers are functions of the seed and the number of updates. */
export class PlaneTraining {
  private readonly done: Record<NetworkName, number> = { encoder: 0, generator: 0 };
  private pusher: Promise<Program> | undefined;

  private constructor(
    private readonly model: PlaneModel,
    private readonly draw: (count: number, step: number) => LabeledPoints,
    private readonly compile: Compile,
    private readonly halves: Record<NetworkName, CompiledHalf>,
    private readonly viewer: Program,
    private readonly viewed: ViewedPoints,
    private state: Record<string, Float32Array>,
  ) {}

  /**
   * Compiles both halves of an iteration and the view.
   * @param draw points of the data for an iteration
   */
  static async create(
    model: PlaneModel,
    draw: (count: number, step: number) => LabeledPoints,
    viewed: ViewedPoints,
    compile: Compile,
  ): Promise<PlaneTraining> {
    const pair = pairOf(model);
    const compileHalf = async (network: NetworkName): Promise<CompiledHalf> => {
      const { graph, reportNames } = halfOf(network, model);
      return { program: await compile(graph), reportNames };
    };
    const halves = { encoder: await compileHalf('encoder'), generator: await compileHalf('generator') };
    const zeros = STATE_NAMES.map((name) => [name, new Float32Array(stateSize(pair, name))] as const);
    const weights = NETWORK_NAMES.map(
      (name) => [`${name}.parameters`, initialParameters(pair[name], model.seed)] as const,
    );
    const viewer = await compile(viewOf(model, viewed));
    const state = Object.fromEntries([...zeros, ...weights]);
    return new PlaneTraining(model, draw, compile, halves, viewer, viewed, state);
  }

  /** Updates of each network; several generator updates of an iteration count as one. */
  get updates(): Record<NetworkName, number> {
    return { ...this.done };
  }

  /** The parameters of a network. */
  parametersOf(network: NetworkName): Float32Array {
    return this.state[`${network}.parameters`]!.slice();
  }

  /** Updates one network. An update of the encoder and then of the generator are an iteration. */
  async update(network: NetworkName, { weights, learningRate }: PlaneOptions): Promise<PlaneReport> {
    const { latent, generatorUpdates, seed, isConditional } = this.model;
    const step = this.done[network];
    const updates = updatesOf(network, this.model);
    const { points, labels } = this.draw(PLANE_BATCH, step);
    const codes = drawCodes('sphere', (1 + generatorUpdates) * PLANE_BATCH, latent, randomStream(seed, 'codes', step));
    const encoderCodes = PLANE_BATCH * latent;
    const scalars = Array.from({ length: updates }, (_, number) =>
      adamScalars(learningRate, step * updates + number + 1, ADAM),
    );
    const { program, reportNames } = this.halves[network];
    const terms = weights[network] as Record<string, number>;
    const { report, ...next } = await program.run({
      ...this.inputsOf([...stateOfHalf(network), 'encoder.parameters', 'generator.parameters']),
      images: points,
      ...(isConditional && { conditions: oneHot(labels, CLASSES) }),
      codes: network === 'encoder' ? codes.slice(0, encoderCodes) : codes.slice(encoderCodes),
      schedule: Float32Array.from(scalars.flat()),
      weights: Float32Array.from(PLANE_TERMS[network], (term) => terms[term]!),
    });
    for (const name of stateOfHalf(network)) this.state[name] = next[nextName(name)]!.data as Float32Array;
    this.done[network]++;
    return withExcess(
      Object.fromEntries(reportNames.map((name, index) => [name, report!.data[index] as number])),
      latent,
    );
  }

  async view(): Promise<PlaneView> {
    const { lattice, shown } = this.viewed;
    const feeds = { lattice, shown: shown.points, grid: GRID };
    const results = await run(this.viewer, { ...this.parameters(), ...feeds });
    return { shown: shown.points, labels: shown.labels, ...results } as unknown as PlaneView;
  }

  /** Where each term pushes a few points now. */
  async pushes({ weights }: PlaneOptions): Promise<readonly Push[]> {
    const { model, viewed, compile } = this;
    this.pusher ??= compile(pushGraph(model, viewed.shown));
    const results = await run(await this.pusher, { ...this.parameters(), ...pushedPoints(model, viewed.shown) });
    return pushesOf(results, weights, model.latent);
  }

  async release(): Promise<void> {
    await Promise.all([
      ...NETWORK_NAMES.map((network) => this.halves[network].program.release()),
      this.viewer.release(),
      this.pusher?.then((program) => program.release()),
    ]);
  }

  private parameters() {
    return this.inputsOf(['encoder.parameters', 'generator.parameters']);
  }

  private inputsOf(names: readonly StateName[]): Record<string, Float32Array> {
    return Object.fromEntries(names.map((name) => [name, this.state[name]!]));
  }
}

async function run(program: Program, feeds: Record<string, Float32Array>): Promise<Record<string, Float32Array>> {
  const results = await program.run(feeds);
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}
