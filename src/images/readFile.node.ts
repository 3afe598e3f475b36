import { LatencyBudget } from '../latencyBudget.js';
import { readRegularFile, readRegularFileSync } from '../files/regularFile.node.js';

/** What a file may take on average from where it is read at once. */
const QUICK_MS = 0.2;

/**
 * Reads many whole files. At once, while they come from where this takes microseconds: to hand one over to the thread pool, which has
 * images to decode, takes ten times as long. Through the thread pool, several at a time, as soon as files take longer than that.
 */
export class FileReader {
  constructor(private readonly pace = new LatencyBudget(QUICK_MS)) {}

  /** The file's bytes. Rejects as `readRegularFile` does. */
  async read(path: string, limit: number): Promise<Uint8Array> {
    return this.pace.hasBudgetLeft ? this.pace.measure(() => readRegularFileSync(path, limit)) : readRegularFile(path, limit);
  }
}
