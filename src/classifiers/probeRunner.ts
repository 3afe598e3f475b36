import { expectedCalibrationError } from './calibration.js';
import type { FittedProbe, Predictions } from './fittedProbe.js';
import { accuracyOf, gatherLabels } from './labels.js';
import type { ImageSource, Split } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { drawnIndices } from '../model/chunks.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';

export interface ProbeRunnerOptions {
  readonly model: TrainedModel;
  readonly weights: ModelWeights;
  readonly source: ImageSource;
  readonly seed: number;
  readonly compile: Compile;
  /** Returns the codes of images of a split, for example stored ones (default: encodes them). */
  readonly codesOf?: ((split: Split, indices: Uint32Array) => Promise<Float32Array>) | undefined;
  /** Receives how much of a phase is done: `images` that are encoded, and `classifiers` that are fitted, also in part. */
  readonly onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

/** A subset of labeled training images. */
export interface LabelTrial {
  readonly indices: Uint32Array;
  readonly labels: Uint32Array;
  readonly seed: number;
  /** Whether to calibrate the probabilities, which takes further fits. */
  readonly calibrate: boolean;
  /** Receives the fraction of the work on this trial that is done. */
  readonly onProgress: (fraction: number) => void;
}

/** A fitted classifier and its results on the test images. */
export interface TestedProbe {
  readonly probe: FittedProbe;
  readonly accuracy: number;
  /** Expected calibration error. */
  readonly calibrationError: number;
}

export interface ProbeRunner {
  readonly fitAndTest: (trial: LabelTrial) => Promise<TestedProbe>;
  readonly release: () => Promise<void>;
}

export const TEST_IMAGES = 10_000;

/** Returns the indices of the test images, and a function that scores predictions of them. */
export function testImages({ source: { test }, seed }: ProbeRunnerOptions, classes: number) {
  const indices = drawnIndices(test, TEST_IMAGES, seed);
  const labels = gatherLabels(test.labels!, indices);
  const score = (probe: FittedProbe, predictions: Predictions): TestedProbe => ({
    probe,
    accuracy: accuracyOf(predictions.classes, labels),
    calibrationError: expectedCalibrationError({ data: predictions.probabilities, width: classes }, labels),
  });
  return { indices, score };
}

export class PredictionTable implements Predictions {
  readonly classes: Uint32Array;
  readonly probabilities: Float64Array;

  constructor(
    count: number,
    private readonly width: number,
  ) {
    this.classes = new Uint32Array(count);
    this.probabilities = new Float64Array(count * width);
  }

  set(first: number, { classes, probabilities }: Predictions): void {
    this.classes.set(classes, first);
    this.probabilities.set(probabilities, first * this.width);
  }
}
