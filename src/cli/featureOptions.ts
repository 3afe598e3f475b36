import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { InputError, setting, text } from '../errors.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { wrapReadErrors } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { parseNumber, wholeNumber } from './options.js';

/** Options that describe an external ONNX model for feature extraction. */
export interface FeatureOptions {
  readonly features?: string | undefined;
  readonly featuresOutput?: string | undefined;
  readonly featuresProbabilities?: string | undefined;
  readonly featuresSize?: number | undefined;
  readonly featuresChannels?: number | undefined;
  readonly featuresMean?: readonly number[] | undefined;
  readonly featuresStd?: readonly number[] | undefined;
}

/** The model, and its description. */
export const featuresOption = () =>
  new Option('--features <file>', 'an ONNX image model (default: a classifier trained once on the data)');
export const featuresOutputOption = () =>
  new Option('--features-output <name>', 'output of the model with features, [N, D] (default: the only output)');
export const featuresProbabilitiesOption = () =>
  new Option(
    '--features-probabilities <name>',
    'output of the model with class probabilities, for the Inception score',
  );
export const featuresSizeOption = () =>
  new Option('--features-size <pixels>', 'side length of the model input (default: as declared in the file)').argParser(
    wholeNumber(1, 4096),
  );
export const featuresChannelsOption = () =>
  new Option(
    '--features-channels <number>',
    'channels of the model input, 1 or 3 (default: as declared in the file)',
  ).argParser(wholeNumber(1, 3));
export const featuresMeanOption = () =>
  new Option(
    '--features-mean <list>',
    'mean to subtract from pixels in [0, 1], one value or three (default: 0)',
  ).argParser(numbers);
export const featuresStdOption = () =>
  new Option('--features-std <list>', 'std to divide by, one value or three (default: 1)').argParser(numbers);

/** Parses one value or three, such as 0.5 or 0.5,0.4,0.3. */
function numbers(text: string): number[] {
  const parts = text.split(',').map(parseNumber);
  if (parts.length !== 1 && parts.length !== 3)
    throw new InvalidArgumentError('It must be one number, or three separated by commas.');
  return parts;
}

/** @throws {InputError} if a description of the model would have no effect, because there is no model */
export function requireFeatureModel({ features, ...options }: FeatureOptions): void {
  if (features !== undefined) return;
  const key = DESCRIPTIONS.find((name) => options[name] !== undefined);
  if (key)
    throw new InputError(setting(key), text`requires ${setting('features')}`, text`add ${setting('features')} FILE`);
}

const DESCRIPTIONS = [
  'featuresOutput',
  'featuresProbabilities',
  'featuresSize',
  'featuresChannels',
  'featuresMean',
  'featuresStd',
] as const;

/** Opens the model of `--features`. The extractor's name contains the digest of the file. */
export async function openFeatures(file: string, options: FeatureOptions, threads: number): Promise<FeatureExtractor> {
  const { loadOnnxModel } = await import('../engine/runtime/onnxModel.node.js');
  const { modelExtractor } = await import('../metrics/modelExtractor.js');
  const model = await loadOnnxModel(file, threads);
  const digest = createHash('sha256')
    .update(await wrapReadErrors(file, () => readRegularFile(file)))
    .digest('hex');
  const { featuresMean: mean, featuresStd: std, featuresSize: size, featuresChannels: channels } = options;
  const prepared = [size && `size ${size}`, mean && `mean ${mean.join()}`, std && `std ${std.join()}`]
    .filter(Boolean)
    .join(', ');
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
