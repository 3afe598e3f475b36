/** Whole trainings into run folders, and what they leave there. */
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ADAM } from '../../src/age/update.js';
import type { Configuration } from '../../src/training/configuration.js';
import type { TrainingEvent, TrainingSummary } from '../../src/training/events.js';
import { adamScalars, type Compile } from '../../src/engine/index.js';
import { RunFolder } from '../../src/runs/runFolder.node.js';
import type { StoredCheckpoint } from '../../src/training/runStore.js';
import { runTraining, type TrainingOptions } from '../../src/training/trainingLoop.js';
import type { TrainerState } from '../../src/training/trainer.js';
import { compileOnce } from '../engine/running.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { createRun, noiseSource } from './tinyTraining.js';

export const source = noiseSource();
export const compile: Compile = compileOnce;

export interface Trained {
  folder: RunFolder;
  summary: TrainingSummary;
  events: TrainingEvent[];
}

export type Extra = Partial<Omit<TrainingOptions, 'configuration' | 'store' | 'start'>> & {
  folder?: RunFolder;
  /** The state of a new run. */
  start?: TrainerState;
  onEvent?: (event: TrainingEvent) => unknown;
};

export const newFolder = (configuration: Configuration): Promise<RunFolder> =>
  createRun(join(temporaryFolder(), 'run'), configuration);

/** Trains into a new folder, unless another is given. */
export async function trained(
  configuration: Configuration,
  { folder, start, onEvent, subscribers = [], ...extra }: Extra = {},
): Promise<Trained> {
  const run = folder ?? (await newFolder(configuration));
  const events: TrainingEvent[] = [];
  const observe = (event: TrainingEvent) => {
    events.push(event);
    onEvent?.(event);
  };
  const initial = start && { start: () => Promise.resolve(start) };
  const summary = await runTraining({
    configuration,
    source,
    store: run,
    compile,
    ...initial,
    subscribers: [observe, ...subscribers],
    ...extra,
  });
  return { folder: run, summary, events };
}

/** Resumes the training in a folder, or begins it there. */
export const resumed = (configuration: Configuration, folder: RunFolder, extra: Extra = {}): Promise<Trained> =>
  trained(configuration, { folder, ...extra });

/** The folder as a process that is killed now would leave it, moved elsewhere. */
export function copyOf({ path }: RunFolder): Promise<RunFolder> {
  const copy = join(temporaryFolder(), 'copy');
  cpSync(path, copy, { recursive: true });
  // Of this process, which lives.
  rmSync(join(copy, '.lock'), { force: true });
  return RunFolder.open(copy);
}

/** The last checkpoint of a folder that has one. */
export async function latestOf(folder: RunFolder): Promise<StoredCheckpoint> {
  return (await folder.readLatestCheckpoint())!;
}

/** The lines of a log without what no two trainings have in common: time and memory. */
export const logOf = ({ path }: RunFolder): Record<string, number>[] =>
  readFileSync(join(path, 'log.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const {
        seconds: _s,
        iterations_per_second: _i,
        memory_mb: _m,
        ...entry
      } = JSON.parse(line) as Record<string, number>;
      return entry;
    });

export const stepsOf = (folder: RunFolder): (number | undefined)[] => logOf(folder).map(({ step }) => step);

export const namesIn = (folder: RunFolder, part: string): string[] => readdirSync(join(folder.path, part)).sort();

export const warningsOf = (events: readonly TrainingEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

/** An iteration that is run with a learning rate. */
export interface Place {
  step: number;
  rate: number;
}

/** Compiles programs whose report is not finite in these iterations, if each has one update of the encoder. */
export const compileBroken =
  (places: readonly Place[]): Compile =>
  async (graph) => {
    const program = await compile(graph);
    const run = program.runOnDevice.bind(program);
    const schedules = places.map(({ step, rate }) => Float32Array.from(adamScalars(rate, step, ADAM)).join());
    program.runOnDevice = async (feeds, into) => {
      const results = await run(feeds, into);
      if (schedules.includes((feeds['encoder.schedule'] as Float32Array | undefined)?.join() ?? ''))
        (results.report as Float32Array)[1] = NaN;
      return results;
    };
    return program;
  };
