/** agenet in Node: training into a run folder, and the parts that read and write files. */
import { z } from 'zod';
import { openSource } from './data/open.node.js';
import { awaitDecoding } from './data/source.js';
import type { Configuration } from './training/configuration.js';
import { totalStepsFor } from './training/trainer.js';
import type { TrainingEvent, TrainingSummary } from './training/events.js';
import { type Compile, constant, graphOf } from './engine/index.js';
import { compile, type CompileOptions, DEVICES } from './engine/runtime/native.node.js';
import { InputError } from './errors.js';
import { TrainingEvaluation } from './runs/trainingEvaluation.node.js';
import { applyDefaults } from './runs/configurationDefaults.node.js';
import { RunFolder } from './runs/runFolder.node.js';
import * as loop from './runs/train.node.js';
import { validate } from './validation.js';

export { openSource } from './data/open.node.js';
export { compile } from './engine/runtime/native.node.js';
export { readImages } from './images/files.node.js';
export { TrainingEvaluation } from './runs/trainingEvaluation.node.js';
export { applyDefaults } from './runs/configurationDefaults.node.js';
export { readCheckpointFile, RunFolder } from './runs/runFolder.node.js';

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

const THREADS = 'must be a whole number from 0 (one for each core) to 1024';

const optionsSchema = z.strictObject(
  {
    out: z.string('must be the path of a run folder').min(1, 'must be the path of a run folder'),
    device: z.enum(DEVICES, `must be one of ${DEVICES.join(', ')}`).optional(),
    threads: z.int(THREADS).min(0, THREADS).max(1024, THREADS).optional(),
    signal: z.instanceof(AbortSignal, { error: 'must be an AbortSignal' }).optional(),
    onEvent: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  },
  'must be an object',
);

const checkOptions = (options: unknown) =>
  validate(
    optionsSchema,
    options,
    (key, name = key) => `options: ${name}`,
    () => Object.keys(optionsSchema.shape),
  );

/**
 * Trains a model into a new run folder, as the command line does. Nothing is written before all arguments are known to be right.
 * @throws {InputError} for wrong settings or options, unknown data, and a folder that is not empty
 * @throws the signal's reason if it is aborted before training begins; nothing is written then
 * @throws {Error} if a loss becomes NaN or infinite
 */
export async function train(settings: Settings, options: RunOptions): Promise<TrainingSummary> {
  checkOptions(options);
  const { onEvent } = options;
  const { release, ...prepared } = await prepare(settings, options);
  try {
    return await loop.train({ ...prepared, ...(onEvent ? { onEvent } : {}) });
  } finally {
    await release();
  }
}

/**
 * The same as a sequence of events: `for await (const event of trainingEvents(...))`. Leaving the loop finishes the iteration and saves.
 * A consumer slower than the training misses iteration events, never others.
 * @throws {InputError} as `train` does, when the first event is asked for
 */
export async function* trainingEvents(settings: Settings, options: Omit<RunOptions, 'onEvent'>): AsyncGenerator<TrainingEvent, void> {
  checkOptions(options);
  const { release, ...prepared } = await prepare(settings, options);
  try {
    yield* loop.trainingEvents(prepared);
  } finally {
    await release();
  }
}

async function prepare(settings: Settings, { out, device, threads, signal }: RunOptions) {
  signal?.throwIfAborted();
  const configuration = await applyDefaults(settings);
  if (configuration.initFrom !== undefined) throw new InputError('from: only the command line starts from the weights of another run; leave it out');
  const options = { ...(device === undefined ? {} : { device }), ...(threads === undefined ? {} : { threads }) };
  const compileOn: Compile = (graph) => compile(graph, options);
  await RunFolder.requireEmpty(out);
  // A device that cannot be used is reported before a folder is created.
  await (await compileOn(graphOf({ ready: constant(0) }))).release();
  const source = await openSource(configuration.data, configuration, {
    testFraction: configuration.testFraction,
    streaming: true,
  });
  let evaluation: TrainingEvaluation | undefined;
  const release = async () => {
    await evaluation?.release();
    source.close?.();
  };
  try {
    // Too few images for a batch are reported before anything else is done.
    totalStepsFor(configuration, source.train.count);
    if (configuration.evaluateEvery > 0)
      evaluation = await TrainingEvaluation.open({ configuration, source: await awaitDecoding(source), compile: compileOn, signal });
    signal?.throwIfAborted();
    const folder = await RunFolder.create(out, configuration);
    const subscribers = evaluation ? [evaluation.subscriberFor(folder.path)] : [];
    return { configuration, source, folder, compile: compileOn, subscribers, release, ...(signal ? { signal } : {}) };
  } catch (error) {
    await release();
    throw error;
  }
}
