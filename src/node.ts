/** agenet in Node: training into run folders, and reading and writing files. */
import { type Compile } from './engine/index.js';
import { compile, type CompileOptions, DEVICES } from './engine/runtime/native.node.js';
import { type RunEvent, type RunOptions, type RunSummary, trainRun } from './runs/train.node.js';
import type { Settings } from './runs/settings.node.js';
import { eventsOf } from './training/events.js';
import { validate } from './validation.js';

export { openSource } from './data/open.node.js';
export { compile } from './engine/runtime/native.node.js';
export { readImages } from './images/files.node.js';
export { type OpenedRun, openRun, readCheckpoint, RunFolder } from './runs/runFolder.node.js';
export { resolveSettings, type Settings } from './runs/settings.node.js';
export type { RunEvent, RunOptions, RunSummary } from './runs/train.node.js';

/** Where and how to train. */
export interface TrainOptions extends RunOptions, Pick<CompileOptions, 'device' | 'threads'> {
  /** Receives each event of the run; training waits for the returned promise. */
  readonly onEvent?: (event: RunEvent) => void | Promise<void>;
}

async function checkOptions(options: unknown): Promise<void> {
  const { z } = await import('zod');
  const flag = z.boolean('must be true or false').optional();
  const [path, threads] = ['must be the path of a run folder', 'must be a whole number from 0 (one per core) to 1024'];
  const schema = z.strictObject(
    {
      out: z.string(path).min(1, path).optional(),
      resume: z.union([z.boolean(), z.string().min(1)], `must be true, false or ${path.replace('must be ', '')}`).optional(),
      strict: flag,
      tensorboard: flag,
      device: z.enum(DEVICES, `must be one of ${DEVICES.join(', ')}`).optional(),
      threads: z.int(threads).min(0, threads).max(1024, threads).optional(),
      signal: z.instanceof(AbortSignal, { error: 'must be an AbortSignal' }).optional(),
      onEvent: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
    },
    'must be an object',
  );
  validate(
    schema,
    options,
    (key, name = key) => `options: ${name}`,
    () => Object.keys(schema.shape),
  );
}

/**
 * Trains a model into a run folder, as the command `agenet train` does. Nothing is written before all arguments are checked.
 *
 * A new run: `train({ data: 'mnist', epochs: 2 }, { out: 'runs/first' })`. To resume or extend it, name the settings that change:
 * `train({ epochs: 4 }, { resume: 'runs/first' })`. A resumed run continues bit-exactly from its last checkpoint.
 * @throws {InputError} if a setting or option is wrong, the data is not found, the folder of a new run is not empty, another process
 *   trains into it, or a resumed run may not change a setting
 * @throws the signal's reason if it is aborted before training begins; nothing is written then
 * @throws {Error} if a loss or gradient becomes NaN or infinite and no rollback is left
 */
export async function train(settings: Settings, options: TrainOptions = {}): Promise<RunSummary> {
  await checkOptions(options);
  return trainRun(settings, { ...options, compile: compilerOf(options) });
}

/**
 * Trains as `train` does, and yields the events of the run: `for await (const event of trainingEvents(...))`. Leaving the loop finishes the
 * current iteration and saves. If the consumer is slower than training, progress events are dropped, never others.
 * @throws as `train` does, when the first event is requested
 */
export async function* trainingEvents(settings: Settings, options: Omit<TrainOptions, 'onEvent'> = {}): AsyncGenerator<RunEvent, void> {
  await checkOptions(options);
  const compile = compilerOf(options);
  yield* eventsOf<RunEvent>((onEvent, signal) => trainRun(settings, { ...options, compile, signal, onEvent }), options.signal);
}

function compilerOf({ device, threads }: TrainOptions): Compile {
  const options = { ...(device === undefined ? {} : { device }), ...(threads === undefined ? {} : { threads }) };
  return (graph) => compile(graph, options);
}
