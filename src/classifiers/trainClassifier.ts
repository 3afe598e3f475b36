import { gatherImages, type Split } from '../data/source.js';
import { EpochSampler } from '../data/batches.js';
import { initialParameters, initialStatistics } from '../networks/network.js';
import { adamScalars, StatefulProgram } from '../engine/index.js';
import { CLASSIFIER_ADAM } from './classifierIteration.js';
import { headPacking } from './classifierHead.js';
import { type ClassifierSpec, type ClassifierWeights, imageBytes, outputWidth } from './classifierSpec.js';
import type { ClassifierPrograms } from './encoderClassifier.js';
import type { Labels } from './labels.js';

/** How a classifier is trained. */
export interface ClassifierTraining {
  readonly steps: number;
  /** Images of an iteration, at least 2; fewer where there are fewer. */
  readonly batch: number;
  /** Adam's, which falls to 0 along half a cosine. */
  readonly learningRate: number;
  /** That of the head, where it is another. */
  readonly headLearningRate?: number;
  /** Determines the order of the images. */
  readonly seed: number;
  /** Called after each iteration with its loss. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** Fresh weights: the encoder's as before any training, a head of zeros. */
export function freshClassifier({ network, classes }: ClassifierSpec, seed: number): ClassifierWeights {
  return {
    parameters: initialParameters(network, seed),
    statistics: initialStatistics(network),
    head: new Float32Array(headPacking(outputWidth(network), classes).size),
  };
}

/**
 * Trains a classifier on labelled images; the same seed on the same threads gives the same weights.
 * @param images the labelled images; those of a label stand at its place
 * @throws InputError for fewer than 2 images
 */
export async function trainClassifier(
  programs: ClassifierPrograms,
  start: ClassifierWeights,
  images: Pick<Split, 'count' | 'copyImage'>,
  labels: Labels,
  { steps, batch, learningRate, headLearningRate = learningRate, seed, onStep }: ClassifierTraining,
): Promise<ClassifierWeights> {
  const { network, classes } = programs.spec;
  const size = Math.min(batch, images.count);
  const sampler = new EpochSampler(images.count, Math.max(2, size), seed);
  const program = new StatefulProgram(await programs.trainingProgram(Math.max(2, size)), withMoments(start));
  for (let step = 0; step < steps; step++) {
    const indices = sampler.indicesOf(step);
    const share = (1 + Math.cos((Math.PI * step) / steps)) / 2;
    const schedule = (rate: number) => Float32Array.from(adamScalars(rate * share, step + 1, CLASSIFIER_ADAM));
    const { loss } = await program.step({
      images: gatherImages({ ...images, labels: null }, indices, imageBytes(network)),
      targets: oneHot(indices, labels, classes),
      'parameters.schedule': schedule(learningRate),
      'head.schedule': schedule(headLearningRate),
    });
    onStep?.(step + 1, (loss!.data as Float32Array)[0]!);
  }
  const { parameters, statistics, head } = program.state;
  return { parameters: parameters!, statistics: statistics!, head: head! };
}

function withMoments({ parameters, statistics, head }: ClassifierWeights): Record<string, Float32Array> {
  const zeros = (vector: Float32Array) => new Float32Array(vector.length);
  return {
    parameters,
    statistics,
    head,
    'parameters.m': zeros(parameters),
    'parameters.v': zeros(parameters),
    'head.m': zeros(head),
    'head.v': zeros(head),
  };
}

/** [batch, K]: 1 at the label of each image. */
function oneHot(indices: Uint32Array, labels: Labels, classes: number): Float32Array {
  const targets = new Float32Array(indices.length * classes);
  indices.forEach((index, row) => (targets[row * classes + labels[index]!] = 1));
  return targets;
}
