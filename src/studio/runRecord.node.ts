/** What the studio shows of a run, read from its folder without opening its checkpoints. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OPEN_FOR_READING, readTextFile, requireRegular } from '../files/regularFile.node.js';
import { JOURNAL_NAME, type JournalEntry } from '../runs/journal.node.js';
import { holderOf } from '../runs/lock.node.js';
import type { LogEntry } from '../training/runStore.js';
import { parseObject } from './followedLog.node.js';
import type { RunState, RunSummary } from './schemas.js';

/** Bytes at the end of a file that contain its last lines. */
const TAIL = 16_384;

/** The settings of a run that a summary needs. The configuration of another version may lack them. */
type StoredConfiguration = Readonly<Record<string, unknown>>;

export const LOG_NAME = 'log.jsonl';
export const TAGS_NAME = 'tags.json';
/** A run may have more, such as those of another program. */
const MAX_TAGS = 20;

/** Reads the configuration of a run; null if it is missing or damaged. */
export async function readStoredConfiguration(folder: string): Promise<StoredConfiguration | null> {
  return parseObject(await readTextFile(join(folder, 'config.json')).catch(() => '')) ?? null;
}

/** Reads the whole journal of a run. */
export async function readJournal(folder: string): Promise<JournalEntry[]> {
  const text = await readTextFile(join(folder, JOURNAL_NAME)).catch(() => '');
  return text.split('\n').flatMap(parseEntry);
}

const parseEntry = (line: string): JournalEntry[] => {
  const entry = parseObject(line);
  return typeof entry?.type === 'string' && typeof entry.time === 'string' ? [entry as unknown as JournalEntry] : [];
};

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
    tailOf(join(folder, JOURNAL_NAME)).then((lines) => lines.flatMap(parseEntry)),
    tailOf(join(folder, LOG_NAME)).then(lastEntry),
    holderOf(folder).catch(() => undefined),
    iterationsOf(folder, 'samples'),
    iterationsOf(folder, 'checkpoints'),
    readTags(folder),
  ]);
  const step = Math.max(entry?.step ?? 0, lastStep(journal));
  const totalSteps = totalStepsOf(configuration, journal, step);
  const { state, reason } = stateOf(journal, holder !== undefined, { step, totalSteps, checkpoint: checkpoints.at(-1) });
  const rate = entry?.iterations_per_second;
  return {
    id,
    state,
    reason,
    step,
    totalSteps,
    secondsLeft: state === 'running' && totalSteps !== null && rate !== undefined && rate > 0 ? Math.round((totalSteps - step) / rate) : null,
    figures: figuresOf(entry, journal),
    data: typeof configuration?.data === 'string' ? configuration.data : '',
    model: modelOf(configuration),
    updated: await lastChange(folder),
    preview: previews.at(-1) ?? null,
    checkpoint: checkpoints.at(-1) ?? null,
    tags,
  };
}

/** The last lines of a file, without one that was cut off; none if the file cannot be read. */
async function tailOf(file: string): Promise<string[]> {
  const handle = await open(file, OPEN_FOR_READING).catch(() => undefined);
  try {
    if (!handle) return [];
    const found = await handle.stat();
    requireRegular(found);
    const start = Math.max(0, found.size - TAIL);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL), 0, TAIL, start);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return start > 0 ? lines.slice(1) : lines;
  } catch {
    return [];
  } finally {
    await handle?.close();
  }
}

function lastEntry(lines: readonly string[]): LogEntry | undefined {
  for (const line of [...lines].reverse()) {
    const entry = parseObject(line);
    if (typeof entry?.step === 'number') return entry as LogEntry;
  }
  return undefined;
}

/** The iteration of the last event that has one. */
function lastStep(journal: readonly JournalEntry[]): number {
  const entry = journal.findLast((each) => 'step' in each);
  return entry && 'step' in entry ? entry.step : 0;
}

/** The number of iterations that the last training was to do; null if it is not known. */
function totalStepsOf(configuration: StoredConfiguration | null, journal: readonly JournalEntry[], step: number): number | null {
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
function stateOf(journal: readonly JournalEntry[], isHeld: boolean, standing: Standing): { readonly state: RunState; readonly reason: string | null } {
  const last = journal.findLast(({ type }) => STATE_EVENTS.includes(type));
  if (isHeld) return { state: STATES_IN_TRAINING[last?.type ?? ''] ?? 'starting', reason: null };
  if (last?.type === 'failed') return { state: 'failed', reason: last.message };
  if (last?.type === 'trained') return { state: last.interrupted ? 'interrupted' : 'finished', reason: null };
  return stateWithoutEnd(standing, last !== undefined);
}

/** The state of a run whose journal does not say how it ended: its process was killed, or it is older than journals. */
function stateWithoutEnd({ step, totalSteps, checkpoint }: Standing, hasJournal: boolean): { readonly state: RunState; readonly reason: string | null } {
  if (!hasJournal && totalSteps !== null && step >= totalSteps) return { state: 'finished', reason: null };
  const saved = checkpoint === undefined ? 'no checkpoint was saved' : `iteration ${checkpoint} is saved`;
  return { state: 'interrupted', reason: `its process ended without saving; ${saved}` };
}

/** The state of a run whose folder is held, by its last event; after the end of an earlier training, another one starts. */
const STATES_IN_TRAINING: Readonly<Record<string, RunState>> = { start: 'running', continued: 'running', paused: 'paused' };

const STATE_EVENTS: readonly string[] = ['start', 'paused', 'continued', 'trained', 'failed'];

/** The figures of the list: reconstruction loss, excess divergence and spread of the codes, speed, and the last FID. */
function figuresOf(entry: LogEntry | undefined, journal: readonly JournalEntry[]): Record<string, number> {
  const evaluation = journal.findLast((each) => each.type === 'evaluation');
  const candidates = {
    match_x: entry?.['encoder.match_x'] ?? entry?.['generator.match_x'],
    KL_real_gap: entry?.['encoder.KL_real_gap'],
    code_variance: entry?.['encoder.code_variance_real'],
    iterations_per_second: entry?.iterations_per_second,
    fid: evaluation?.metrics.fid,
  };
  return Object.fromEntries(Object.entries(candidates).filter((pair): pair is [string, number] => typeof pair[1] === 'number'));
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
    const tags: unknown = JSON.parse(await readTextFile(join(folder, TAGS_NAME)));
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string').slice(0, MAX_TAGS) : [];
  } catch {
    return [];
  }
}
