/** Codes of the images that a command reads. */
import { CodeCache } from '../runs/codeCache.node.js';
import type { OpenedRun } from '../runs/runFolder.node.js';
import { modelWeights } from '../training/trainer.js';
import type { Terminal } from './command.js';
import { countingProgress } from './countingProgress.js';
import type { CompilerOptions } from './options.js';

/** Opens the cached codes of a run's weights. Codes that are not stored yet are computed with a progress bar. */
export const openCodeCache = (
  { model, checkpoint }: OpenedRun,
  { ema, device }: CompilerOptions & { readonly ema: boolean },
  terminal: Terminal,
  signal?: AbortSignal,
): CodeCache =>
  new CodeCache(model, {
    weights: modelWeights(checkpoint.vectors, { ema }),
    device,
    onProgress: countingProgress(terminal, 'encoding images'),
    signal,
  });
