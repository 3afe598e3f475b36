import type { ModelWeights, TrainedModel } from '../model/trainedModel.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { headPacking } from './classifierHead.js';
import { type ClassifierSpec, type ClassifierWeights, outputWidth } from './classifierSpec.js';
import { ClassifierPrograms } from './encoderClassifier.js';
import { type Features, argmaxRows } from '../numerics/features.js';
import type { Labels } from './labels.js';
import { classProbabilities } from './logisticRegression.js';
import { neighbourVotes } from './nearestNeighbors.js';
import { type RepresentationName, representationOf } from './representations.js';

/** How few labels are used; see docs/evaluation.md. */
export const PROBE_METHODS = ['codes', 'features', 'knn', 'finetune', 'pixels', 'supervised'] as const;
export type ProbeMethod = (typeof PROBE_METHODS)[number];

/** Logistic regression on a representation of images. */
export interface LinearFit {
  readonly method: RepresentationName;
  readonly classes: number;
  /** [K, D + 1]: weights of a class, then its bias. */
  readonly parameters: Float32Array;
}

/** Labelled codes, to whose nearest others are compared. */
export interface NeighborFit {
  readonly method: 'knn';
  readonly classes: number;
  /** [n, M], as `codes` are represented. */
  readonly codes: Float32Array;
  /** n class numbers. */
  readonly labels: Labels;
}

/** The encoder with a linear head on its output. */
export interface NetworkFit {
  readonly method: 'finetune' | 'supervised';
  readonly classes: number;
  readonly weights: ClassifierWeights;
}

/** A classifier that was fitted on labelled images. */
export type FittedProbe = LinearFit | NeighborFit | NetworkFit;

/** What a classifier says of images or rows. */
export interface Predictions {
  /** N class numbers. */
  readonly classes: Uint32Array;
  /** [N, K], each row a distribution; of neighbours, parts of their votes. */
  readonly probabilities: Float32Array | Float64Array;
}

export interface ImageClassifier {
  /** Classifies images, bytes [N, C, H, W]. */
  readonly classify: (images: Uint8Array) => Promise<Predictions>;
  /** Frees its programs; those of the model stay. */
  readonly release: () => Promise<void>;
}

const MOST_NEIGHBOURS = 5;

/** The classifier that a probe of a model is. Throws InputError for a probe of other networks. */
export async function imageClassifier(probe: FittedProbe, model: TrainedModel, weights: ModelWeights, compile: Compile): Promise<ImageClassifier> {
  if ('weights' in probe) {
    const programs = new ClassifierPrograms(networkSpec(model, probe.classes), compile);
    checkLengths(probe, programs.spec);
    return { classify: (images) => classifyImages(programs, probe, images), release: () => programs.release() };
  }
  const representation = await representationOf(probe.method === 'knn' ? 'codes' : probe.method, model, weights, compile);
  return { classify: async (images) => classifyRows(probe, await representation.of(images)), release: representation.release };
}

/** The encoder of a model with a linear head for so many classes. */
export const networkSpec = ({ pair, prior }: TrainedModel, classes: number): ClassifierSpec => ({
  network: pair.encoder,
  classes,
  onSphere: prior === 'sphere',
});

function checkLengths({ method, weights, classes }: NetworkFit, { network }: ClassifierSpec): void {
  const wanted = { parameters: network.parameters.size, statistics: network.statistics.size, head: headPacking(outputWidth(network), classes).size };
  for (const name of ['parameters', 'statistics', 'head'] as const) {
    const { length } = weights[name];
    if (length !== wanted[name]) throw new InputError(`probe by ${method}: its ${name} are ${length} numbers, but those of the encoder ${wanted[name]}`);
  }
}

/** Classifies images, bytes [N, C, H, W], by a network. */
export async function classifyImages(programs: ClassifierPrograms, { weights, classes }: NetworkFit, images: Uint8Array): Promise<Predictions> {
  const { probabilities } = await programs.classify(weights, images);
  return { probabilities, classes: argmaxRows({ data: probabilities, width: classes }) };
}

/** Classifies rows in the representation of a probe. Throws InputError for rows of another width. */
export function classifyRows(probe: LinearFit | NeighborFit, rows: Features): Predictions {
  const { classes } = probe;
  if (probe.method === 'knn') {
    const k = Math.max(1, Math.min(MOST_NEIGHBOURS, Math.floor(probe.labels.length / classes)));
    const votes = neighbourVotes(rows, { data: probe.codes, width: rows.width }, probe.labels, { k, classes });
    return { classes: votes.classes, probabilities: votes.shares };
  }
  const width = probe.parameters.length / classes - 1;
  const probabilities = classProbabilities({ classes, width, parameters: Float64Array.from(probe.parameters) }, rows);
  return { classes: argmaxRows({ data: probabilities, width: classes }), probabilities };
}
