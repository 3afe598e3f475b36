import { fromPixels } from '../age/iteration.js';
import { forwardEval } from '../networks/forward.js';
import { type Compile, type Graph, graphOf, input, type Program, unpack } from '../engine/index.js';
import { BATCH, runInBatches } from '../model/batches.js';
import { headPacking, linearHead, softmax } from './classifierHead.js';
import { classifierIteration } from './classifierIteration.js';
import { type ClassifierSpec, type ClassifierWeights, headInput, imageBytes, outputWidth } from './classifierSpec.js';

/** What a classifier says of images. */
export interface Classification {
  /** The encoder's output, on the sphere if the specification says so [N, M]. */
  readonly features: Float32Array;
  /** [N, K], each row a distribution. */
  readonly probabilities: Float32Array;
}

/** The compiled halves of classifiers of one kind, each made when it is first needed: one to classify, one to train for each batch size. */
export class ClassifierPrograms {
  private readonly training = new Map<number, Promise<Program>>();
  private evaluation: Promise<Program> | undefined;

  constructor(
    readonly spec: ClassifierSpec,
    private readonly compile: Compile,
  ) {}

  /** Trains on so many images an iteration. */
  trainingProgram(batch: number): Promise<Program> {
    const known = this.training.get(batch);
    if (known) return known;
    const program = this.compile(classifierIteration(this.spec, batch));
    this.training.set(batch, program);
    // A failure is not kept, so that the next call tries again.
    program.catch(() => this.training.delete(batch));
    return program;
  }

  /**
   * Classifies images by given weights; running statistics normalise, so that a result does not depend on what else is in its batch.
   * @param images bytes [N, C, H, W]
   */
  async classify(weights: ClassifierWeights, images: Uint8Array): Promise<Classification> {
    const { network, classes } = this.spec;
    const evaluation = (this.evaluation ??= this.compile(evaluationGraph(this.spec)));
    evaluation.catch(() => (this.evaluation = undefined));
    const widths = { features: outputWidth(network), probabilities: classes };
    return runInBatches(await evaluation, { ...weights }, images, imageBytes(network), widths);
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
  const packing = headPacking(outputWidth(network), classes);
  const parameters = input('parameters', [network.parameters.size]);
  const statistics = input('statistics', [network.statistics.size]);
  const head = input('head', [packing.size]);
  const batch = input('batch', [BATCH, ...network.inputShape], 'uint8');
  const output = forwardEval(network, unpack(parameters, network.parameters), unpack(statistics, network.statistics), fromPixels(batch));
  const features = headInput(spec, output);
  return graphOf({ features, probabilities: softmax(linearHead(features, unpack(head, packing))) }, [parameters, statistics, head]);
}
