import { messageOf } from '../errors.js';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClassifierSpec, weightLengths } from '../classifiers/classifierGraph.js';
import {
  classifierExtractor,
  type DataClassifier,
  dataClassifierSpec,
  RECIPE,
  trainDataClassifier,
  whyNoClassifier,
} from '../classifiers/dataClassifier.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { rotatedSource, rotationExtractor } from '../classifiers/rotations.js';
import { defaultCacheFolder } from '../data/decoding/decodeCache.node.js';
import { gatherImages, type ImageSource } from '../data/source.js';
import { type Compile, decodeSafetensors } from '../engine/index.js';
import { makeFolder, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { encodeSealed, isSealIntact } from '../training/checkpoint.js';
import { bytesOf, sha256 } from './runFolder.node.js';

const FORMAT = 'agenet feature extractor 3';
/** Evenly spaced images that identify a split. */
const FINGERPRINT_IMAGES = 1000;

export interface ExtractorOptions {
  /** Default: AGENET_CACHE, or a folder in the user's cache. */
  readonly cacheFolder?: string;
  readonly onStep?: (step: number, steps: number, loss: number) => void;
  /** Receives a line if an extractor is trained, or the cache cannot be written. */
  readonly onNote?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

interface Task {
  /** Precedes the name of the data in the name of the extractor. */
  readonly kind: string;
  readonly source: ImageSource;
  /** Whether the classes come from the data. */
  readonly isOfClasses: boolean;
}

/** The classes of the data if it has at least two, else rotations. */
const taskOf = (source: ImageSource): Task =>
  whyNoClassifier(source) === undefined
    ? { kind: 'classifier of', source, isOfClasses: true }
    : { kind: 'rotation classifier of', source: rotatedSource(source), isOfClasses: false };

/**
 * Returns the native feature extractor of data: a small classifier that `RECIPE` trains once, cached as a safetensors file. It learns the
 * labels of the data. If there are none, or a single class, it learns rotations, and gives no class probabilities.
 * @throws {InputError} if no architecture fits the image size
 */
export async function dataExtractor(
  source: ImageSource,
  compile: Compile,
  { cacheFolder = defaultCacheFolder(), onStep, onNote = () => undefined, signal }: ExtractorOptions = {},
): Promise<FeatureExtractor> {
  const { kind, source: task, isOfClasses } = taskOf(source);
  const spec = dataClassifierSpec(task);
  const key = keyOf(task);
  const file = join(cacheFolder, 'extractors', `${key}.safetensors`);
  const name = `${kind} ${source.name} ${source.size.join('x')}x${source.channels} (version ${RECIPE.version}, ${key.slice(0, 8)})`;
  let classifier = await readClassifier(file, spec);
  if (classifier === undefined) {
    const examples = isOfClasses
      ? `the labels of ${source.name}`
      : `rotated images of ${source.name}, which has no classes`;
    onNote(`training the feature extractor on ${examples} (once; cached in ${file})`);
    classifier = await trainDataClassifier(task, compile, { onStep, signal });
    try {
      await makeFolder(join(cacheFolder, 'extractors'));
      // A rename cannot replace a folder.
      if ((await stat(file).catch(() => undefined))?.isDirectory()) await rm(file, { recursive: true });
      await writeFileAtomically(file, encodeClassifier(classifier));
    } catch (error) {
      onNote(`the feature extractor is not cached: ${messageOf(error)}`);
    }
  }
  const { parameters, statistics, head } = classifier.weights;
  // On a different machine, or with a different number of threads, the recipe gives slightly different weights.
  const digest = sha256(...[parameters, statistics, head].map(bytesOf));
  return { ...(isOfClasses ? classifierExtractor : rotationExtractor)(name, spec, classifier, compile), digest };
}

function keyOf(source: ImageSource): string {
  const { train, test, size, channels, classes } = source;
  const pieces: Uint8Array[] = [
    new TextEncoder().encode(
      JSON.stringify({ recipe: RECIPE, size, channels, classes, train: train.count, test: test.count }),
    ),
  ];
  for (const split of [train, test]) {
    const count = Math.min(FINGERPRINT_IMAGES, split.count);
    const indices = Array.from({ length: count }, (_, index) => Math.floor((index * split.count) / count));
    pieces.push(gatherImages(split, indices, size[0] * size[1] * channels), split.labels!);
  }
  return sha256(...pieces);
}

/** Returns undefined if there is none, or it is corrupt. */
async function readClassifier(file: string, spec: ClassifierSpec): Promise<DataClassifier | undefined> {
  try {
    const bytes = await readRegularFile(file);
    const { tensors, metadata } = decodeSafetensors(bytes, file);
    if (metadata.format !== FORMAT || !isSealIntact(bytes, metadata, sha256)) return undefined;
    const fits = Object.entries(weightLengths(spec)).every(([name, length]) => tensors[name]!.data.length === length);
    const [parameters, statistics, head] = ['parameters', 'statistics', 'head'].map((name) => tensors[name]!.data) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    return fits
      ? { weights: { parameters, statistics, head }, testAccuracy: Number(metadata.test_accuracy) }
      : undefined;
  } catch {
    return undefined;
  }
}

function encodeClassifier({ weights, testAccuracy }: DataClassifier): Uint8Array {
  const tensors = Object.fromEntries(
    Object.entries(weights).map(([name, data]: [string, Float32Array]) => [name, { shape: [data.length], data }]),
  );
  return encodeSealed(
    { tensors, metadata: { format: FORMAT, recipe: JSON.stringify(RECIPE), test_accuracy: String(testAccuracy) } },
    sha256,
  );
}
