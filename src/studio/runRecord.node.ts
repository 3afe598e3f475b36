/** The record of a run, read from its folder without opening its checkpoints. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JOURNAL_NAME, type JournalEntry } from '../runs/journal.node.js';
import { holderOf } from '../runs/lock.node.js';
import type { OwnFolder, TextEnd } from '../runs/ownFolder.node.js';
import { decodeConfiguration } from '../training/checkpoint.js';
import type { Configuration } from '../training/configuration.js';
import type { LogEntry } from '../training/runStore.js';
import { LOG_NAME, parseObject } from './followedLog.node.js';
import type { ListedRun } from './schemas.js';
import type { RunState } from './states.js';

/** Bytes at the end of a file that contain its last lines. */
const TAIL = 16_384;
/** Bytes that a page sees of a journal, and of a file with settings or tags. */
const [MAX_JOURNAL, MAX_SETTINGS] = [2 ** 20, 2 ** 20];

export const TAGS_NAME = 'tags.json';
export const MAX_TAGS = 20;

/** A file that cannot be read is empty. */
const readEnd = async (folder: OwnFolder, name: string, limit: number): Promise<TextEnd> =>
  (await folder.readEnd(name, limit).catch(() => undefined)) ?? { text: '', isWhole: true };

/** Reads the last complete lines of a file. */
async function readLines(folder: OwnFolder, name: string, limit: number): Promise<string[]> {
  const { text, isWhole } = await readEnd(folder, name, limit);
  const lines = text.split('\n');
  return isWhole ? lines : lines.slice(1);
}

const configurationText = async (folder: OwnFolder): Promise<string> =>
  (await readEnd(folder, 'config.json', MAX_SETTINGS)).text;

/** Reads a configuration as it is; null if it is missing or damaged. */
export const readStoredConfiguration = async (folder: OwnFolder): Promise<Readonly<Record<string, unknown>> | null> =>
  parseObject(await configurationText(folder)) ?? null;

/** @throws {InputError} if the configuration is missing, damaged or of another version */
export const readConfiguration = async (folder: OwnFolder): Promise<Configuration> =>
  decodeConfiguration(await configurationText(folder), 'config.json');

/** Settings in a summary, which a configuration of another version or program may lack. */
const knownSettings = z.object({
  data: z.string().catch(''),
  network: z.string().catch('unknown network'),
  width: z.number().optional().catch(undefined),
  latent: z.number().optional().catch(undefined),
  length: z.object({ steps: z.int().optional().catch(undefined) }).catch({}),
});

const iteration = z.int().min(0);
const numbers = z.record(z.string(), z.number());

/** The studio ignores other entries of a journal. */
const journalEntry = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('start'), step: iteration, totalSteps: iteration }),
  z.looseObject({ type: z.enum(['paused', 'continued', 'checkpoint', 'imported']), step: iteration }),
  z.looseObject({ type: z.literal('evaluation'), step: iteration, epochs: z.number(), metrics: numbers }),
  z.looseObject({ type: z.enum(['note', 'warning', 'failed']), message: z.string() }),
  z.looseObject({ type: z.literal('trained'), step: iteration, interrupted: z.boolean() }),
  z.looseObject({ type: z.literal('scored'), test: numbers }),
]);

/** Reads the journal of a run; of a very long one its end. */
export const readJournal = async (folder: OwnFolder): Promise<JournalEntry[]> =>
  parseJournal(await readLines(folder, JOURNAL_NAME, MAX_JOURNAL));

const parseJournal = (lines: readonly string[]): JournalEntry[] =>
  lines.flatMap((line) => {
    const entry = parseObject(line);
    return typeof entry?.time === 'string' && journalEntry.safeParse(entry).success
      ? [entry as unknown as JournalEntry]
      : [];
  });

/** Returns the iterations of files such as `samples/000500.png` in ascending order. */
export async function iterationsOf(folder: OwnFolder, kind: 'samples' | 'checkpoints'): Promise<number[]> {
  const pattern = kind === 'samples' ? /^\d+\.png$/u : /^\d+\.safetensors$/u;
  const names = await folder
    .below(kind)
    .list()
    .catch(() => []);
  return names
    .filter((name) => pattern.test(name))
    .map((name) => parseInt(name))
    .filter(Number.isSafeInteger)
    .sort((a, b) => a - b);
}

export async function readTags(folder: OwnFolder): Promise<string[]> {
  const { text } = await readEnd(folder, TAGS_NAME, MAX_SETTINGS);
  try {
    return z.array(z.string()).parse(JSON.parse(text)).slice(0, MAX_TAGS);
  } catch {
    return [];
  }
}

