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
import type { Compile } from '../engine/index.js';
import { InputError, messageOf } from '../errors.js';
import { writeEntry } from '../files/cacheFolder.node.js';
import type { Network } from '../networks/network.js';
import { encodeSealed } from '../training/checkpoint.js';
import { bytesOf, sha256 } from './runFolder.node.js';
import { decodeSealed, readSealed, vectorTensors } from './sealedFile.node.js';

const FORMAT = 'agenet feature extractor 3';
/** Evenly spaced images that identify a split. */
const FINGERPRINT_IMAGES = 1000;

export interface ExtractorOptions {
  /** Default: AGENET_CACHE, or a folder in the user's cache. */
  cacheFolder?: string;
  onStep?: (step: number, steps: number, loss: number) => void;
  onNote?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Returns the native feature extractor of data, a small classifier.
 * @throws {InputError} if no architecture fits the image size
 */
export async function dataExtractor(
  source: ImageSource,
  compile: Compile,
  options: ExtractorOptions = {},
): Promise<FeatureExtractor> {
  const { classifier, spec, isOfClasses, key } = await trainedClassifier(source, compile, options);
  const kind = isOfClasses ? 'classifier' : 'rotation classifier';
  const name = `${kind} of ${source.name} ${source.size.join('x')}x${source.channels} (version ${RECIPE.version}, ${key.slice(0, 8)})`;
  const { parameters, statistics, head } = classifier.weights;
  // Weights differ slightly between machines and numbers of threads.
  const digest = sha256(...[parameters, statistics, head].map(bytesOf));
  return { ...(isOfClasses ? classifierExtractor : rotationExtractor)(name, spec, classifier, compile), digest };
}

/**
 * Returns the classifier of data that `RECIPE` trains once, cached as a sealed file. It learns the labels. Without two
 * classes, it learns rotations.
 */
async function trainedClassifier(
  source: ImageSource,
  compile: Compile,
  { cacheFolder = defaultCacheFolder(), onStep, onNote = () => undefined, signal }: ExtractorOptions,
) {
  const isOfClasses = whyNoClassifier(source) === undefined;
  const task = isOfClasses ? source : rotatedSource(source);
  const spec = dataClassifierSpec(task);
  const key = keyOf(task);
  const file = join(cacheFolder, 'extractors', `${key}.safetensors`);
  let classifier = await readClassifier(file, spec);
  if (classifier === undefined) {
    const examples = isOfClasses
      ? `the labels of ${source.name}`
      : `rotated images of ${source.name}, which has no classes`;
    onNote(`training the feature extractor on ${examples} (once; cached in ${file})`);
    classifier = await trainDataClassifier(task, compile, { onStep, signal });
    try {
      await writeEntry(file, encodeClassifier(classifier));
    } catch (error) {
      onNote(`the feature extractor is not cached: ${messageOf(error)}`);
    }
  }
  return { classifier, spec, isOfClasses, key };
}

/** Returns the classifier of data as a sealed file, which `decodeFeatureWeights` reads. */
export const classifierFile = async (
  source: ImageSource,
  compile: Compile,
  options: ExtractorOptions,
): Promise<Uint8Array> => encodeClassifier((await trainedClassifier(source, compile, options)).classifier);

/** @throws {InputError} if the file is damaged, or its network has other sizes */
export function decodeFeatureWeights(bytes: Uint8Array, network: Network, name: string) {
  const found = decodeSealed(bytes, FORMAT, name);
  const { parameters, statistics } = found?.tensors ?? {};
  const fits =
    parameters?.data.length === network.parameters.size && statistics?.data.length === network.statistics.size;
  if (!fits) throw new InputError(name, 'not the feature extractor of this run', 'restore the file');
  return { parameters: parameters.data, statistics: statistics.data };
}

function keyOf({ train, test, size, channels, classes }: ImageSource) {
  const header = { recipe: RECIPE, size, channels, classes, train: train.count, test: test.count };
  const pieces: Uint8Array[] = [Buffer.from(JSON.stringify(header))];
  for (const split of [train, test]) {
    const count = Math.min(FINGERPRINT_IMAGES, split.count);
    const indices = Array.from({ length: count }, (_, index) => Math.floor((index * split.count) / count));
    pieces.push(gatherImages(split, indices, size[0] * size[1] * channels), split.labels!);
  }
  return sha256(...pieces);
}

async function readClassifier(file: string, spec: ClassifierSpec): Promise<DataClassifier | undefined> {
  const found = await readSealed(file, FORMAT);
  const lengths = Object.entries(weightLengths(spec));
  if (!found || lengths.some(([name, length]) => found.tensors[name]?.data.length !== length)) return undefined;
  const { parameters, statistics, head } = found.tensors;
  const weights = { parameters: parameters!.data, statistics: statistics!.data, head: head!.data };
  return { weights, testAccuracy: Number(found.metadata.test_accuracy) };
}

function encodeClassifier({ weights, testAccuracy }: DataClassifier) {
  const metadata = { format: FORMAT, recipe: JSON.stringify(RECIPE), test_accuracy: String(testAccuracy) };
  return encodeSealed({ tensors: vectorTensors({ ...weights }), metadata }, sha256);
}
