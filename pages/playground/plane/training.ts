/** Training on points of the plane, and its view. */
import { inferenceFunctions } from '../../../src/age/networkFunctions.js';
import { iterationOf, stateSize } from '../../../src/age/iteration.js';
import { type Objective, type Term } from '../../../src/age/losses.js';
import { minDivergence } from '../../../src/age/divergences.js';
import { type UpdatePlan } from '../../../src/age/plan.js';
import { drawCodes } from '../../../src/age/prior.js';
import { ADAM, STATE_NAMES } from '../../../src/age/update.js';
import {
  adamScalars,
  type Compile,
  constant,
  graphOf,
  input,
  type Program,
  StatefulProgram,
} from '../../../src/engine/index.js';
import { initialParameters, NETWORK_NAMES, type NetworkName } from '../../../src/networks/network.js';
import { randomStream } from '../../../src/random.js';
import { planePair } from './networks.js';

/** Terms of each network's loss, each with a weight that can change at any time. */
export const PLANE_TERMS = {
  encoder: ['KL_real', 'KL_fake', 'match_x', 'uniform'],
  generator: ['KL_fake', 'match_z', 'match_x'],
} as const satisfies Record<NetworkName, readonly Term[]>;
export type PlaneWeights = { readonly [N in NetworkName]: Record<(typeof PLANE_TERMS)[N][number], number> };

/** Settings of the graph. */
export interface PlaneModel {
  /** M: codes lie on the circle (2) or the sphere (3). */
  latent: 2 | 3;
  hidden: number;
  generatorUpdates: number;
  seed: number;
}

/** Settings that can change between iterations. */
export interface PlaneOptions {
  weights: PlaneWeights;
  learningRate: number;
}

/** Points in a batch. */
const PLANE_BATCH = 256;

const OBJECTIVE: Objective = {
  prior: 'sphere',
  divergence: 'qp',
  moment: 'std',
  reduction: 'mean',
  matchX: 'L1',
  matchZ: 'cos',
};

/** The grid of points whose codes are shown: its side, and the range of its coordinates. */
export const FIELD = { side: 41, range: 1.2 } as const;

/** A loss and its terms, as in `IterationReport`. */
export type PlaneReport = Record<string, number>;

/** The view after an iteration. Codes are [N, M], points [N, 2]. */
export interface PlaneView {
  step: number;
  /** Points of the data. */
  shown: Float32Array;
  /** The image g(z) of the lattice of the prior. */
  image: Float32Array;
  /** e(g(z)) of the same lattice. */
  fakeCodes: Float32Array;
  /** e(x) of these points. */
  realCodes: Float32Array;
  /** g(e(x)) of these points. */
  reconstructions: Float32Array;
  /** e(x) of the grid of the plane, row by row from its lower left corner. */
  field: Float32Array;
}

/** Trains the two networks. All random numbers are functions of the seed and the iteration. */
export class PlaneTraining {
  private done = 0;

  private constructor(
    private readonly model: PlaneModel,
    private readonly draw: (count: number, step: number) => Float32Array,
    private readonly reportNames: readonly string[],
    private readonly program: StatefulProgram,
    private readonly viewer: Program,
    private readonly lattice: Float32Array,
    private readonly shown: Float32Array,
  ) {}

  /**
   * Compiles an iteration and the view.
   * @param draw points [count, 2] of the data for an iteration
   * @param lattice codes [N, M] whose image is shown
   * @param shown points [N, 2] whose codes are shown
   */
  static async create(
    model: PlaneModel,
    draw: (count: number, step: number) => Float32Array,
    { lattice, shown }: { lattice: Float32Array; shown: Float32Array },
    compile: Compile,
  ): Promise<PlaneTraining> {
    const pair = planePair(model.latent, model.hidden);
    const plans = { encoder: planOf('encoder', 1), generator: planOf('generator', model.generatorUpdates) };
    const { graph, reportNames } = iterationOf({
      pair,
      objective: OBJECTIVE,
      plans,
      batch: PLANE_BATCH,
      hasWeightInputs: true,
      imageType: 'float32',
    });
    const sizes = Object.fromEntries(
      STATE_NAMES.map((name) => [name, new Float32Array(stateSize(pair, name))] as const).filter(
        ([, vector]) => vector.length > 0,
      ),
    );
    const weights = Object.fromEntries(
      NETWORK_NAMES.map((name) => [`${name}.parameters`, initialParameters(pair[name], model.seed)]),
    );
    const program = new StatefulProgram(await compile(graph), { ...sizes, ...weights });
    const viewer = await compile(viewOf(model, lattice.length / model.latent, shown.length / 2));
    return new PlaneTraining(model, draw, reportNames, program, viewer, lattice, shown);
  }

