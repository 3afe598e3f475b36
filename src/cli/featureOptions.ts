import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { InputError } from '../errors.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { wrapReadErrors } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { parseNumber, wholeNumber } from './options.js';

/** The options that describe an image model whose features are used. */
export interface FeatureOptions {
  readonly features?: string | undefined;
  readonly featuresOutput?: string | undefined;
  readonly featuresProbabilities?: string | undefined;
  readonly featuresSize?: number | undefined;
  readonly featuresChannels?: number | undefined;
  readonly featuresMean?: readonly number[] | undefined;
  readonly featuresStd?: readonly number[] | undefined;
}

const wholeSize = wholeNumber(1, 4096);

export const featuresOption = () => new Option('--features <file>', "an ONNX image model (default: a classifier trained once on the data's own labels)");
export const featuresOutputOption = () => new Option('--features-output <name>', 'its output with a row of features an image (default: the only one)');
export const featuresProbabilitiesOption = () => new Option('--features-probabilities <name>', 'its output with class probabilities, for the Inception score');
export const featuresSizeOption = () =>
  new Option('--features-size <pixels>', 'rows and columns that it takes (default: as the file says)').argParser(wholeSize);
export const featuresChannelsOption = () =>
  new Option('--features-channels <number>', 'channels that it takes, 1 or 3 (default: as the file says)').argParser(wholeNumber(1, 3));
export const featuresMeanOption = () =>
  new Option('--features-mean <list>', 'taken from pixels between 0 and 1, one number or one a channel (default: 0)').argParser(numbers);
export const featuresStdOption = () => new Option('--features-std <list>', 'by which they are divided then (default: 1)').argParser(numbers);

/** 0.5 or 0.5,0.4,0.3. */
function numbers(text: string): number[] {
  const parts = text.split(',').map(parseNumber);
  if (parts.length !== 1 && parts.length !== 3) throw new InvalidArgumentError('It must be one number, or three with commas.');
  return parts;
}

/**
 * Requires `--features` for the options that describe its model.
 * @throws {InputError} if one of them would have no effect
 */
export function requireFeatureModel(options: FeatureOptions): void {
  if (options.features !== undefined) return;
  const flag = FEATURE_OPTIONS.find((option) => options[option.attributeName() as keyof FeatureOptions] !== undefined)?.long;
  if (flag) throw new InputError(`${flag}: describes the model of --features, which is not given`);
}

const FEATURE_OPTIONS: readonly Pick<Option, 'long' | 'attributeName'>[] = [
  featuresOutputOption(),
  featuresProbabilitiesOption(),
  featuresSizeOption(),
  featuresChannelsOption(),
  featuresMeanOption(),
  featuresStdOption(),
];

/** Opens an image model as the options say. The name of the extractor has the file's digest, so that other contents have another name. */
export async function openFeatures(file: string, options: FeatureOptions, threads: number): Promise<FeatureExtractor> {
  const { loadOnnxModel } = await import('../engine/runtime/onnxModel.node.js');
  const { modelExtractor } = await import('../metrics/modelExtractor.js');
  const model = await loadOnnxModel(file, threads);
  const digest = createHash('sha256')
    .update(await wrapReadErrors(file, () => readRegularFile(file)))
    .digest('hex');
  const { featuresMean: mean, featuresStd: std, featuresSize: size, featuresChannels: channels } = options;
  const prepared = [size && `size ${size}`, mean && `mean ${mean.join()}`, std && `std ${std.join()}`].filter(Boolean).join(', ');
  return modelExtractor(model, {
    name: `${basename(file)} (${digest.slice(0, 8)}${prepared ? `; ${prepared}` : ''})`,
    digest,
    output: options.featuresOutput,
    probabilities: options.featuresProbabilities,
    size,
    channels,
    mean,
    std,
  });
}
