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
  concat,
  constant,
  graphOf,
  input,
  type Program,
  StatefulProgram,
} from '../../../src/engine/index.js';
import { initialParameters, NETWORK_NAMES, type NetworkName } from '../../../src/networks/network.js';
import { oneHot } from '../../../src/conditions/classes.js';
import { randomStream } from '../../../src/random.js';
import { planePair } from './networks.js';
import { CLASSES, type LabeledPoints } from './shapes.js';

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
  /** Whether both networks are told the class of each point. */
  isConditional: boolean;
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
  /** Points of the data, and their classes. */
  shown: Float32Array;
  labels: Uint8Array;
  /** The image g(z) of the lattice of the prior, for each class if there are any. */
  image: Float32Array;
  /** e(g(z)) of the same lattices. */
  fakeCodes: Float32Array;
  /** e(x) of these points. */
  realCodes: Float32Array;
  /** g(e(x)) of these points. */
  reconstructions: Float32Array;
  /** e(x) of the grid of the plane, row by row from its lower left corner, with the class of the nearest point. */
  field: Float32Array;
}

/** What a view shows. */
interface ViewedPoints {
  /** Codes [N, M] whose image is shown. */
  lattice: Float32Array;
  /** Points whose codes are shown. */
  shown: LabeledPoints;
}

/** Trains the two networks. All random numbers are functions of the seed and the iteration. */
export class PlaneTraining {
  private done = 0;

  private constructor(
    private readonly model: PlaneModel,
    private readonly draw: (count: number, step: number) => LabeledPoints,
    private readonly reportNames: readonly string[],
    private readonly program: StatefulProgram,
    private readonly viewer: Program,
    private readonly viewed: ViewedPoints,
  ) {}

  /**
   * Compiles an iteration and the view.
   * @param draw points of the data for an iteration
   */
  static async create(
    model: PlaneModel,
    draw: (count: number, step: number) => LabeledPoints,
    viewed: ViewedPoints,
    compile: Compile,
  ): Promise<PlaneTraining> {
    const pair = pairOf(model);
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
    const viewer = await compile(viewOf(model, viewed));
    return new PlaneTraining(model, draw, reportNames, program, viewer, viewed);
  }

  get step(): number {
    return this.done;
  }

  async iterate({ weights, learningRate }: PlaneOptions): Promise<PlaneReport> {
    const { latent, generatorUpdates, seed, isConditional } = this.model;
    const { points, labels } = this.draw(PLANE_BATCH, this.done);
    const scalars = (updates: number) =>
      Float32Array.from(
        Array.from({ length: updates }, (_, number) =>
          adamScalars(learningRate, this.done * updates + number + 1, ADAM),
        ).flat(),
      );
    const { report } = await this.program.step({
      images: points,
      ...(isConditional && { conditions: oneHot(labels, CLASSES) }),
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
      lattice: this.viewed.lattice,
      shown: this.viewed.shown.points,
      grid: GRID,
    });
    const named = Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
    const { points: shown, labels } = this.viewed.shown;
    return { step: this.done, shown, labels, ...named } as unknown as PlaneView;
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

const pairOf = ({ latent, hidden, isConditional }: PlaneModel) => planePair(latent, hidden, isConditional);

/** The class of the nearest point, of each point of the grid. */
function classesOfGrid({ points, labels }: LabeledPoints): Uint8Array {
  return Uint8Array.from({ length: FIELD.side ** 2 }, (_, cell) => {
    let [nearest, least] = [0, Infinity];
    for (let index = 0; index < labels.length; index++) {
      const distance = Math.hypot(points[2 * index]! - GRID[2 * cell]!, points[2 * index + 1]! - GRID[2 * cell + 1]!);
      if (distance < least) [nearest, least] = [index, distance];
    }
    return labels[nearest]!;
  });
}

/** Both networks on the lattice, the shown data and the grid, as a graph. */
function viewOf(model: PlaneModel, { lattice: codes, shown: { points, labels } }: ViewedPoints) {
  const { latent, isConditional } = model;
  const pair = pairOf(model);
  const vectors = NETWORK_NAMES.map((name) => input(`${name}.parameters`, [pair[name].parameters.size]));
  const [lattice, shown, grid] = [
    input('lattice', [codes.length / latent, latent]),
    input('shown', [labels.length, 2]),
    input('grid', [FIELD.side ** 2, 2]),
  ];
  const classesOf = (classes: Uint8Array) =>
    isConditional ? { y: constant([...oneHot(classes, CLASSES)], [classes.length, CLASSES]) } : {};
  const ofLattice = (label: number) => classesOf(new Uint8Array(codes.length / latent).fill(label));
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
  const labelsOfLattices = isConditional ? [...Array(CLASSES).keys()] : [0];
  const images = labelsOfLattices.map((label) => generate({ z: lattice, ...ofLattice(label) }, { kind: 'native' }));
  const fakeCodes = images.map((x, label) => encode({ x, ...ofLattice(label) }, { kind: 'generated' }));
  const y = classesOf(labels);
  const realCodes = encode({ x: shown, ...y }, { kind: 'native' });
  return graphOf(
    {
      image: concat(images, 0),
      fakeCodes: concat(fakeCodes, 0),
      realCodes,
      reconstructions: generate({ z: realCodes, ...y }, { kind: 'generated' }),
      field: encode({ x: grid, ...classesOf(classesOfGrid({ points, labels })) }, { kind: 'native' }),
    },
    [...vectors, lattice, shown, grid],
  );
}
