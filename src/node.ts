/**
 * agenet in Node: training into run folders, and reading and writing files.
 * @module agenet/node
 */
import { InputError } from './errors.js';
import { type DeviceCompiler, deviceCompiler } from './engine/runtime/deviceChoice.node.js';
import type { CompileOptions, Device } from './engine/runtime/native.node.js';
import { type RunEvent, type RunOptions, type RunSummary, trainRun } from './runs/train.node.js';
import { Model } from './runs/model.node.js';
import { importRun as importWeights, type ImportedRun, type ImportSettings } from './runs/importRun.node.js';
import { exportRun, type ExportSummary, type RunExportOptions } from './runs/exportRun.node.js';
import type { Settings } from './runs/settings.node.js';
import { eventsOf } from './training/events.js';
import { shown } from './validation.js';
import type * as optionSchemas from './runs/optionSchemas.node.js';

export { openSource } from './data/open.node.js';
export { compile, type Device } from './engine/runtime/native.node.js';
export { encodeAnimation } from './images/files.node.js';
export { type ImageInput, readImages } from './images/imageInput.node.js';
export { type EncodedFormat, type GridOptions, Images } from './images/images.node.js';
export { encodeVideo } from './images/video.node.js';
export type { Difference, PrecisionCost } from './export/precisionCost.js';
export type { Precision } from './export/precision.js';
export type { ImportedRun, ImportSettings } from './runs/importRun.node.js';
export type { ExportSummary } from './runs/exportRun.node.js';
export { type ClassifiedImage, Model } from './runs/model.node.js';
export type { BestRecord } from './runs/bestCheckpoint.node.js';
export type { OpenOptions } from './data/decoding/openCollection.node.js';
export type {
  ClassifyOptions,
  CompleteOptions,
  DecodeCodesOptions,
  InterpolateOptions,
  MoveOptions,
  ReconstructOptions,
  SampleOptions,
} from './runs/modelOptions.node.js';
export { readCheckpoint, RunFolder } from './runs/runFolder.node.js';
export { resolveSettings, type Settings } from './runs/settings.node.js';
export type { RunEvent, RunOptions, RunSummary } from './runs/train.node.js';

export interface TrainOptions extends RunOptions, Pick<CompileOptions, 'threads'> {
  /** Where to compute; `auto` chooses the device that is fastest in a short measurement (default: cpu). */
  device?: Device | 'auto';
  /** Training waits for the returned promise. */
  onEvent?: (event: RunEvent) => void | Promise<void>;
}

export interface LoadOptions extends Pick<CompileOptions, 'device' | 'threads'> {
  /** Whether to use EMA weights if there are any (default: true). */
  ema?: boolean;
  /** Receives a line if an attribute was computed with other weights. */
  onWarning?: (message: string) => void;
}

async function checkOptions(...args: Parameters<typeof optionSchemas.checkOptions>): Promise<void> {
  (await import('./runs/optionSchemas.node.js')).checkOptions(...args);
}

/**
 * Trains a model into a run folder, as `agenet train` does. It checks all arguments before it writes. To resume or
 * extend a run, name the settings that change. A resumed run continues bit-exactly from its last checkpoint.
 * @throws {InputError} if an argument is wrong, the data is not found, the folder of a new run is not empty, another
 *   process trains into it, or a resumed run may not change a setting
 * @throws the signal's reason if it is aborted before training begins
 * @throws {Error} if a loss or gradient becomes NaN or infinite and no rollback is left
 * @example
 * await train({ data: 'mnist', epochs: 2 }, { out: 'runs/first' });
 * const { test } = await train({ epochs: 4 }, { resume: 'runs/first' });
 */
export async function train(settings: Settings, options: TrainOptions = {}): Promise<RunSummary> {
  await checkOptions('train', options);
  return trainRun(settings, { ...options, ...compilerOf(options) });
}

/**
 * Trains and yields events. Leaving the loop finishes the current iteration and saves. A slow consumer misses only
 * progress events.
 * @throws as `train`, when the first event is requested
 * @example
 * for await (const event of trainingEvents({ data: 'mnist', steps: 1000 }, { out: 'runs/first' })) {
 *   if (event.type === 'iteration') console.log(event.report.scalars['encoder.match_x']);
 * }
 */
export async function* trainingEvents(
  settings: Settings,
  options: Omit<TrainOptions, 'onEvent'> = {},
): AsyncGenerator<RunEvent, void> {
  await checkOptions('train', options);
  const compiler = compilerOf(options);
  yield* eventsOf<RunEvent>(
    (onEvent, signal) => trainRun(settings, { ...options, ...compiler, signal, onEvent }),
    options.signal,
  );
}

/**
 * Opens the model of a run's latest checkpoint. Release it when it is no longer needed.
 * @param run path of the run folder or checkpoint
 * @throws {InputError} if an option is wrong, or there is no checkpoint
 * @example
 * const model = await loadModel('runs/first');
 * const samples = await model.sample({ count: 16, seed: 7 });
 * await samples.toFile('samples.png');
 * await model.release();
 */
export async function loadModel(run: string, options: LoadOptions = {}): Promise<Model> {
  if (typeof run !== 'string')
    throw new InputError('run', `expected the path of a run folder or checkpoint but got ${shown(run)}`);
  await checkOptions('load', options);
  return Model.open(run, compilerOf(options).compile, options);
}

export interface ExportOptions extends RunExportOptions, Pick<CompileOptions, 'device' | 'threads'> {}

/**
 * Writes the networks of a run as ONNX files, with pictures and a model card, as `agenet export` does.
 * @param run path of the run folder or checkpoint
 * @param out a new or empty folder, or one of an earlier export, whose files it replaces
 * @throws {InputError} if an option is wrong, there is no checkpoint or data, or the folder has other files
 * @example
 * const { files } = await exportModel('runs/first', 'digits', { precision: 'float16' });
 */
export async function exportModel(run: string, out: string, options: ExportOptions = {}): Promise<ExportSummary> {
  requirePaths({ run, out });
  await checkOptions('export', options);
  return exportRun(run, out, { ...options, ...compilerOf(options) });
}

/**
 * Creates a run from weights of PyTorch, as `agenet import` does.
 * @param file safetensors file with the state dicts of both networks
 * @param out a new or empty folder
 * @param settings the data, the architecture, and the recipe of further training (default: the preset `published`)
 * @throws {InputError} if the file does not fit the architecture, a setting is wrong, or the folder is not empty
 * @example
 * await importRun('age.safetensors', 'runs/imported', { data: 'mnist', network: 'dcgan32' });
 * await train({ steps: 1000 }, { resume: 'runs/imported' });
 */
export async function importRun(file: string, out: string, settings: ImportSettings): Promise<ImportedRun> {
  requirePaths({ file, out });
  return importWeights(file, out, settings);
}

function requirePaths(paths: Record<string, unknown>): void {
  for (const [name, path] of Object.entries(paths))
    if (typeof path !== 'string' || path === '') throw new InputError(name, `expected a path but got ${shown(path)}`);
}

function compilerOf({ device, threads }: Pick<TrainOptions, 'device' | 'threads'>): DeviceCompiler {
  return deviceCompiler({ device, ...(threads === undefined ? {} : { threads }) });
}
