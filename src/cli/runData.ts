import { basename } from 'node:path';
import { openSource } from '../data/open.node.js';
import { classNameOf, type ImageSource, type Split } from '../data/source.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { CodeCache } from '../runs/codeCache.node.js';
import type { Configuration } from '../training/configuration.js';
import type { Terminal } from './command.js';
import type { CompilerOptions } from './options.js';
import { countingProgress, decodingProgress } from './progress.js';

/** Opens data in the format and split of a run (default: its own data). */
export const openRunData = (data: string | undefined, configuration: Configuration, terminal: Terminal) =>
  openSource(data ?? configuration.data, configuration, {
    testFraction: configuration.testFraction,
    onWarning: terminal.note,
    onProgress: decodingProgress(terminal),
  });

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

/** Returns the lines below an image: its file name or index, and its class if the data has labels. */
export function captionOf(source: ImageSource, split: Split, index: number): string[] {
  const label = split.labels?.[index];
  return [
    split.nameOf ? basename(split.nameOf(index)) : `#${index}`,
    ...(label === undefined ? [] : [classNameOf(source, label)]),
  ];
}

export const openCodeCache = (
  model: TrainedModel,
  { device }: CompilerOptions,
  terminal: Terminal,
  signal?: AbortSignal,
) => new CodeCache(model, { device, onProgress: countingProgress(terminal, 'encoding images'), signal });
