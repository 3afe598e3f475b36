/** agenet in Node: training into a run folder, and the parts that read and write files. */
import { openSource } from './data/open.node.js';
import { compile, type CompileOptions } from './engine/runtime/native.js';
import { completeConfiguration } from './training/completion.node.js';
import type { Configuration, TrainingEvent, TrainingSummary } from './training/index.js';
import { RunFolder } from './training/runFolder.node.js';
import * as loop from './training/train.node.js';

export { openSource } from './data/open.node.js';
export { compile } from './engine/runtime/native.js';
export { completeConfiguration } from './training/completion.node.js';
export { readCheckpointFile, RunFolder } from './training/runFolder.node.js';

/** What to train: the data, and whatever settings should not be the defaults. */
export type Settings = Readonly<Partial<Configuration>> & { readonly data: string };

/** Where and how to train. */
export interface RunOptions extends Pick<CompileOptions, 'device' | 'threads'> {
  /** The run folder, new or empty. */
  readonly out: string;
  /** When aborted, the iteration that runs is finished and saved, and the training ends. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainingEvent) => void;
}

/**
 * Trains a model into a new run folder, as the command line does. Throws InputError for wrong settings, data that are not there and a
 * folder that is not empty; Error where a loss stops being finite.
 */
export async function train(settings: Settings, { signal, onEvent, ...options }: RunOptions): Promise<TrainingSummary> {
  const prepared = await prepare(settings, options);
  try {
    return await loop.train({ ...prepared, ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) });
  } finally {
    prepared.source.close?.();
  }
}

/** The same as a sequence of events: `for await (const event of trainingEvents(...))`. Leaving the loop finishes the iteration and saves. */
export async function* trainingEvents(settings: Settings, options: Omit<RunOptions, 'signal' | 'onEvent'>): AsyncGenerator<TrainingEvent, void> {
  const prepared = await prepare(settings, options);
  try {
    yield* loop.trainingEvents(prepared);
  } finally {
    prepared.source.close?.();
  }
}

async function prepare(settings: Settings, { out, device, threads }: Omit<RunOptions, 'signal' | 'onEvent'>) {
  const configuration = await completeConfiguration(settings);
  const source = await openSource(configuration.data, configuration, { testFraction: configuration.testFraction });
  const folder = await RunFolder.create(out, configuration);
  const options = { ...(device ? { device } : {}), ...(threads ? { threads } : {}) };
  return { configuration, source, folder, compile: (graph: Parameters<typeof compile>[0]) => compile(graph, options) };
}
