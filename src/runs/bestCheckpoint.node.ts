import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { describeSystemError, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile, readTextFile } from '../files/regularFile.node.js';
import { betterDirection } from '../metrics/registry.js';

const recordSchema = z.strictObject({
  /** The metric by which it was chosen, and its figure. */
  metric: z.string(),
  value: z.number(),
  /** Iterations and whole epochs that it was trained for. */
  step: z.number(),
  epochs: z.number(),
  /** Samples that figures are of: those of other numbers cannot be compared. */
  count: z.number(),
  /** All its figures, so that the metric may change when the run is gone on with. */
  metrics: z.record(z.string(), z.number().nullable()),
});

/** What is known of the best checkpoint. */
export type BestRecord = Readonly<z.infer<typeof recordSchema>>;

/** The best checkpoint of a run so far: `checkpoints/best.safetensors`, a copy that no pruning removes, and `best.json`. */
export class BestCheckpoint {
  /** The copy. */
  readonly file: string;
  private readonly recordFile: string;

  constructor(folder: string) {
    this.file = join(folder, 'checkpoints', 'best.safetensors');
    this.recordFile = join(folder, 'best.json');
  }

  /** What was kept last and where, or undefined if nothing was. Throws InputError for a damaged record. */
  async read(): Promise<(BestRecord & { readonly file: string }) | undefined> {
    const text = await readTextFile(this.recordFile).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new InputError(`${this.recordFile}: cannot be read (${describeSystemError(error)})`);
    });
    if (text === undefined) return undefined;
    try {
      return { ...recordSchema.parse(JSON.parse(text)), file: this.file };
    } catch {
      throw new InputError(`${this.recordFile}: is damaged; remove it to choose the best checkpoint anew`);
    }
  }

  /**
   * Keeps a copy of a checkpoint if it is better than what was kept before, or nothing was that can be compared with it, and says
   * whether it is. The same one may be offered again.
   */
  async offer(checkpoint: string, candidate: BestRecord): Promise<boolean> {
    const before = await this.read();
    if (!Number.isFinite(candidate.value) || !isBetter(candidate, before)) return false;
    // First of all the copy: a process that is killed here evaluates this checkpoint again, and writes the record then.
    await writeFileAtomically(this.file, await readRegularFile(checkpoint));
    await writeFileAtomically(this.recordFile, new TextEncoder().encode(`${JSON.stringify(candidate, null, 2)}\n`));
    return true;
  }
}

function isBetter({ metric, value, count, step }: BestRecord, before: BestRecord | undefined): boolean {
  if (step === before?.step) return true;
  const rival = before?.count === count ? before.metrics[metric] : undefined;
  if (typeof rival !== 'number') return true;
  return betterDirection(metric) === 'higher' ? value > rival : value < rival;
}
