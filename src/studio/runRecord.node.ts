/** The record of a run, read from its folder without opening its checkpoints. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JOURNAL_NAME, type JournalEntry } from '../runs/journal.node.js';
import { holderOf } from '../runs/lock.node.js';
import type { LogEntry } from '../training/runStore.js';
import { parseObject } from './followedLog.node.js';
import { readOwnLines, readOwnText } from './ownFiles.node.js';
import type { RunSummary } from './schemas.js';
import { type RunState } from './states.js';

/** Bytes at the end of a file that contain its last lines, and those that are shown of a journal. */
const [TAIL, MAX_JOURNAL] = [16_384, 2 ** 20];
/** Bytes of a file with settings or tags. */
const MAX_SETTINGS = 2 ** 20;

/** The settings of a run that a summary needs. The configuration of another version may lack them. */
type StoredConfiguration = Readonly<Record<string, unknown>>;

export const LOG_NAME = 'log.jsonl';
export const TAGS_NAME = 'tags.json';
/** A run may have more, such as those of another program. */
const MAX_TAGS = 20;

/** Reads the configuration of a run; null if it is missing or damaged. */
export async function readStoredConfiguration(folder: string): Promise<StoredConfiguration | null> {
  return parseObject((await readOwnText(join(folder, 'config.json'), MAX_SETTINGS)).text) ?? null;
}

const iteration = z.int().min(0);
const numbers = z.record(z.string(), z.number());

/** The journal entries that the studio reads. Other lines are ignored. */
const journalEntry = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('start'), step: iteration, totalSteps: iteration }),
  z.looseObject({ type: z.enum(['paused', 'continued', 'checkpoint']), step: iteration }),
  z.looseObject({ type: z.literal('evaluation'), step: iteration, epochs: z.number(), metrics: numbers }),
  z.looseObject({ type: z.enum(['note', 'warning', 'failed']), message: z.string() }),
  z.looseObject({ type: z.literal('trained'), step: iteration, interrupted: z.boolean() }),
  z.looseObject({ type: z.literal('scored'), test: numbers }),
]);

/** Reads the journal of a run; of a very long one its end. */
export const readJournal = async (folder: string): Promise<JournalEntry[]> =>
  parseJournal(await readOwnLines(join(folder, JOURNAL_NAME), MAX_JOURNAL));

const parseJournal = (lines: readonly string[]): JournalEntry[] =>
  lines.flatMap((line) => {
    const entry = parseObject(line);
    return typeof entry?.time === 'string' && journalEntry.safeParse(entry).success
      ? [entry as unknown as JournalEntry]
      : [];
  });

/** Returns the iterations of the files of a kind in a run folder, such as `samples/000500.png`, in ascending order. */
export async function iterationsOf(folder: string, kind: 'samples' | 'checkpoints'): Promise<number[]> {
  const pattern = kind === 'samples' ? /^\d+\.png$/u : /^\d+\.safetensors$/u;
  const names = await readdir(join(folder, kind)).catch(() => []);
  return names
    .filter((name) => pattern.test(name))
    .map((name) => parseInt(name))
    .sort((a, b) => a - b);
}

/** Reads what the list of runs shows of a run. */
export async function readSummary(folder: string, id: string): Promise<RunSummary> {
  const [configuration, journal, entry, holder, previews, checkpoints, tags] = await Promise.all([
    readStoredConfiguration(folder),
    readOwnLines(join(folder, JOURNAL_NAME), TAIL).then(parseJournal),
    readOwnLines(join(folder, LOG_NAME), TAIL).then(lastEntry),
    holderOf(folder).catch(() => undefined),
    iterationsOf(folder, 'samples'),
    iterationsOf(folder, 'checkpoints'),
    readTags(folder),
  ]);
  const step = Math.max(entry?.step ?? 0, lastStep(journal));
  const totalSteps = totalStepsOf(configuration, journal, step);
  const { state, reason } = stateOf(journal, holder !== undefined, {
    step,
    totalSteps,
    checkpoint: checkpoints.at(-1),
  });
  const rate = entry?.iterations_per_second;
  return {
    id,
    state,
    reason,
    step,
    totalSteps,
    secondsLeft:
      state === 'running' && totalSteps !== null && rate !== undefined && rate > 0
        ? Math.round((totalSteps - step) / rate)
        : null,
    metrics: metricsOf(entry, journal),
    data: typeof configuration?.data === 'string' ? configuration.data : '',
    model: modelOf(configuration),
    updated: await lastChange(folder),
    preview: previews.at(-1) ?? null,
    checkpoint: checkpoints.at(-1) ?? null,
    journalBytes: await stat(join(folder, JOURNAL_NAME)).then(
      ({ size }) => size,
      () => 0,
    ),
    tags,
  };
}

