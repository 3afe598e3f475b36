/** The view of both networks after an update, as a graph. */
import { inferenceFunctions, type NetworkFunctions } from '../../../src/age/networkFunctions.js';
import { concat, constant, graphOf, input, type InputValue, type Value } from '../../../src/engine/index.js';
import { NETWORK_NAMES } from '../../../src/networks/network.js';
import { oneHot } from '../../../src/conditions/classes.js';
import { FIELD } from './lattice.js';
import { pairOf, type PlaneModel } from './model.js';
import { CLASSES, type LabeledPoints } from './shapes.js';

/** Codes are [N, M], points [N, 2]. */
export interface PlaneView {
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
export interface ViewedPoints {
  /** Codes [N, M] whose image is shown. */
  lattice: Float32Array;
  /** Points whose codes are shown. */
  shown: LabeledPoints;
}

export const GRID = Float32Array.from({ length: 2 * FIELD.side ** 2 }, (_, index) => {
  const cell = Math.floor(index / 2);
  const place = index % 2 === 0 ? cell % FIELD.side : Math.floor(cell / FIELD.side);
  return FIELD.range * ((2 * place) / (FIELD.side - 1) - 1);
});

/** The parameters of both networks as inputs, and the functions that they have then. */
export function networksOf(model: PlaneModel): { vectors: InputValue[]; functions: NetworkFunctions } {
  const pair = pairOf(model);
  const vectors = NETWORK_NAMES.map((name) => input(`${name}.parameters`, [pair[name].parameters.size]));
  // There are no running statistics.
  const none = constant(0);
  const functions = inferenceFunctions(
    pair,
    {
      'encoder.parameters': vectors[0]!,
      'generator.parameters': vectors[1]!,
      'encoder.statistics': none,
      'generator.statistics': none,
    },
    'sphere',
  );
  return { vectors, functions };
}

/** The condition of points with these classes, if the networks are told. */
export const conditionOf = ({ isConditional }: PlaneModel, classes: Uint8Array): { y?: Value } =>
  isConditional ? { y: constant([...oneHot(classes, CLASSES)], [classes.length, CLASSES]) } : {};

/** The classes for which the lattice of the prior is generated. */
export const labelsOfLattices = ({ isConditional }: PlaneModel): number[] =>
  isConditional ? [...Array(CLASSES).keys()] : [0];

/** Both networks on the lattice, the shown data and the grid. */
export function viewOf(model: PlaneModel, { lattice: codes, shown: { points, labels } }: ViewedPoints) {
  const { latent } = model;
  const { vectors, functions } = networksOf(model);
  const { encode, generate } = functions;
  const lattice = input('lattice', [codes.length / latent, latent]);
  const shown = input('shown', [labels.length, 2]);
  const grid = input('grid', [FIELD.side ** 2, 2]);
  const ofLattice = (label: number) => conditionOf(model, new Uint8Array(codes.length / latent).fill(label));
  const images = labelsOfLattices(model).map((label) =>
    generate({ z: lattice, ...ofLattice(label) }, { kind: 'native' }),
  );
  const fakeCodes = images.map((x, label) => encode({ x, ...ofLattice(label) }, { kind: 'generated' }));
  const y = conditionOf(model, labels);
  const realCodes = encode({ x: shown, ...y }, { kind: 'native' });
  return graphOf(
    {
      image: concat(images, 0),
      fakeCodes: concat(fakeCodes, 0),
      realCodes,
      reconstructions: generate({ z: realCodes, ...y }, { kind: 'generated' }),
      field: encode({ x: grid, ...conditionOf(model, classesOfGrid({ points, labels })) }, { kind: 'native' }),
    },
    [...vectors, lattice, shown, grid],
  );
}

/** The class of the nearest point, of each point of the grid. */
export function classesOfGrid({ points, labels }: LabeledPoints): Uint8Array {
  return Uint8Array.from({ length: FIELD.side ** 2 }, (_, cell) => {
    let [nearest, least] = [0, Infinity];
    for (let index = 0; index < labels.length; index++) {
      const distance = Math.hypot(points[2 * index]! - GRID[2 * cell]!, points[2 * index + 1]! - GRID[2 * cell + 1]!);
      if (distance < least) [nearest, least] = [index, distance];
    }
    return labels[nearest]!;
  });
}
