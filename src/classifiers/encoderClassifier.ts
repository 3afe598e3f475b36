import {
  CLASSIFIER_ADAM,
  classifierIteration,
  type ClassifierSpec,
  type ClassifierWeights,
  evaluationGraph,
  imageBytes,
  outputWidth,
  weightLengths,
} from './classifierGraph.js';
import { gatherLabels, type Labels } from './labels.js';
import { oneHot } from '../conditions/classes.js';
import { EpochSampler } from '../data/batches.js';
import { gatherImages, type Split } from '../data/source.js';
import { adamScalars, type Compile, type Program, StatefulProgram } from '../engine/index.js';
import { Programs, runInBatches } from '../model/trainedModel.js';
import { initialParameters, initialStatistics } from '../networks/network.js';
import { argmaxRows } from '../numerics/features.js';

export class ClassifierPrograms {
  private readonly programs: Programs;

  constructor(
    readonly spec: ClassifierSpec,
    compile: Compile,
  ) {
    this.programs = new Programs(compile);
  }

  trainingProgram(batch: number): Promise<Program> {
    return this.programs.get(`training ${batch}`, () => classifierIteration(this.spec, batch));
  }

  /**
   * Classifies bytes [N, C, H, W].
   * @returns `features` [N, M], the inputs of the head; `probabilities` [N, K], whose rows sum to 1; and `classes` [N]
   */
  async classify(weights: ClassifierWeights, images: Uint8Array) {
    const { network, classes } = this.spec;
    const program = await this.programs.get('evaluation', () => evaluationGraph(this.spec));
    const widths = { features: outputWidth(network), probabilities: classes };
    const count = images.length / imageBytes(network);
    const rows = await runInBatches(program, { feeds: { ...weights }, items: { x: images }, count, widths });
    return { ...rows, classes: argmaxRows({ data: rows.probabilities, width: classes }) };
  }

  release(): Promise<void> {
    return this.programs.release();
  }
}

interface ClassifierTraining {
  steps: number;
  /** At least 2; limited to the number of images. */
  batch: number;
  /** Decays to 0 along half a cosine. */
  learningRate: number;
  seed: number;
  onStep?: (step: number, loss: number) => void;
}

/** Returns random encoder weights and a head of zeros. */
export const freshClassifier = (spec: ClassifierSpec, seed: number): ClassifierWeights => ({
  parameters: initialParameters(spec.network, seed),
  statistics: initialStatistics(spec.network),
  head: new Float32Array(weightLengths(spec).head),
});

/**
 * The same seed and thread count give the same weights.
 * @throws {InputError} if there are fewer than 2 images
 */
export async function trainClassifier(
  programs: ClassifierPrograms,
  start: ClassifierWeights,
  images: Pick<Split, 'count' | 'copyImage'>,
  labels: Labels,
  { steps, batch, learningRate, seed, onStep }: ClassifierTraining,
): Promise<ClassifierWeights> {
  const { network, classes } = programs.spec;
  const size = Math.max(2, Math.min(batch, images.count));
  const sampler = new EpochSampler(images.count, size, seed);
  const program = new StatefulProgram(await programs.trainingProgram(size), withMoments(start));
  for (let step = 0; step < steps; step++) {
    const indices = sampler.indicesOf(step);
    const decay = (1 + Math.cos((Math.PI * step) / steps)) / 2;
    const schedule = Float32Array.from(adamScalars(learningRate * decay, step + 1, CLASSIFIER_ADAM));
    const { loss } = await program.step({
      images: gatherImages(images, indices, imageBytes(network)),
      targets: oneHot(gatherLabels(labels, indices), classes),
      'parameters.schedule': schedule,
      'head.schedule': schedule,
    });
    onStep?.(step + 1, (loss!.data as Float32Array)[0]!);
  }
  const { parameters, statistics, head } = await program.readState();
  return { parameters: parameters!, statistics: statistics!, head: head! };
}

function withMoments(weights: ClassifierWeights): Record<string, Float32Array> {
  const moments = (['parameters', 'head'] as const).flatMap((name) =>
    ['m', 'v'].map((moment) => [`${name}.${moment}`, new Float32Array(weights[name].length)] as const),
  );
  return { ...weights, ...Object.fromEntries(moments) };
}
