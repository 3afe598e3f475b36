import { join } from 'node:path';
import { InputError } from '../errors.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { betterDirection } from '../metrics/registry.js';
import { parseJson } from '../validation.js';
import type { OwnFolder } from './ownFolder.node.js';

const FILE = 'checkpoints/best.safetensors';
const RECORD = 'best.json';
const MAX_BYTES = 2 ** 16;

/** The record of the best checkpoint. */
export interface BestRecord {
  /** The metric by which it was chosen. */
  metric: string;
  value: number;
  /** Iterations and complete epochs. */
  step: number;
  epochs: number;
  /** Number of samples; metrics of different numbers are not comparable. */
  count: number;
  /** Digest of its weights; earlier builds wrote none. */
  weights?: string;
  /** All its metrics, because a resumed run may choose by another. JSON has null for NaN and infinities. */
  metrics: Record<string, number | null>;
}

/** A copy of the best checkpoint so far, which pruning does not remove, and its record. */
export class BestCheckpoint {
  constructor(private readonly folder: OwnFolder) {}

  async read() {
    const content = await this.folder.readText(RECORD, MAX_BYTES);
    if (content === undefined) return undefined;
    const record = parseJson(content);
    if (isRecord(record)) return { ...record, file: join(this.folder.path, FILE) };
    throw new InputError(
      join(this.folder.path, RECORD),
      'corrupt file',
      'delete it to choose the best checkpoint again',
    );
  }

  /** Keeps a copy of a checkpoint unless an earlier one is as good. Returns whether it did. */
  async offer(checkpoint: string, candidate: BestRecord) {
    const before = await this.read();
    if (!Number.isFinite(candidate.value) || !isBetter(candidate, before)) return false;
    // First: if the process is killed here, the resumed run evaluates the checkpoint again and writes the record.
    await this.folder.write(FILE, await readRegularFile(checkpoint));
    await this.folder.write(RECORD, `${JSON.stringify(candidate, null, 2)}\n`);
    return true;
  }
}

function isBetter({ metric, value, count, weights }: BestRecord, before: BestRecord | undefined) {
  if (before !== undefined && weights === before.weights) return true;
  const rival = before?.count === count ? before.metrics[metric] : undefined;
  if (typeof rival !== 'number') return true;
  return betterDirection(metric) === 'higher' ? value > rival : value < rival;
}

function isRecord(stored: unknown): stored is BestRecord {
  const { metric, value, step, epochs, count, metrics } = (stored ?? {}) as Partial<BestRecord>;
  const hasNumbers = [value, step, epochs, count].every((entry) => typeof entry === 'number');
  return typeof metric === 'string' && hasNumbers && typeof metrics === 'object';
}
