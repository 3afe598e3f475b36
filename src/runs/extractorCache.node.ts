import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClassifierSpec, headPacking, outputWidth } from '../classifiers/classifierGraph.js';
import { classifierExtractor, type DataClassifier, dataClassifierSpec, RECIPE, trainDataClassifier } from '../classifiers/dataClassifier.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { defaultCacheFolder } from '../data/decoding/decodeCache.node.js';
import { gatherImages, type ImageSource } from '../data/source.js';
import { type Compile, decodeSafetensors, encodeSafetensors } from '../engine/index.js';
import { makeFolder, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';

const FORMAT = 'agenet feature extractor 2';
/** Images whose bytes enter the fingerprint of data, evenly apart. */
const FINGERPRINT_IMAGES = 1000;

export interface ExtractorOptions {
  /** Where trained extractors are kept; AGENET_CACHE, or a folder in the user's cache, by default. */
  readonly cacheFolder?: string;
  readonly onStep?: (step: number, steps: number, loss: number) => void;
  /** Told that an extractor is trained, and of a cache that cannot be written. */
  readonly onNote?: (line: string) => void;
  /** Ends the training of one early, which then rejects with its reason and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The extractor that data have of themselves: a small classifier trained on their labels by `RECIPE`, once; later it is read from the cache,
 * where a safetensors file holds it under a name that follows from the images, the labels and the recipe.
 * @throws {InputError} for data without labels or with one class
 */
export async function dataExtractor(
  source: ImageSource,
  compile: Compile,
  { cacheFolder = defaultCacheFolder(), onStep, onNote = () => undefined, signal }: ExtractorOptions = {},
): Promise<FeatureExtractor> {
  const spec = dataClassifierSpec(source);
  const key = keyOf(source);
  const file = join(cacheFolder, 'extractors', `${key}.safetensors`);
  const name = `classifier of ${source.name} ${source.size.join('x')}x${source.channels} (version ${RECIPE.version}, ${key.slice(0, 8)})`;
  let classifier = await readClassifier(file, spec);
  if (classifier === undefined) {
    onNote(`training the feature extractor on the labels of ${source.name}, once; it is kept in ${file}`);
    classifier = await trainDataClassifier(source, compile, { onStep, signal });
    try {
      await makeFolder(join(cacheFolder, 'extractors'));
      // Only a file can be replaced by renaming another.
      if ((await stat(file).catch(() => undefined))?.isDirectory()) await rm(file, { recursive: true });
      await writeFileAtomically(file, encodeClassifier(classifier, spec));
    } catch (error) {
      onNote(`the feature extractor is not kept: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  // Trained on another machine, or with other threads, the same recipe gives slightly other weights.
  return { ...classifierExtractor(name, spec, classifier, compile), digest: weightsDigest(classifier) };
}

/** SHA-256 of the weights. */
function weightsDigest({ weights: { parameters, statistics, head } }: DataClassifier): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [parameters, statistics, head]) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

/** SHA-256 of what the extractor follows from. */
function keyOf(source: ImageSource): string {
  const { train, test, size, channels, classes } = source;
  const hash = createHash('sha256').update(JSON.stringify({ recipe: RECIPE, size, channels, classes, train: train.count, test: test.count }));
  for (const split of [train, test]) {
    const count = Math.min(FINGERPRINT_IMAGES, split.count);
    const places = Array.from({ length: count }, (_, index) => Math.floor((index * split.count) / count));
    hash.update(gatherImages(split, places, size[0] * size[1] * channels)).update(split.labels!);
  }
  return hash.digest('hex');
}

/** A kept classifier, or undefined where there is none, or one that is damaged. */
async function readClassifier(file: string, spec: ClassifierSpec): Promise<DataClassifier | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readRegularFile(file), file);
    const weights = { parameters: tensors.parameters!.data, statistics: tensors.statistics!.data, head: tensors.head!.data };
    const isWhole = Object.entries(sizesOf(spec)).every(([name, size]) => weights[name as keyof typeof weights].length === size);
    const { sha256, ...described } = metadata;
    const isUnchanged = sha256 === digestOf(weights, described) && described.format === FORMAT;
    return isWhole && isUnchanged ? { weights, testAccuracy: Number(described.test_accuracy) } : undefined;
  } catch {
    return undefined;
  }
}

function encodeClassifier({ weights, testAccuracy }: DataClassifier, spec: ClassifierSpec): Uint8Array {
  const tensors = Object.fromEntries(Object.entries(weights).map(([name, data]: [string, Float32Array]) => [name, { shape: [data.length], data }]));
  const described = { format: FORMAT, recipe: JSON.stringify(RECIPE), input: spec.network.inputShape.join('x'), test_accuracy: String(testAccuracy) };
  return encodeSafetensors({ tensors, metadata: { ...described, sha256: digestOf(weights, described) } });
}

/** SHA-256 of everything in a file, by which a changed one is noticed. */
function digestOf({ parameters, statistics, head }: DataClassifier['weights'], described: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256').update(JSON.stringify(Object.entries(described).sort(([a], [b]) => (a < b ? -1 : 1))));
  for (const { buffer, byteOffset, byteLength } of [parameters, statistics, head]) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

const sizesOf = ({ network, classes }: ClassifierSpec) => ({
  parameters: network.parameters.size,
  statistics: network.statistics.size,
  head: headPacking(outputWidth(network), classes).size,
});