function lastEntry(lines: readonly string[]): LogEntry | undefined {
  for (const line of [...lines].reverse()) {
    const entry = parseObject(line);
    if (iteration.safeParse(entry?.step).success && Object.values(entry!).every((value) => typeof value === 'number'))
      return entry as LogEntry;
  }
  return undefined;
}

/** The iteration of the last event that has one. */
function lastStep(journal: readonly JournalEntry[]): number {
  const entry = journal.findLast((each) => 'step' in each);
  return entry && 'step' in entry ? entry.step : 0;
}

/** The number of iterations that the last training was to do; null if it is not known. */
function totalStepsOf(
  configuration: StoredConfiguration | null,
  journal: readonly JournalEntry[],
  step: number,
): number | null {
  const start = journal.findLast((entry) => entry.type === 'start');
  if (start) return start.totalSteps;
  const end = journal.findLast((entry) => entry.type === 'trained');
  if (end && !end.interrupted) return step;
  const length = configuration?.length as { readonly steps?: unknown } | undefined;
  return typeof length?.steps === 'number' ? length.steps : null;
}

interface Standing {
  readonly step: number;
  readonly totalSteps: number | null;
  readonly checkpoint: number | undefined;
}

/** The state of a run by the last event that changed it, and by whether a process holds the folder. */
function stateOf(
  journal: readonly JournalEntry[],
  isHeld: boolean,
  standing: Standing,
): { readonly state: RunState; readonly reason: string | null } {
  const last = journal.findLast(({ type }) => STATE_EVENTS.includes(type));
  if (isHeld) return { state: STATES_IN_TRAINING[last?.type ?? ''] ?? 'starting', reason: null };
  if (last?.type === 'failed') return { state: 'failed', reason: last.message };
  if (last?.type === 'trained') return { state: last.interrupted ? 'stopped' : 'finished', reason: null };
  return stateWithoutEnd(standing, last !== undefined);
}

/** The state of a run whose journal does not say how it ended: its process was killed, or it is older than journals. */
function stateWithoutEnd(
  { step, totalSteps, checkpoint }: Standing,
  hasJournal: boolean,
): { readonly state: RunState; readonly reason: string | null } {
  if (!hasJournal && totalSteps !== null && step >= totalSteps) return { state: 'finished', reason: null };
  const saved = checkpoint === undefined ? 'no checkpoint was saved' : `iteration ${checkpoint} is saved`;
  return { state: 'interrupted', reason: `its process ended without saving; ${saved}` };
}

/** The state of a run whose folder is held, by its last event; after the end of an earlier training, another one starts. */
const STATES_IN_TRAINING: Readonly<Record<string, RunState>> = {
  start: 'running',
  continued: 'running',
  paused: 'paused',
};

const STATE_EVENTS: readonly string[] = ['start', 'paused', 'continued', 'trained', 'failed'];

/** The metrics of the list: reconstruction loss, excess divergence and spread of the codes, speed, and the last FID. */
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

function modelOf(configuration: StoredConfiguration | null): string {
  if (configuration === null) return 'config.json is missing or damaged';
  const { network, width, latent } = configuration;
  return `${String(network)}, width ${String(width)}, ${String(latent)} latent dimensions`;
}

/** Milliseconds since 1970 of the last change of the log, the journal or the folder. */
async function lastChange(folder: string): Promise<number> {
  const times = [LOG_NAME, JOURNAL_NAME, '.'].map((name) =>
    stat(join(folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  );
  return Math.max(...(await Promise.all(times)));
}

async function readTags(folder: string): Promise<string[]> {
  try {
    const tags: unknown = JSON.parse((await readOwnText(join(folder, TAGS_NAME), MAX_SETTINGS)).text);
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string').slice(0, MAX_TAGS) : [];
  } catch {
    return [];
  }
}
