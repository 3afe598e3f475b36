/** Requests name runs by ID only, so that none contains a path. */
import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.js';
import { wrapWriteErrors } from '../files/atomic.node.js';
import { JOURNAL_NAME } from '../runs/journal.node.js';
import { FolderLock, holderOf, LOCK_NAME } from '../runs/lock.node.js';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { oneAtATime } from '../turns.js';
import { FollowedLog } from './followedLog.node.js';
import { STUDIO_FOLDER, UPLOADS } from './paths.node.js';
import { MAX_TAGS, NOTE_NAME, readSummary, readTags, TAGS_NAME } from './runRecord.node.js';
import type { ListedRun } from './schemas.js';
import { isTraining } from './states.js';

const MAX_DEPTH = 3;
/** Folders with more contain images, for example. */
const MAX_ENTRIES = 5000;
const MAX_LOGS = 24;

export interface KnownRun {
  folder: OwnFolder;
  /** Changes with the names in the folder, and with the journal. */
  version: string;
  summary: ListedRun;
}

export class RunLibrary {
  private readonly runs = new Map<string, KnownRun>();
  private readonly logs = new Map<string, FollowedLog>();
  private refreshing: Promise<void> | undefined;
  private readonly tagging = oneAtATime();

  constructor(
    private readonly folder: OwnFolder,
    private readonly shown: (summary: ListedRun) => ListedRun,
  ) {}

  /** As of the last refresh. */
  get summaries() {
    return Array.from(this.runs.values(), ({ summary }) => summary);
  }

  summaryOf(id: string) {
    return this.runs.get(id)?.summary;
  }

  /** Concurrent calls share one search. */
  refresh() {
    this.refreshing ??= this.search().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  /** The disk may have changed since the last refresh. */
  async find(id: string) {
    const names = id.split('/');
    if (names.length <= MAX_DEPTH && isSearched(names) && (await this.isRun(names)))
      return this.update(id, this.folder.below(...names));
    this.forget(id);
    return undefined;
  }

  logOf(id: string, folder: OwnFolder) {
    const log = this.logs.get(id) ?? new FollowedLog(folder);
    // The last one of a map is the newest.
    this.logs.delete(id);
    this.logs.set(id, log);
    for (const oldest of this.logs.keys()) if (this.logs.size > MAX_LOGS) this.logs.delete(oldest);
    return log;
  }

  /** @throws {InputError} if a process trains into the run */
  async delete(id: string, { path }: OwnFolder) {
    await this.folder.makeFolder(STUDIO_FOLDER);
    // Moved first, so that a refresh never finds a partly deleted run.
    const deleted = join(this.folder.path, STUDIO_FOLDER, `deleted-${randomUUID()}`);
    await this.move(id, path, deleted);
    await wrapWriteErrors(id, () => rm(deleted, { recursive: true }));
  }

  /** @throws {InputError} if a process trains into the run, or the name is taken */
  async rename(id: string, { path }: OwnFolder, name: string) {
    const target = join(dirname(path), name);
    if (await statusOf(target)) throw new InputError(name, 'exists', 'choose another name');
    await this.move(id, path, target);
    // The lock has moved with the folder.
    await rm(join(target, LOCK_NAME), { force: true });
  }

  private async move(id: string, folder: string, target: string) {
    if (await holderOf(folder)) throw new InputError(id, 'the run is still training', 'stop it first');
    const lock = await FolderLock.take(folder);
    try {
      await wrapWriteErrors(id, () => rename(folder, target));
    } finally {
      await lock.release();
    }
    this.forget(id);
  }

  /** @throws {InputError} if the run has too many tags, or they cannot be written */
  changeTag(id: string, folder: OwnFolder, tag: string, isAdded: boolean) {
    return this.tagging(async () => {
      const others = (await readTags(folder)).filter((each) => each !== tag);
      const tags = isAdded ? [...others, tag] : others;
      if (tags.length > MAX_TAGS) throw new InputError(id, `has ${MAX_TAGS} tags already`, 'remove one first');
      await folder.write(TAGS_NAME, `${JSON.stringify(tags)}\n`);
      return (await this.update(id, folder)).summary;
    });
  }

  /** @throws {InputError} if it cannot be written */
  async writeNote(id: string, folder: OwnFolder, note: string) {
    await folder.write(NOTE_NAME, note === '' ? '' : `${note}\n`);
    return (await this.update(id, folder)).summary;
  }

  /** Whether a folder is a run, and no folder above it is. */
  private async isRun(names: readonly string[]) {
    if (!(await this.folder.below(...names).isIntact())) return false;
    const configurations = await Promise.all(
      names.map((_, index) => statusOf(join(this.folder.path, ...names.slice(0, index + 1), 'config.json'))),
    );
    return configurations.findIndex((found) => found?.isFile()) === names.length - 1;
  }

  private async search() {
    const found = new Map<string, OwnFolder>();
    await this.collect([], found);
    for (const id of this.runs.keys()) if (!found.has(id)) this.forget(id);
    for (const [id, folder] of found) await this.update(id, folder);
  }

  private forget(id: string) {
    this.runs.delete(id);
    this.logs.delete(id);
  }

  private async update(id: string, folder: OwnFolder) {
    const known = this.runs.get(id);
    const version = await versionOf(folder.path);
    if (known?.version === version && !isTraining(known.summary.state)) return known;
    const run = { folder, version, summary: this.shown(await readSummary(folder, id)) };
    this.runs.set(id, run);
    return run;
  }

  private async collect(names: readonly string[], found: Map<string, OwnFolder>): Promise<void> {
    const folder = this.folder.below(...names);
    const entries = await readdir(folder.path, { withFileTypes: true }).catch(() => []);
    if (entries.length > MAX_ENTRIES) return;
    if (names.length > 0 && entries.some((entry) => entry.name === 'config.json' && entry.isFile())) {
      found.set(names.join('/'), folder);
      return;
    }
    if (names.length === MAX_DEPTH) return;
    for (const entry of entries) {
      const below = [...names, entry.name];
      // Links could lead out of the folder.
      if (entry.isDirectory() && isSearched(below)) await this.collect(below, found);
    }
  }
}

/** No such path leads elsewhere. */
const isSearched = (names: readonly string[]) =>
  names[0] !== UPLOADS && names.every((name) => name !== '' && !name.startsWith('.') && !/[\0\\]/u.test(name));

const statusOf = (path: string) => lstat(path).catch(() => undefined);

async function versionOf(folder: string) {
  const found = await Promise.all([folder, join(folder, JOURNAL_NAME)].map(statusOf));
  return found.map((status) => (status ? `${status.mtimeMs} ${status.size}` : '')).join(' ');
}
