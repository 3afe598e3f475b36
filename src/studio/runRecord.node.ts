/** Reads the record of a run without its checkpoints. A file that cannot be read counts as empty. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JOURNAL_NAME, type JournalEntry } from '../runs/journal.node.js';
import { readLatestEvaluation } from '../runs/evaluationFile.node.js';
import { holderOf } from '../runs/lock.node.js';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { LOG_NAME, stepsIn } from '../runs/runFolder.node.js';
import { decodeConfiguration } from '../training/checkpoint.js';
import { hasCollapsed } from '../training/collapse.js';
import type { LogEntry } from '../training/runStore.js';
import { parseJson } from '../validation.js';
import { parseObject } from './followedLog.node.js';
import { iteration, type ListedRun, values } from './schemas.js';
import type { RunState } from './states.js';

/** Bytes that contain the last lines. */
const TAIL = 32_768;
/** Values of single batches vary, so a list shows means of the last logged iterations. */
const AVERAGED = 50;
const MAX_BYTES = 2 ** 20;

export const TAGS_NAME = 'tags.json';
export const MAX_TAGS = 20;
export const NOTE_NAME = 'note.txt';
/** A list of runs shows the beginning of a longer one. */
const MAX_NOTE = 8_000;

const readEnd = async (folder: OwnFolder, name: string, limit = MAX_BYTES) =>
  (await folder.readEnd(name, limit).catch(() => undefined)) ?? { text: '', isWhole: true };

async function readLines(folder: OwnFolder, name: string, limit: number) {
  const { text, isWhole } = await readEnd(folder, name, limit);
  return text.split('\n').slice(isWhole ? 0 : 1);
}

const configurationText = async (folder: OwnFolder) => (await readEnd(folder, 'config.json')).text;

/** Null if the configuration is missing or damaged. */
export const readStoredConfiguration = async (folder: OwnFolder) =>
  parseObject(await configurationText(folder)) ?? null;

/** @throws {InputError} if the configuration is missing, damaged or of another version */
export const readConfiguration = async (folder: OwnFolder) =>
  decodeConfiguration(await configurationText(folder), 'config.json');

/** Other versions may lack them. */
const knownSettings = z.object({
  data: z.string().catch(''),
  network: z.string().catch('unknown network'),
  width: z.number().catch(0),
  latent: z.number().catch(0),
  length: z.object({ steps: z.int().optional().catch(undefined) }).catch({}),
});

/** Other entries of a journal are ignored. */
const journalEntry = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('start'), step: iteration, totalSteps: iteration }),
  z.looseObject({ type: z.enum(['paused', 'continued', 'checkpoint', 'imported']), step: iteration }),
  z.looseObject({ type: z.literal('evaluation'), step: iteration, epochs: z.number(), metrics: values }),
  z.looseObject({ type: z.enum(['note', 'warning', 'failed']), message: z.string() }),
  z.looseObject({ type: z.literal('trained'), step: iteration, interrupted: z.boolean() }),
  z.looseObject({ type: z.literal('scored'), test: values }),
]);

/** Of a very long journal, only the end. */
export async function readJournal(folder: OwnFolder, limit = MAX_BYTES) {
  const entries = (await readLines(folder, JOURNAL_NAME, limit)).map(parseObject);
  return entries.filter(
    (entry) => typeof entry?.time === 'string' && journalEntry.safeParse(entry).success,
  ) as unknown as JournalEntry[];
}

export async function iterationsOf(folder: OwnFolder, kind: 'samples' | 'checkpoints') {
  const files = folder.below(kind);
  return stepsIn(await files.list().catch(() => []), kind);
}

export async function readTags(folder: OwnFolder) {
  const { text } = await readEnd(folder, TAGS_NAME);
  const tags = z.array(z.string()).safeParse(parseJson(text)).data ?? [];
  return tags.slice(0, MAX_TAGS);
}

const readNote = async (folder: OwnFolder) =>
  (await folder.readText(NOTE_NAME, MAX_NOTE).catch(() => undefined))?.trim() ?? '';

/** Settings that one line can show. Data has its own place. */
const settingsOf = (configuration: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(configuration).flatMap(([name, value]): [string, string | number | boolean][] => {
      if (name === 'data' || name === 'version') return [];
      if (name === 'length') return Object.entries(values.safeParse(value).data ?? {});
      if (Array.isArray(value)) return value.length === 0 ? [] : [[name, value.map(String).join(',')]];
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[name, value]]
        : [];
    }),
  );

