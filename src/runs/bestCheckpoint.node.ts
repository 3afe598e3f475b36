import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { describeSystemError, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile, readTextFile } from '../files/regularFile.node.js';
import { betterDirection } from '../metrics/registry.js';

const recordSchema = z.strictObject({
  /** The metric by which it was chosen, and its value. */
  metric: z.string(),
  value: z.number(),
  /** Iterations and complete epochs of training. */
  step: z.number(),
  epochs: z.number(),
  /** Number of samples; metrics of different numbers are not comparable. */
  count: z.number(),
  /** All its metrics, so that a resumed run may choose by a different one. */
  metrics: z.record(z.string(), z.number().nullable()),
});

/** The record of the best checkpoint. */
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

  /**
   * Reads the record and the path of the best checkpoint. Returns undefined if there is none.
   * @throws {InputError} if the record is corrupt
   */
  async read(): Promise<(BestRecord & { readonly file: string }) | undefined> {
    const text = await readTextFile(this.recordFile).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new InputError(`${this.recordFile}: cannot be read (${describeSystemError(error)})`);
    });
    if (text === undefined) return undefined;
    try {
      return { ...recordSchema.parse(JSON.parse(text)), file: this.file };
    } catch {
      throw new InputError(`${this.recordFile}: corrupt file; delete it to choose the best checkpoint again`);
    }
  }

  /**
   * Keeps a copy of a checkpoint if it is better than the one kept before, or that one is not comparable. Returns whether it was kept.
   * The same checkpoint may be offered again.
   */
  async offer(checkpoint: string, candidate: BestRecord): Promise<boolean> {
    const before = await this.read();
    if (!Number.isFinite(candidate.value) || !isBetter(candidate, before)) return false;
    // The copy is written first: after a kill here, this checkpoint is evaluated again, which writes the record.
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
