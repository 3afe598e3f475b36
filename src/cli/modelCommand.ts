import { type Command, Option, type OptionValues } from '@commander-js/extra-typings';
import { basename } from 'node:path';
import { attributesFile } from '../conditions/syntax.js';
import { classNameOf, classNamesIn, type ImageSource, labelingOf, type Split, unlabeled } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import type { Raster } from '../images/raster.js';
import type { KnownConditions } from '../model/chunks.js';
import { MODEL_DEFAULTS } from '../model/defaults.js';
import type { Model } from '../runs/model.node.js';
import type { MoveOptions } from '../runs/modelOptions.node.js';
import type { CodeCache } from '../runs/codeCache.node.js';
import type { OpenedRun } from '../runs/runFolder.node.js';
import type { Configuration } from '../training/configuration.js';
import type { Terminal } from './command.js';
import { imageDisplay } from './imageDisplay.js';
import {
  compilerOf,
  type CompilerOptions,
  deviceOption,
  emaOption,
  parseNumber,
  scaleOption,
  showOption,
  threadsOption,
} from './options.js';
import { forceOption, keepInputs, type OutputOptions, writeImage } from './output.js';
import { countingProgress, decodingReports } from './progress.js';

interface ModelCommandOptions extends CompilerOptions {
  ema: boolean;
}

export const addModelOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) => command.addOption(emaOption()).addOption(deviceOption()).addOption(threadsOption());

export const addDrawingOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) => command.addOption(scaleOption()).addOption(showOption()).addOption(forceOption());

export const alongOption = () =>
  new Option('--along <attribute>', 'move each code along a direction created by agenet attribute');
export const byOption = () =>
  new Option(
    '--by <amount>',
    `distance to move: an angle in radians on the sphere, else a multiple of the direction; may be negative (default: ${MODEL_DEFAULTS.by})`,
  ).argParser(parseNumber);

export const fromClassOption = (help: string) => new Option('--from-class <class>', help);
export const toClassOption = (help: string) => new Option('--to-class <class>', help);

export const movedBy = ({ along, by = MODEL_DEFAULTS.by }: MoveOptions) => (along === undefined ? {} : { along, by });

/** Opens the model of a run for some work. */
export async function withModel<T>(
  run: string,
  { ema, ...options }: CompilerOptions & { ema?: boolean },
  terminal: Terminal,
  work: (model: Model) => Promise<T>,
) {
  const { Model } = await import('../runs/model.node.js');
  const onWarning = (message: string) => terminal.note(`warning: ${message}`);
  const model = await Model.open(run, compilerOf(options, terminal), { ema, onWarning });
  return work(model).finally(() => model.release());
}

export interface OpenedModel extends OpenedRun {
  source: ImageSource;
  compile: Compile;
  /** Codes of images: of conditional models with their conditions (known or predicted), or without any (default). */
  openCodes: (options?: { isConditioned?: boolean; signal?: AbortSignal | undefined }) => CodeCache;
}

/** Opens a run and data in its format (default: its own data) for some work. `out` must not be in these data. */
export async function withRunData<T>(
  run: string,
  data: string | undefined,
  options: ModelCommandOptions & { out?: string | undefined },
  terminal: Terminal,
  work: (opened: OpenedModel) => Promise<T>,
) {
  const { openRun } = await import('../runs/runFolder.node.js');
  const { CodeCache } = await import('../runs/codeCache.node.js');
  const compile = compilerOf(options, terminal);
  const opened = await openRun(run, compile, options);
  const onProgress = countingProgress(terminal, 'encoding images');
  const { configuration } = opened.checkpoint;
  try {
    if (options.out !== undefined) await keepInputs(options.out, [data ?? configuration.data]);
    const source = await openRunData(data, configuration, terminal);
    const openCodes: OpenedModel['openCodes'] = ({ isConditioned = false, signal } = {}) =>
      new CodeCache(opened.model, {
        ...{ device: options.device, onProgress, signal },
        known: isConditioned && opened.model.condition?.parts ? knownConditions(source, configuration) : undefined,
      });
    try {
      return await work({ ...opened, source, compile, openCodes });
    } finally {
      source.close?.();
    }
  } finally {
    await opened.model.release();
  }
}

/** Opens data in the format and split of a run (default: its own data). */
export async function openRunData(data: string | undefined, configuration: Configuration, terminal: Terminal) {
  const { openSource } = await import('../data/open.node.js');
  // Other data have no rows in the run's table of attributes.
  const isOwn = data === undefined || data === configuration.data;
  return openSource(data ?? configuration.data, configuration, {
    testFraction: configuration.testFraction,
    ...(isOwn && { attributesFile: attributesFile(configuration) }),
    ...decodingReports(terminal),
  });
}

/** Whether the classes of data are those that a model is conditioned on. */
export const hasModelClasses = (source: ImageSource, { classes }: Configuration): boolean =>
  classes.length > 0 && classNamesIn(source).join('\n') === classes.join('\n');

function knownConditions(source: ImageSource, configuration: Configuration): KnownConditions {
  const hasItsClasses = hasModelClasses(source, configuration);
  return (split, indices) => {
    const unknown = unlabeled(indices.length);
    const { labels, descriptions = unknown.descriptions } = labelingOf(split, indices);
    return { labels: hasItsClasses && labels ? labels : unknown.labels, descriptions };
  };
}

export const splitOf = (source: ImageSource, name: string): Split => (name === 'test' ? source.test : source.train);

export function describeImage(source: ImageSource, split: Split, index: number) {
  const label = split.labels?.[index];
  const className = label === undefined ? undefined : source.classNames?.[label];
  return {
    index,
    ...(split.nameOf && { name: split.nameOf(index) }),
    ...(label !== undefined && { label }),
    ...(className !== undefined && { class: className }),
  };
}

/** Returns the lines below an image: its file name or index, and its class if there is one. */
export function captionOf(source: ImageSource, split: Split, index: number) {
  const label = split.labels?.[index];
  return [
    split.nameOf ? basename(split.nameOf(index)) : `#${index}`,
    ...(label === undefined ? [] : [classNameOf(source, label)]),
  ];
}

export async function writeDrawing(image: Raster, { out, show }: OutputOptions, terminal: Terminal) {
  await writeImage(out, image);
  await imageDisplay(terminal, show)(out);
}

/** Holds a run folder while writing, unless a training process does: held folders are not renamed or deleted. */
export async function whileHeld<T>(folder: string, write: () => Promise<T>) {
  const { FolderLock, holderOf } = await import('../runs/lock.node.js');
  const lock = (await holderOf(folder)) ? undefined : await FolderLock.take(folder);
  return write().finally(() => lock?.release());
}
