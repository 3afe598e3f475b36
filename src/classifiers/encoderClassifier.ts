import { fromPixels } from '../age/iteration.js';
import {
  CLASSIFIER_ADAM,
  classifierIteration,
  type ClassifierSpec,
  type ClassifierWeights,
  headInput,
  headLayout,
  imageBytes,
  linearHead,
  outputWidth,
  softmax,
} from './classifierGraph.js';
import type { Labels } from './labels.js';
import { EpochSampler } from '../data/batches.js';
import { gatherImages, type Split } from '../data/source.js';
import {
  adamScalars,
  type Compile,
  type Graph,
  graphOf,
  input,
  type Program,
  StatefulProgram,
  unpack,
} from '../engine/index.js';
import { BATCH, runInBatches } from '../model/trainedModel.js';
import { forwardEval } from '../networks/forward.js';
import { initialParameters, initialStatistics } from '../networks/network.js';

/** Features and class probabilities of images. */
export interface Classification {
  /** Output of the encoder [N, M], normalized if `onSphere` is set. */
  readonly features: Float32Array;
  /** [N, K], each row a distribution. */
  readonly probabilities: Float32Array;
}

/** Compiled programs of one classifier specification: one for inference, and one for training per batch size. Each is compiled on first use. */
export class ClassifierPrograms {
  private readonly training = new Map<number, Promise<Program>>();
  private evaluation: Promise<Program> | undefined;

  constructor(
    readonly spec: ClassifierSpec,
    private readonly compile: Compile,
  ) {}

  /** Returns the program that trains on `batch` images per iteration. */
  trainingProgram(batch: number): Promise<Program> {
    const known = this.training.get(batch);
    if (known) return known;
    const program = this.compile(classifierIteration(this.spec, batch));
    this.training.set(batch, program);
    // The next call tries again.
    program.catch(() => this.training.delete(batch));
    return program;
  }

  /**
   * Classifies images with these weights. Normalization uses the running statistics, so a result does not depend on the rest of the batch.
   * @param images bytes [N, C, H, W]
   */
  async classify(weights: ClassifierWeights, images: Uint8Array): Promise<Classification> {
    const { network, classes } = this.spec;
    const evaluation = (this.evaluation ??= this.compile(evaluationGraph(this.spec)));
    evaluation.catch(() => (this.evaluation = undefined));
    const widths = { features: outputWidth(network), probabilities: classes };
    const count = images.length / imageBytes(network);
    return runInBatches(await evaluation, { feeds: { ...weights }, items: { x: images }, count, widths });
  }

  async release(): Promise<void> {
    const programs = [...this.training.values(), ...(this.evaluation ? [this.evaluation] : [])];
    await Promise.all(programs.map(async (program) => (await program).release()));
    this.training.clear();
    this.evaluation = undefined;
  }
}

function evaluationGraph(spec: ClassifierSpec): Graph {
  const { network, classes } = spec;
  const layout = headLayout(outputWidth(network), classes);
  const parameters = input('parameters', [network.parameters.size]);
  const statistics = input('statistics', [network.statistics.size]);
  const head = input('head', [layout.size]);
  const output = forwardEval(network, {
    parameters: unpack(parameters, network.parameters),
    statistics: unpack(statistics, network.statistics),
    x: fromPixels(input('x', [BATCH, ...network.inputShape], 'uint8')),
  });
  const features = headInput(spec, output);
  return graphOf({ features, probabilities: softmax(linearHead(features, unpack(head, layout))) }, [
    parameters,
    statistics,
    head,
  ]);
}

export interface ClassifierTraining {
  readonly steps: number;
  /** Images per iteration, at least 2; limited to the number of images. */
  readonly batch: number;
  /** Initial learning rate of Adam, decayed to 0 along half a cosine. */
  readonly learningRate: number;
  /** Initial learning rate of the head (default: `learningRate`). */
  readonly headLearningRate?: number;
  /** Determines the order of the images. */
  readonly seed: number;
  /** Called after each iteration with its loss. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** Returns initial weights: a randomly initialized encoder and a zero head. */
export function freshClassifier({ network, classes }: ClassifierSpec, seed: number): ClassifierWeights {
  return {
    parameters: initialParameters(network, seed),
    statistics: initialStatistics(network),
    head: new Float32Array(headLayout(outputWidth(network), classes).size),
  };
}

/**
 * Trains a classifier on labeled images. The same seed and thread count give the same weights.
 * @param labels the class of each image
 * @throws {InputError} if there are fewer than 2 images
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
    const decay = (1 + Math.cos((Math.PI * step) / steps)) / 2;
    const schedule = (rate: number) => Float32Array.from(adamScalars(rate * decay, step + 1, CLASSIFIER_ADAM));
    const { loss } = await program.step({
      images: gatherImages({ ...images, labels: null }, indices, imageBytes(network)),
      targets: oneHot(indices, labels, classes),
      'parameters.schedule': schedule(learningRate),
      'head.schedule': schedule(headLearningRate),
    });
    onStep?.(step + 1, (loss!.data as Float32Array)[0]!);
  }
  const { parameters, statistics, head } = await program.readState();
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

/** Returns [batch, K]: 1 at the label of each image, 0 elsewhere. */
function oneHot(indices: Uint32Array, labels: Labels, classes: number): Float32Array {
  const targets = new Float32Array(indices.length * classes);
  indices.forEach((index, row) => (targets[row * classes + labels[index]!] = 1));
  return targets;
}
