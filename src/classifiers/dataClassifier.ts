import { type ClassifierSpec, type ClassifierWeights, imageBytes, outputWidth } from './classifierGraph.js';
import { ClassifierPrograms, freshClassifier, trainClassifier } from './encoderClassifier.js';
import { type FeatureExtractor, requireFinite } from './featureExtractor.js';
import { accuracyOf } from './labels.js';
import type { ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { inChunks } from '../model/chunks.js';
import { architectureFor, ARCHITECTURES } from '../networks/architecture.js';
import { argmaxRows } from '../numerics/features.js';

/**
 * How the classifier is made in whose features samples are compared, unless another extractor is given: the encoder of the architecture
 * for the images' size, without normalization of its output, which are the features, and a linear head on it. A change of what follows from
 * these numbers needs another version.
 */
export const RECIPE = {
  version: 1,
  width: 32,
  features: 128,
  batch: 128,
  learningRate: 1e-3,
  /** As many iterations as this many passes over the data take, but within these limits. */
  epochs: 2,
  leastSteps: 200,
  mostSteps: 1500,
  seed: 0,
} as const;

/** Why data have no classifier, as a line for the user; undefined where they can have one. */
export function whyNoClassifier({ name, train, classes }: ImageSource): string | undefined {
  if (train.labels === null || classes === null) return `${name} has no labels to train a feature extractor on`;
  if (new Set(train.labels).size < 2) return `${name} has a single class, on which no feature extractor can be trained`;
  return undefined;
}

/** @throws {InputError} for a size that no architecture is made for, and for data without labels or with one class */
export function dataClassifierSpec(source: ImageSource): ClassifierSpec {
  const problem = whyNoClassifier(source);
  if (problem !== undefined) throw new InputError(problem);
  const architecture = ARCHITECTURES[architectureFor(source.size[0])];
  const { encoder } = architecture.build({ channels: source.channels, latentSize: RECIPE.features, width: RECIPE.width });
  return { network: encoder, classes: source.classes!, onSphere: false };
}

/** A trained classifier, and the part of the data's test labels that it meets. */
export interface DataClassifier {
  readonly weights: ClassifierWeights;
  /** NaN where there are no test images. */
  readonly testAccuracy: number;
}

export interface ClassifierTrainingHooks {
  readonly onStep?: ((step: number, steps: number, loss: number) => void) | undefined;
  /** Ends the training early, which then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Trains the classifier on the data's own labels. */
export async function trainDataClassifier(source: ImageSource, compile: Compile, { onStep, signal }: ClassifierTrainingHooks = {}): Promise<DataClassifier> {
  const spec = dataClassifierSpec(source);
  const programs = new ClassifierPrograms(spec, compile);
  try {
    const { batch, learningRate, seed, epochs, leastSteps, mostSteps } = RECIPE;
    const perEpoch = Math.max(1, Math.floor(source.train.count / batch));
    const steps = Math.min(mostSteps, Math.max(leastSteps, epochs * perEpoch));
    const weights = await trainClassifier(programs, freshClassifier(spec, seed), source.train, source.train.labels!, {
      steps,
      batch,
      learningRate,
      seed,
      onStep: (step, loss) => {
        signal?.throwIfAborted();
        onStep?.(step, steps, loss);
      },
    });
    const predicted: number[] = [];
    for (const { images } of inChunks(source.test, imageBytes(spec.network))) {
      const { probabilities } = await programs.classify(weights, images);
      predicted.push(...argmaxRows({ data: probabilities, width: spec.classes }));
    }
    return { weights, testAccuracy: source.test.count === 0 ? NaN : accuracyOf(predicted, source.test.labels!) };
  } finally {
    await programs.release();
  }
}

/** A trained classifier as an extractor: its features are the encoder's output. */
export function classifierExtractor(name: string, spec: ClassifierSpec, { weights, testAccuracy }: DataClassifier, compile: Compile): FeatureExtractor {
  const programs = new ClassifierPrograms(spec, compile);
  return {
    name,
    width: outputWidth(spec.network),
    testAccuracy,
    extract: async ({ data }) => {
      const { features, probabilities } = await programs.classify(weights, data);
      return requireFinite(
        { features: { data: features, width: outputWidth(spec.network) }, probabilities: { data: probabilities, width: spec.classes } },
        name,
      );
    },
    release: () => programs.release(),
  };
}
