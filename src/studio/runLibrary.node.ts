/** The runs under a folder, by their IDs. Requests name runs by ID only, so that no path of a request reaches the file system. */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { InputError } from '../errors.js';
import { wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { JOURNAL_NAME } from '../runs/journal.node.js';
import { FolderLock, holderOf } from '../runs/lock.node.js';
import { STUDIO_FOLDER, UPLOADS } from './ownFiles.node.js';
import { FollowedLog } from './followedLog.node.js';
import { LOG_NAME, readSummary, TAGS_NAME } from './runRecord.node.js';
import { type RunSummary } from './schemas.js';
import { isTraining } from './states.js';
import { withoutPaths } from './shownErrors.node.js';

/** Folders below the studio's own in which runs are looked for. */
const MAX_DEPTH = 3;
/** Entries of a folder beyond which it is no folder of runs, such as one of images. */
const MAX_ENTRIES = 5000;
/** Logs in memory; those that were not read for the longest time are dropped. */
const MAX_LOGS = 24;

interface KnownRun {
  readonly folder: string;
  /** Changes whenever a file is created in the folder, such as the lock of a training, or the journal grows. */
  version: string;
  summary: RunSummary;
}

/** The changes since the last refresh. */
export interface LibraryChange {
  readonly changed: readonly RunSummary[];
  readonly removed: readonly string[];
}

export class RunLibrary {
  private readonly runs = new Map<string, KnownRun>();
  private readonly logs = new Map<string, FollowedLog>();
  private refreshing: Promise<LibraryChange> | undefined;

  /** @param folder the path of a folder that exists */
  constructor(readonly folder: string) {}

  /** Summaries of all runs, as of the last refresh. */
  get summaries(): RunSummary[] {
    return Array.from(this.runs.values(), ({ summary }) => summary);
  }

  /** Searches for new, changed and removed runs. Concurrent calls share one search. */
  refresh(): Promise<LibraryChange> {
    this.refreshing ??= this.search().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  /** Returns the folder of a run, or undefined if there is none of this ID. */
  folderOf(id: string): string | undefined {
    return this.runs.get(id)?.folder;
  }

  summaryOf(id: string): RunSummary | undefined {
    return this.runs.get(id)?.summary;
  }

  /** Returns the log of a run, which the caller reads. */
  logOf(id: string): FollowedLog | undefined {
    const folder = this.folderOf(id);
    if (folder === undefined) return undefined;
    const log = this.logs.get(id) ?? new FollowedLog(join(folder, LOG_NAME));
    // The last one of a map is the newest.
    this.logs.delete(id);
    this.logs.set(id, log);
    for (const oldest of this.logs.keys()) if (this.logs.size > MAX_LOGS) this.logs.delete(oldest);
    return log;
  }

  /**
   * Deletes the folder of a run; the next refresh finds it gone.
   * @throws {InputError} if a process trains into it
   */
  async delete(id: string): Promise<void> {
    const { folder } = this.runs.get(id)!;
    if (await holderOf(folder)) throw new InputError(id, 'the run is still training', 'stop it first');
    const lock = await FolderLock.take(folder);
    // Renamed first, so that a refresh never finds a partly deleted run.
    const deleted = join(this.folder, STUDIO_FOLDER, `deleted-${randomUUID()}`);
    try {
      await wrapWriteErrors(id, () => rename(folder, deleted));
    } finally {
      await lock.release();
    }
    await wrapWriteErrors(id, () => rm(deleted, { recursive: true }));
  }

  async writeTags(id: string, tags: readonly string[]): Promise<RunSummary> {
    const known = this.runs.get(id)!;
    await writeFileAtomically(join(known.folder, TAGS_NAME), new TextEncoder().encode(`${JSON.stringify(tags)}\n`));
    // The next refresh sees the file, and pages are sent what it changes.
    return { ...known.summary, tags: [...tags] };
  }

  private async search(): Promise<LibraryChange> {
    const found = new Map<string, string>();
    await this.collect(this.folder, 0, found);
    const removed = Array.from(this.runs.keys()).filter((id) => !found.has(id));
    for (const id of removed) {
      this.runs.delete(id);
      this.logs.delete(id);
    }
    const changed: RunSummary[] = [];
    for (const [id, folder] of found) {
      const summary = await this.update(id, folder);
      if (summary) changed.push(summary);
    }
    return { changed, removed };
  }

  /** Reads a run that is new, trains, or whose folder has changed; returns its summary if it differs. */
  private async update(id: string, folder: string): Promise<RunSummary | undefined> {
    const known = this.runs.get(id);
    const version = await versionOf(folder);
    if (known?.version === version && !isTraining(known.summary.state)) return undefined;
    const read = await readSummary(folder, id);
    const summary = { ...read, reason: read.reason && withoutPaths(read.reason, this.folder) };
    const isSame = known !== undefined && JSON.stringify(known.summary) === JSON.stringify(summary);
    this.runs.set(id, { folder, version, summary });
    return isSame ? undefined : summary;
  }

  private async collect(folder: string, depth: number, found: Map<string, string>): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (entries.length > MAX_ENTRIES) return;
    if (depth > 0 && entries.some((entry) => entry.name === 'config.json' && entry.isFile())) {
      found.set(relative(this.folder, folder).split(sep).join('/'), folder);
      return;
    }
    if (depth === MAX_DEPTH) return;
    for (const entry of entries) {
      // A link could lead out of the folder.
      if (entry.isDirectory() && !entry.name.startsWith('.') && !(depth === 0 && entry.name === UPLOADS))
        await this.collect(join(folder, entry.name), depth + 1, found);
    }
  }
}

/** The last change of a folder and the length of its journal. */
async function versionOf(folder: string): Promise<string> {
  const states = [folder, join(folder, JOURNAL_NAME)].map((path) =>
    stat(path).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => '',
    ),
  );
  return (await Promise.all(states)).join(' ');
}
