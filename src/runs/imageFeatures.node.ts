/** The constant network whose features the distance of images compares, of an ONNX file or of the data's classifier. */
import { join } from 'node:path';
import { type FeatureMaps, usesDistance } from '../age/imageDistance.js';
import { classifierNetwork } from '../classifiers/dataClassifier.js';
import { encoderFeatures, importFeatures } from '../classifiers/featureMaps.js';
import { awaitDecoding, type ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { readOnnxFile } from '../engine/import/importOnnxFile.node.js';
import { InputError } from '../errors.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { initialParameters, initialStatistics } from '../networks/network.js';
import type { Configuration } from '../training/configuration.js';
import { classifierFile, decodeFeatureWeights, type ExtractorOptions } from './extractorCache.node.js';
import { Ranks } from './ranks.node.js';
import { sha256 } from './runFolder.node.js';

/** In the run folder: a cache may lose the classifier, and training it again gives slightly different weights. */
export const FEATURES_NAME = 'features.safetensors';

export interface ImageFeatures {
  maps: FeatureMaps;
  digest: string;
  /** Content of `FEATURES_NAME`, if the data's classifier computes the features. */
  file?: Uint8Array;
}

interface FeatureOptions extends ExtractorOptions {
  source: ImageSource;
  compile: Compile;
  /** Path of the run folder, if there is one. */
  folder?: string | undefined;
  ranks?: Ranks | undefined;
}

/** Returns the network if `matchX` compares features; a classifier of the data has random weights, as nothing is trained. */
export async function draftFeatures(configuration: Configuration): Promise<FeatureMaps | undefined> {
  if (!usesDistance(configuration.matchX, 'features')) return undefined;
  if (configuration.features !== undefined)
    return mapsOf(configuration, await readOnnxFile(configuration.features), configuration.features);
  const network = networkFor(configuration);
  return encoderFeatures(network, {
    parameters: initialParameters(network, 0),
    statistics: initialStatistics(network),
  });
}

/**
 * Opens the network if `matchX` compares features. Trains a classifier of the data if there is none.
 * @throws {InputError} if the model cannot be used, or is not the one with which the run began
 */
export async function openFeatures(
  configuration: Configuration,
  options: FeatureOptions,
): Promise<ImageFeatures | undefined> {
  if (!usesDistance(configuration.matchX, 'features')) return undefined;
  const { features, featuresDigest } = configuration;
  const { ranks = Ranks.alone(options.compile) } = options;
  const file = features ?? join(options.folder ?? '', FEATURES_NAME);
  const bytes = await ranks.shareBytes(() =>
    features === undefined ? classifierBytes(options) : readOnnxFile(features),
  );
  const digest = sha256(bytes);
  if (featuresDigest !== undefined && featuresDigest !== digest) {
    const problem = features === undefined ? 'missing or damaged' : 'not the file with which the run began';
    throw new InputError(file, problem, 'restore it, or start a new run');
  }
  const maps = await mapsOf(configuration, bytes, file);
  return { maps, digest, ...(features === undefined && { file: bytes }) };
}

const networkFor = ({ channels, size }: Configuration) => classifierNetwork({ channels, size: [size, size] });

async function classifierBytes({ folder, source, compile, ...options }: FeatureOptions) {
  const kept =
    folder === undefined ? undefined : await readRegularFile(join(folder, FEATURES_NAME)).catch(() => undefined);
  return kept ?? classifierFile(await awaitDecoding(source), compile, options);
}

async function mapsOf(configuration: Configuration, bytes: Uint8Array, file: string): Promise<FeatureMaps> {
  const { channels, size, batch, features } = configuration;
  if (features === undefined) {
    const network = networkFor(configuration);
    return encoderFeatures(network, decodeFeatureWeights(bytes, network, file));
  }
  const { featuresOutputs: outputs, featuresSize, featuresMean: mean, featuresStd: std } = configuration;
  return importFeatures(bytes, [channels, size, size], batch, { name: file, outputs, size: featuresSize, mean, std });
}