/** Reads a run for the list. */
export async function readSummary(folder: OwnFolder, id: string): Promise<ListedRun> {
  const [configuration, journal, entry, holder, previews, checkpoints, tags, changes] = await Promise.all([
    readStoredConfiguration(folder),
    readLines(folder, JOURNAL_NAME, TAIL).then(parseJournal),
    readLines(folder, LOG_NAME, TAIL).then(lastEntry),
    holderOf(folder.path).catch(() => undefined),
    iterationsOf(folder, 'samples'),
    iterationsOf(folder, 'checkpoints'),
    readTags(folder),
    Promise.all([JOURNAL_NAME, LOG_NAME, '.'].map((name) => changeOf(join(folder.path, name)))),
  ]);
  const settings = knownSettings.parse(configuration ?? {});
  const step = Math.max(entry?.step ?? 0, lastStep(journal), checkpoints.at(-1) ?? 0);
  const progress = {
    step,
    totalSteps: totalStepsOf(settings.length.steps ?? null, journal, step),
    checkpoint: checkpoints.at(-1) ?? null,
  };
  const { state, reason } = stateOf(journal, holder !== undefined, progress);
  return {
    id,
    state,
    reason,
    ...progress,
    secondsLeft: state === 'running' ? secondsLeft(progress, entry) : null,
    metrics: metricsOf(entry, journal),
    data: settings.data,
    model: configuration ? modelOf(settings) : 'config.json is missing or damaged',
    updated: Math.max(...changes.map(({ mtimeMs }) => mtimeMs)),
    preview: previews.at(-1) ?? null,
    journalBytes: changes[0]!.size,
    tags,
  };
}

const changeOf = (path: string): Promise<{ readonly mtimeMs: number; readonly size: number }> =>
  lstat(path).catch(() => ({ mtimeMs: 0, size: 0 }));

function secondsLeft({ step, totalSteps }: Progress, entry: LogEntry | undefined): number | null {
  const rate = entry?.iterations_per_second ?? 0;
  return totalSteps !== null && rate > 0 ? Math.round((totalSteps - step) / rate) : null;
}

const modelOf = ({ network, width = 0, latent = 0 }: z.infer<typeof knownSettings>): string =>
  `${network}, width ${width}, ${latent} latent dimensions`;

function lastEntry(lines: readonly string[]): LogEntry | undefined {
  const entries = lines.toReversed().map((line) => z.record(z.string(), z.number()).safeParse(parseObject(line)).data);
  return entries.find((entry) => iteration.safeParse(entry?.step).success);
}

function lastStep(journal: readonly JournalEntry[]): number {
  const entry = journal.findLast((each) => 'step' in each);
  return entry && 'step' in entry ? entry.step : 0;
}

function totalStepsOf(configured: number | null, journal: readonly JournalEntry[], step: number): number | null {
  const start = journal.findLast((entry) => entry.type === 'start');
  if (start) return start.totalSteps;
  const end = journal.findLast((entry) => entry.type === 'trained');
  return end && !end.interrupted ? step : configured;
}

type Progress = Pick<ListedRun, 'step' | 'totalSteps' | 'checkpoint'>;

/** The states of runs whose folder is held, by the last event that changes the state. */
const STATES_IN_TRAINING: Readonly<Record<string, RunState>> = {
  start: 'running',
  continued: 'running',
  paused: 'paused',
  // A process has begun again.
  trained: 'starting',
  failed: 'starting',
  imported: 'starting',
};

function stateOf(
  journal: readonly JournalEntry[],
  isHeld: boolean,
  progress: Progress,
): Pick<ListedRun, 'state' | 'reason'> {
  const last = journal.findLast(({ type }) => type in STATES_IN_TRAINING);
  if (isHeld) return { state: STATES_IN_TRAINING[last?.type ?? 'trained']!, reason: null };
  switch (last?.type) {
    case 'failed':
      return { state: 'failed', reason: last.message };
    case 'imported':
      return { state: 'imported', reason: null };
    case 'trained':
      return { state: last.interrupted ? 'stopped' : 'finished', reason: null };
    default:
      return stateWithoutEnd(progress, last !== undefined);
  }
}

/** Returns the state of a run whose process was killed, or that is older than journals. */
function stateWithoutEnd(
  { step, totalSteps, checkpoint }: Progress,
  hasJournal: boolean,
): Pick<ListedRun, 'state' | 'reason'> {
  if (!hasJournal && totalSteps !== null && step >= totalSteps) return { state: 'finished', reason: null };
  const saved = checkpoint === null ? 'no checkpoint was saved' : `the last checkpoint is of iteration ${checkpoint}`;
  return { state: 'interrupted', reason: `its process ended unexpectedly; ${saved}` };
}

/** The metrics of the list. */
function metricsOf(entry: LogEntry | undefined, journal: readonly JournalEntry[]): Record<string, number> {
  const evaluation = journal.findLast((each) => each.type === 'evaluation');
  const candidates = {
    match_x: entry?.['encoder.match_x'] ?? entry?.['generator.match_x'],
    KL_real_gap: entry?.['encoder.KL_real_gap'],
    code_variance: entry?.['encoder.code_variance_real'],
    iterations_per_second: entry?.iterations_per_second,
    fid: evaluation?.metrics.fid,
  };
  return Object.fromEntries(
    Object.entries(candidates).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
  );
}