export async function readSummary(folder: OwnFolder, id: string): Promise<ListedRun> {
  const [configuration, journal, entries, holder, previews, checkpoints, tags, note, evaluation, changes] =
    await Promise.all([
      readStoredConfiguration(folder),
      readJournal(folder, TAIL),
      readLines(folder, LOG_NAME, TAIL).then(entriesIn),
      holderOf(folder.path).catch(() => undefined),
      iterationsOf(folder, 'samples'),
      iterationsOf(folder, 'checkpoints'),
      readTags(folder),
      readNote(folder),
      readLatestEvaluation(folder.path).catch(() => undefined),
      Promise.all([JOURNAL_NAME, LOG_NAME, '.'].map((name) => changeOf(join(folder.path, name)))),
    ]);
  const stored = configuration ?? {};
  const entry = entries.at(-1);
  const { data, network, width, latent, length } = knownSettings.parse(stored);
  const checkpoint = checkpoints.at(-1) ?? null;
  const step = Math.max(...[entry, lastWithStep(journal)].map((each) => each?.step ?? 0), checkpoint ?? 0);
  const progress = { step, totalSteps: totalStepsOf(length.steps ?? null, journal, step), checkpoint };
  const { state, reason } = stateOf(journal, holder !== undefined, progress);
  return {
    ...{ id, state, reason, warning: collapseIn(entry), data, tags, note },
    settings: settingsOf(stored),
    ...progress,
    secondsLeft: state === 'running' ? secondsLeft(progress, entry?.iterations_per_second) : null,
    metrics: { ...metricsOf(entries.slice(-AVERAGED), journal), ...numbersIn(evaluation?.metrics) },
    model: configuration
      ? `${network}, width ${width}, ${latent} latent dimensions`
      : 'config.json is missing or damaged',
    updated: Math.max(...changes.map(({ mtimeMs }) => mtimeMs)),
    preview: previews.at(-1) ?? null,
    journalBytes: changes[0]!.size,
  };
}

const lastWithStep = (journal: readonly JournalEntry[]) => journal.findLast((each) => 'step' in each);

/** By the last logged iteration. */
function collapseIn(entry: LogEntry | undefined) {
  const collapsed = { images: 'encoder.code_variance_real', samples: 'encoder.code_variance_fake' } as const;
  const found = Object.entries(collapsed).find(([, key]) => hasCollapsed(entry?.step ?? 0, entry?.[key] ?? 1));
  return found ? `the codes of ${found[0]} have collapsed` : null;
}

const changeOf = (path: string) => lstat(path).catch(() => ({ mtimeMs: 0, size: 0 }));

type Progress = Pick<ListedRun, 'step' | 'totalSteps' | 'checkpoint'>;

function secondsLeft({ step, totalSteps }: Progress, rate = 0) {
  return totalSteps !== null && rate > 0 ? Math.round((totalSteps - step) / rate) : null;
}

/** Of a log. */
const entriesIn = (lines: readonly string[]): LogEntry[] =>
  lines.flatMap((line) => {
    const entry = values.safeParse(parseObject(line)).data;
    return iteration.safeParse(entry?.step).success ? [entry as LogEntry] : [];
  });

function totalStepsOf(configured: number | null, journal: readonly JournalEntry[], step: number) {
  const start = journal.findLast((entry) => entry.type === 'start');
  if (start) return start.totalSteps;
  const isFinished = journal.findLast((entry) => entry.type === 'trained')?.interrupted === false;
  return isFinished ? step : configured;
}

/** By the last event, while a process holds the folder. */
const STATES_IN_TRAINING: Record<string, RunState> = {
  start: 'running',
  continued: 'running',
  paused: 'paused',
  // A new process has not reported its start yet.
  trained: 'starting',
  failed: 'starting',
  imported: 'starting',
};

function stateOf(
  journal: readonly JournalEntry[],
  isHeld: boolean,
  { step, totalSteps, checkpoint }: Progress,
): Pick<ListedRun, 'state' | 'reason'> {
  const last = journal.findLast(({ type }) => type in STATES_IN_TRAINING);
  if (isHeld) return { state: STATES_IN_TRAINING[last?.type ?? 'trained']!, reason: null };
  if (last?.type === 'failed') return { state: 'failed', reason: last.message };
  if (last?.type === 'imported') return { state: 'imported', reason: null };
  if (last?.type === 'trained') return { state: last.interrupted ? 'stopped' : 'finished', reason: null };
  // Older runs have no journal.
  if (!last && totalSteps !== null && step >= totalSteps) return { state: 'finished', reason: null };
  return { state: 'interrupted', reason: `its process ended unexpectedly; ${checkpointText(checkpoint)}` };
}

const checkpointText = (checkpoint: number | null) =>
  checkpoint === null ? 'no checkpoint was saved' : `the last checkpoint is of iteration ${checkpoint}`;

/** The log has the newest values; names of evaluations follow. */
function metricsOf(entries: readonly LogEntry[], journal: readonly JournalEntry[]) {
  const scored = journal.findLast((each) => each.type === 'scored')?.test;
  const evaluated = journal.findLast((each) => each.type === 'evaluation')?.metrics;
  const meanOf = (key: keyof LogEntry): number | undefined => {
    const found = entries.flatMap((entry) => entry[key] ?? []);
    return found.length === 0 ? undefined : found.reduce((sum, value) => sum + value) / found.length;
  };
  const candidates = {
    match_x: meanOf('encoder.match_x') ?? meanOf('generator.match_x'),
    KL_real_gap: meanOf('encoder.KL_real_gap'),
    code_variance: meanOf('encoder.code_variance_real'),
    iterations_per_second: entries.at(-1)?.iterations_per_second,
    ...scored,
    ...evaluated,
  };
  return numbersIn(candidates);
}

const numbersIn = (candidates: Record<string, unknown> = {}) =>
  Object.fromEntries(
    Object.entries(candidates).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
  );
