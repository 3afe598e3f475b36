/** Features of an external ONNX model: `--features`. */
import { type CommandUnknownOpts, InvalidArgumentError } from '@commander-js/extra-typings';
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { InputError, setting, text } from '../errors.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { wrapReadErrors } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { parseNumber, wholeNumber } from './options.js';

export interface FeatureOptions {
  readonly features?: string | undefined;
  readonly featuresOutput?: string | undefined;
  readonly featuresProbabilities?: string | undefined;
  readonly featuresSize?: number | undefined;
  readonly featuresChannels?: number | undefined;
  readonly featuresMean?: readonly number[] | undefined;
  readonly featuresStd?: readonly number[] | undefined;
}

export function addFeatureOptions<T extends CommandUnknownOpts>(command: T): T {
  command
    .optionsGroup('Features of an external ONNX model:')
    .option('--features <file>', 'an ONNX image model (default: a classifier trained once on the data)')
    .option('--features-output <name>', 'output of the model with features, [N, D] (default: the only output)')
    .option('--features-probabilities <name>', 'output of the model with class probabilities, for the Inception score')
    .option(
      '--features-size <pixels>',
      'side length of the model input (default: as declared in the file)',
      wholeNumber(1, 4096),
    )
    .option(
      '--features-channels <number>',
      'channels of the model input, 1 or 3 (default: as declared in the file)',
      wholeNumber(1, 3),
    )
    .option(
      '--features-mean <list>',
      'mean to subtract from pixels in [0, 1], one value or three (default: 0)',
      oneOrThree,
    )
    .option('--features-std <list>', 'std to divide by, one value or three (default: 1)', oneOrThree);
  return command;
}

/** Parses `0.5` or `0.5,0.4,0.3`. */
function oneOrThree(text: string): number[] {
  const parts = text.split(',').map(parseNumber);
  if (parts.length !== 1 && parts.length !== 3)
    throw new InvalidArgumentError('It must be one number, or three separated by commas.');
  return parts;
}

/** @throws {InputError} if a description of the model would have no effect, because there is no model */
export function requireFeatureModel(options: FeatureOptions): void {
  if (options.features !== undefined) return;
  const key = Object.keys(options).find((name) => name.startsWith('features'));
  if (key)
    throw new InputError(setting(key), text`requires ${setting('features')}`, text`add ${setting('features')} FILE`);
}

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
