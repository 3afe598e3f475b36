import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.js';
import type { Configuration } from '../../src/training/configuration.js';
import type { PreviewFiles } from '../../src/training/events.js';
import type { Preview } from '../../src/training/previews.js';
import type { LogEntry, RunLock, RunStore, StoredCheckpoint } from '../../src/training/runStore.js';
import { digest } from './tinyTraining.js';

/** A run in memory, as a browser could keep it. */
export class MemoryStore implements RunStore {
  readonly path = 'memory';
  readonly checkpoints = new Map<number, Uint8Array>();
  readonly previews = new Map<number, Preview>();
  entries: LogEntry[] = [];
  configuration: Configuration | undefined;
  isLocked = false;

  lock(): Promise<RunLock> {
    this.isLocked = true;
    const release = () => {
      this.isLocked = false;
      return Promise.resolve();
    };
    return Promise.resolve({ release });
  }

  async readLatestCheckpoint(): Promise<StoredCheckpoint | undefined> {
    const step = Math.max(...this.checkpoints.keys());
    const bytes = this.checkpoints.get(step);
    return bytes && { ...(await decodeCheckpoint(bytes, String(step), digest)), file: String(step) };
  }

  writeCheckpoint(checkpoint: Checkpoint): Promise<string> {
    this.checkpoints.set(checkpoint.step, encodeCheckpoint(checkpoint, digest));
    return Promise.resolve(String(checkpoint.step));
  }

  writeConfiguration(configuration: Configuration): Promise<void> {
    this.configuration = configuration;
    return Promise.resolve();
  }

  writePreviews(step: number, preview: Preview): Promise<PreviewFiles> {
    this.previews.set(step, preview);
    return Promise.resolve({ samples: `samples ${step}`, reconstructions: `reconstructions ${step}` });
  }

  appendLog(entries: readonly LogEntry[]): Promise<void> {
    this.entries.push(...entries);
    return Promise.resolve();
  }

  truncateLog(step: number): Promise<LogEntry | undefined> {
    this.entries = this.entries.filter((entry) => entry.step! <= step);
    return Promise.resolve(this.entries.at(-1));
  }

  recreate(): Promise<void> {
    return Promise.resolve();
  }
}
