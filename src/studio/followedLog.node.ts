import type { FileHandle } from 'node:fs/promises';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { LOG_NAME } from '../runs/runFolder.node.js';
import type { LogEntry } from '../training/runStore.js';
import { parseJson } from '../validation.js';
import { firstAtLeast, type LogColumns } from './decimation.js';

/** Bytes to parse before other requests get a turn. */
const CHUNK = 2 ** 20;
const NEWLINE = 0x0a;
/** A log with more is not a training log. */
const MAX_COLUMNS = 200;

export class FollowedLog implements LogColumns {
  readonly steps: number[] = [];
  readonly columns = new Map<string, number[]>();
  /** Changes whenever entries are removed. */
  generation = 0;
  private offset = 0;
  private inode = 0;
  private reading = Promise.resolve();

  constructor(private readonly folder: OwnFolder) {}

  /** Reads what was appended. A file that cannot be read counts as empty. */
  read() {
    this.reading = this.reading.then(() => this.readMore()).catch(() => this.clear());
    return this.reading;
  }

  entriesFrom(row: number): LogEntry[] {
    return this.steps.slice(row).map((step, index) => {
      const values = Array.from(this.columns, ([name, column]) => [name, column[row + index]!] as const);
      return { step, ...Object.fromEntries(values.filter(([, value]) => !Number.isNaN(value))) };
    });
  }

  private async readMore() {
    const { file, size } = await this.folder.open(LOG_NAME);
    try {
      const { ino } = await file.stat();
      // A new file replaces a log that is shortened.
      if (ino !== this.inode || size < this.offset) this.clear();
      this.inode = ino;
      if (size > this.offset) await this.parseFrom(file);
    } finally {
      await file.close();
    }
  }

  private async parseFrom(handle: FileHandle) {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, this.offset);
      const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
      // An unfinished line is read later; one that is longer than the buffer is no entry.
      if (end === 0 && bytesRead < CHUNK) return;
      for (const line of buffer.toString('utf8', 0, end).split('\n')) this.parse(line);
      this.offset += end || bytesRead;
    }
  }

  private parse(line: string) {
    const entry = parseObject(line);
    if (typeof entry?.step !== 'number' || !Number.isFinite(entry.step)) return;
    const row = firstAtLeast(this.steps, entry.step);
    // An append that failed half-way was repeated.
    if (row < this.steps.length) this.cut(row);
    this.steps.push(entry.step);
    for (const [name, value] of Object.entries(entry)) {
      if (name === 'step' || typeof value !== 'number') continue;
      const column = this.columns.get(name) ?? [];
      if (this.columns.size < MAX_COLUMNS) this.columns.set(name, column);
      while (column.length < row) column.push(NaN);
      column.push(value);
    }
    for (const column of this.columns.values()) if (column.length === row) column.push(NaN);
  }

  private cut(row: number) {
    this.generation++;
    for (const column of [this.steps, ...this.columns.values()]) column.length = row;
  }

  private clear() {
    if (this.steps.length > 0) this.cut(0);
    this.columns.clear();
    this.offset = 0;
  }
}

/** Undefined for a line that a crash cut short. */
export function parseObject(line: string) {
  const value = parseJson(line);
  return value instanceof Object && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
