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

/** Iterations are limited. */
const [EPOCHS, MIN_STEPS, MAX_STEPS] = [30, 150, 600];
const [BATCH, LEARNING_RATE] = [64, 1e-3];
/** Of the work, if calibration follows: it fits up to five times. */
const FIRST_SHARE = 1 / 6;

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

  private async fit({ indices, labels, seed, onProgress }: Omit<LabelTrial, 'calibrate'>): Promise<NetworkFit> {
    const perEpoch = Math.max(1, Math.floor(indices.length / BATCH));
    // At least two passes over a large set.
    const steps = Math.max(2 * perEpoch, Math.min(MAX_STEPS, Math.max(MIN_STEPS, EPOCHS * perEpoch)));
    const images = subset(this.options.source.train, indices);
    const weights = await trainClassifier(this.programs, this.startAt(seed), images, labels, {
      steps,
      batch: BATCH,
      learningRate: LEARNING_RATE,
      seed,
      onStep: (step) => onProgress(step / steps),
    });
    return { method: this.method, classes: this.classes, weights };
  }

  private async predict(probe: NetworkFit, split: Split, indices: Uint32Array): Promise<Predictions> {
    const table = new PredictionTable(indices.length, this.classes);
    for (const { images, first } of inChunks(split, this.options.model.imageElements, indices))
      table.set(first, await classifyImages(this.programs, probe, images));
    return table;
  }

  /** Calibrates on held-out labels. */
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
