/** agenet in Node: training into a run folder, and the parts that read and write files. */
import { openSource } from './data/open.node.js';
import { wholeSource } from './data/index.js';
import type { Compile } from './engine/index.js';
import { compile, type CompileOptions } from './engine/runtime/native.js';
import { TrainingEvaluation } from './evaluation/trainingEvaluation.node.js';
import { completeConfiguration } from './training/completion.node.js';
import type { Configuration, TrainingEvent, TrainingSummary } from './training/index.js';
import { RunFolder } from './training/runFolder.node.js';
import * as loop from './training/train.node.js';

export { openSource } from './data/open.node.js';
export { compile } from './engine/runtime/native.js';
export { TrainingEvaluation } from './evaluation/trainingEvaluation.node.js';
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
  const { release, ...prepared } = await prepare(settings, options, signal);
  try {
    return await loop.train({ ...prepared, ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) });
  } finally {
    await release();
  }
}

/** The same as a sequence of events: `for await (const event of trainingEvents(...))`. Leaving the loop finishes the iteration and saves. */
export async function* trainingEvents(settings: Settings, options: Omit<RunOptions, 'signal' | 'onEvent'>): AsyncGenerator<TrainingEvent, void> {
  const { release, ...prepared } = await prepare(settings, options);
  try {
    yield* loop.trainingEvents(prepared);
  } finally {
    await release();
  }
}

async function prepare(settings: Settings, { out, device, threads }: Omit<RunOptions, 'signal' | 'onEvent'>, signal?: AbortSignal) {
  const configuration = await completeConfiguration(settings);
  const options = { ...(device === undefined ? {} : { device }), ...(threads === undefined ? {} : { threads }) };
  const compileOn: Compile = (graph) => compile(graph, options);
  const source = await openSource(configuration.data, configuration, {
    testFraction: configuration.testFraction,
    early: true,
  });
  let evaluation: TrainingEvaluation | undefined;
  const release = async () => {
    await evaluation?.release();
    source.close?.();
  };
  try {
    if (configuration.evaluateEvery > 0)
      evaluation = await TrainingEvaluation.open({ configuration, source: await wholeSource(source), compile: compileOn, signal });
    const folder = await RunFolder.create(out, configuration);
    return { configuration, source, folder, compile: compileOn, subscribers: evaluation ? [evaluation.into(folder.path)] : [], release };
  } catch (error) {
    await release();
    throw error;
  }
}
