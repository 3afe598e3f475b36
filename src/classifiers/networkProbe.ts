import { calibrationSplits, fitLogitScale, type LabeledRows } from './calibration.js';
import type { ClassifierWeights } from './classifierGraph.js';
import { ClassifierPrograms, freshClassifier, trainClassifier } from './encoderClassifier.js';
import { classifyImages, type NetworkFit, networkSpec, type Predictions } from './fittedProbe.js';
import { gatherLabels } from './labels.js';
import {
  type LabelTrial,
  PredictionTable,
  type ProbeRunner,
  type ProbeRunnerOptions,
  type TestedProbe,
  testImages,
} from './probeRunner.js';
import { type Split, subset } from '../data/source.js';
import { inChunks } from '../model/chunks.js';

/** Passes over the labeled images, within limits on the iterations. */
const TRAINING = { batch: 64, epochs: 30, minSteps: 150, maxSteps: 600, learningRate: 1e-3 };
/** The first fit is one of up to six if probabilities are calibrated. */
const FIRST_SHARE = 1 / 6;

type Training = Omit<LabelTrial, 'calibrate'>;

/** Trains the encoder with a linear head: from the model's weights, or from scratch. */
export class NetworkRunner implements ProbeRunner {
  private readonly programs: ClassifierPrograms;
  private readonly test: ReturnType<typeof testImages>;

  constructor(
    private readonly method: NetworkFit['method'],
    private readonly options: ProbeRunnerOptions,
    private readonly classes: number,
  ) {
    this.programs = new ClassifierPrograms(networkSpec(options.model, classes), options.compile);
    this.test = testImages(options, classes);
  }

  async fitAndTest(trial: LabelTrial): Promise<TestedProbe> {
    const share = trial.calibrate ? FIRST_SHARE : 1;
    const fitted = await this.fit({ ...trial, onProgress: (fraction) => trial.onProgress(share * fraction) });
    const probe = trial.calibrate ? await this.calibrated(fitted, trial) : fitted;
    return this.test.score(probe, await this.predict(probe, this.options.source.test, this.test.indices));
  }

  release(): Promise<void> {
    return this.programs.release();
  }

  private startAt(seed: number): ClassifierWeights {
    const { weights } = this.options;
    const fresh = freshClassifier(this.programs.spec, seed);
    return this.method === 'supervised'
      ? fresh
      : { ...fresh, parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
  }

  private async fit({ indices, labels, seed, onProgress }: Training): Promise<NetworkFit> {
    const { batch, epochs, minSteps, maxSteps, learningRate } = TRAINING;
    const perEpoch = Math.max(1, Math.floor(indices.length / batch));
    // Every label of a large set is used at least twice.
    const steps = Math.max(2 * perEpoch, Math.min(maxSteps, Math.max(minSteps, epochs * perEpoch)));
    const onStep = (step: number) => onProgress(step / steps);
    const images = subset(this.options.source.train, indices);
    const weights = await trainClassifier(this.programs, this.startAt(seed), images, labels, {
      steps,
      batch,
      learningRate,
      seed,
      onStep,
    });
    return { method: this.method, classes: this.classes, weights };
  }

  /** Predicts the images of a split at `indices`. */
  private async predict(probe: NetworkFit, split: Split, indices: Uint32Array): Promise<Predictions> {
    const table = new PredictionTable(indices.length, this.classes);
    for (const { images, first } of inChunks(split, this.options.model.imageElements, indices))
      table.set(first, await classifyImages(this.programs, probe, images));
    return table;
  }

  /** Scales the logits of the head to calibrate the probabilities on held-out labels. */
  private async calibrated(probe: NetworkFit, { indices, labels, seed, onProgress }: LabelTrial): Promise<NetworkFit> {
    const parts: LabeledRows[] = [];
    const splits = calibrationSplits(labels, this.classes, seed);
    const at = (chosen: Uint32Array) => ({
      indices: chosen.map((index) => indices[index]!),
      labels: gatherLabels(labels, chosen),
    });
    for (const [number, { training, heldOut }] of splits.entries()) {
      const onPart = (fraction: number) =>
        onProgress(FIRST_SHARE + ((1 - FIRST_SHARE) * (number + fraction)) / splits.length);
      const partial = await this.fit({ ...at(training), seed, onProgress: onPart });
      const held = at(heldOut);
      const { probabilities } = await this.predict(partial, this.options.source.train, held.indices);
      parts.push({ probabilities: { data: probabilities, width: this.classes }, labels: held.labels });
    }
    const scale = fitLogitScale(parts);
    return { ...probe, weights: { ...probe.weights, head: probe.weights.head.map((value) => scale * value) } };
  }
}
