/** Codes of the images that a command reads. */
import type { TrainedModel } from '../model/trainedModel.js';
import { CodeCache } from '../runs/codeCache.node.js';
import type { Terminal } from './command.js';
import { countingProgress } from './countingProgress.js';
import type { CompilerOptions } from './options.js';

/** Opens the stored codes of a model. Codes that are not stored yet are computed with a progress bar. */
export const openCodeCache = (model: TrainedModel, { device }: CompilerOptions, terminal: Terminal, signal?: AbortSignal): CodeCache =>
  new CodeCache(model, { device, onProgress: countingProgress(terminal, 'encoding images'), signal });