  get step(): number {
    return this.done;
  }

  async iterate({ weights, learningRate }: PlaneOptions): Promise<PlaneReport> {
    const { latent, generatorUpdates, seed } = this.model;
    const scalars = (updates: number) =>
      Float32Array.from(
        Array.from({ length: updates }, (_, number) =>
          adamScalars(learningRate, this.done * updates + number + 1, ADAM),
        ).flat(),
      );
    const { report } = await this.program.step({
      images: this.draw(PLANE_BATCH, this.done),
      codes: drawCodes('sphere', (1 + generatorUpdates) * PLANE_BATCH, latent, randomStream(seed, 'codes', this.done)),
      'encoder.schedule': scalars(1),
      'generator.schedule': scalars(generatorUpdates),
      'encoder.weights': Float32Array.from(PLANE_TERMS.encoder, (term) => weights.encoder[term]),
      'generator.weights': Float32Array.from(PLANE_TERMS.generator, (term) => weights.generator[term]),
    });
    this.done++;
    return Object.fromEntries(this.reportNames.map((name, index) => [name, report!.data[index] as number]));
  }

  async view(): Promise<PlaneView> {
    const state = await this.program.readState();
    const results = await this.viewer.run({
      'encoder.parameters': state['encoder.parameters']!,
      'generator.parameters': state['generator.parameters']!,
      lattice: this.lattice,
      shown: this.shown,
      grid: GRID,
    });
    const named = Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
    return { step: this.done, shown: this.shown, ...named } as unknown as PlaneView;
  }

  async release(): Promise<void> {
    await this.program.release();
    await this.viewer.release();
  }
}

/** The lower bound of the divergences, which codes distributed as the prior reach. */
export const divergenceBound = (latent: number): number => minDivergence(OBJECTIVE, 'sphere', latent)!;

/** A plan whose terms are all active: their weights are inputs. */
const planOf = (network: NetworkName, updates: number): UpdatePlan => ({
  updates,
  weights: Object.fromEntries(PLANE_TERMS[network].map((term) => [term, 1])),
});

const GRID = Float32Array.from({ length: 2 * FIELD.side ** 2 }, (_, index) => {
  const cell = Math.floor(index / 2);
  const place = index % 2 === 0 ? cell % FIELD.side : Math.floor(cell / FIELD.side);
  return FIELD.range * ((2 * place) / (FIELD.side - 1) - 1);
});

/** Both networks on the lattice, the shown data and the grid, as a graph. */
function viewOf({ latent, hidden }: PlaneModel, codes: number, points: number) {
  const pair = planePair(latent, hidden);
  const vectors = NETWORK_NAMES.map((name) => input(`${name}.parameters`, [pair[name].parameters.size]));
  const [lattice, shown, grid] = [
    input('lattice', [codes, latent]),
    input('shown', [points, 2]),
    input('grid', [FIELD.side ** 2, 2]),
  ];
  // There are no running statistics.
  const none = constant(0);
  const { encode, generate } = inferenceFunctions(
    pair,
    {
      'encoder.parameters': vectors[0]!,
      'generator.parameters': vectors[1]!,
      'encoder.statistics': none,
      'generator.statistics': none,
    },
    'sphere',
  );
  const image = generate({ z: lattice }, { kind: 'native' });
  const realCodes = encode({ x: shown }, { kind: 'native' });
  return graphOf(
    {
      image,
      fakeCodes: encode({ x: image }, { kind: 'generated' }),
      realCodes,
      reconstructions: generate({ z: realCodes }, { kind: 'generated' }),
      field: encode({ x: grid }, { kind: 'native' }),
    },
    [...vectors, lattice, shown, grid],
  );
}
