import { type ClassifierSpec, type ClassifierWeights, imageBytes, outputWidth } from './classifierGraph.js';
import { ClassifierPrograms, freshClassifier, trainClassifier } from './encoderClassifier.js';
import { type FeatureExtractor, requireFinite } from './featureExtractor.js';
import { accuracyOf } from './labels.js';
import type { ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { inChunks } from '../model/chunks.js';
import { architectureFor, ARCHITECTURES } from '../networks/architecture.js';
import type { Network } from '../networks/network.js';

/**
 * How the default feature extractor is trained: an encoder for the image size, with a linear head that predicts labels.
 * Its features are the encoder's output. Raise `version` with every change that affects the weights.
 */
export const RECIPE = {
  version: 1,
  width: 32,
  features: 128,
  batch: 128,
  learningRate: 1e-3,
  /** The limits below take precedence. */
  epochs: 2,
  leastSteps: 200,
  mostSteps: 1500,
  seed: 0,
} as const;

export function whyNoClassifier({ train, classes }: ImageSource): string | undefined {
  if (train.labels === null || classes === null) return 'has no labels to train a classifier on';
  if (new Set(train.labels).size < 2) return 'has a single class, but a classifier needs at least 2';
  return undefined;
}

/** @throws {InputError} if no architecture fits, or the data has no labels or a single class */
export function dataClassifierSpec(source: ImageSource): ClassifierSpec {
  const problem = whyNoClassifier(source);
  if (problem !== undefined) throw new InputError(source.name, problem);
  return { network: classifierNetwork(source), classes: source.classes!, onSphere: false };
}

/** @throws {InputError} if no architecture fits */
export function classifierNetwork({ channels, size }: Pick<ImageSource, 'channels' | 'size'>): Network {
  const { features: latentSize, width } = RECIPE;
  return ARCHITECTURES[architectureFor(size[0])].build({ channels, latentSize, width }).encoder;
}

export interface DataClassifier {
  weights: ClassifierWeights;
  /** 0 to 1; NaN if there are no test images. */
  testAccuracy: number;
}

export async function trainDataClassifier(
  source: ImageSource,
  compile: Compile,
  hooks: {
    onStep?: ((step: number, steps: number, loss: number) => void) | undefined;
    /** When aborted, training rejects with the signal's reason. */
    signal?: AbortSignal | undefined;
  } = {},
): Promise<DataClassifier> {
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
        hooks.signal?.throwIfAborted();
        hooks.onStep?.(step, steps, loss);
      },
    });
    const predicted: number[] = [];
    for (const { images } of inChunks(source.test, imageBytes(spec.network))) {
      predicted.push(...(await programs.classify(weights, images)).classes);
    }
    return { weights, testAccuracy: source.test.count === 0 ? NaN : accuracyOf(predicted, source.test.labels!) };
  } finally {
    await programs.release();
  }
}

export function classifierExtractor(
  name: string,
  spec: ClassifierSpec,
  { weights, testAccuracy }: DataClassifier,
  compile: Compile,
): FeatureExtractor {
  const programs = new ClassifierPrograms(spec, compile);
  const width = outputWidth(spec.network);
  return {
    name,
    width,
    testAccuracy,
    extract: async ({ data }) => {
      const { features, probabilities } = await programs.classify(weights, data);
      const rows = { features: { data: features, width }, probabilities: { data: probabilities, width: spec.classes } };
      return requireFinite(rows, name);
    },
    release: () => programs.release(),
  };
}
