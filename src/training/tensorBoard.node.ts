import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileVersionRecord, scalarsRecord } from './eventFile.js';
import type { TrainingEvent } from './events.js';

/** Writes what iterations report and evaluations find into an event file of TensorBoard in a run's folder: a subscriber to a training's events. */
export class TensorBoardLog {
  private readonly file: string;
  private records: Uint8Array[] = [];

  /** @param every iterations between two entries */
  constructor(
    folder: string,
    private readonly every: number,
    private readonly now: () => number = () => Date.now() / 1000,
  ) {
    const started = now();
    this.file = join(folder, `events.out.tfevents.${Math.floor(started)}.${hostname()}.${process.pid}`);
    this.records.push(fileVersionRecord(started));
  }

  onEvent(event: TrainingEvent): void {
    if (event.type === 'iteration') {
      const { step, learningRate, scalars } = event.report;
      if (step % this.every === 0) this.write(scalarsRecord(step, this.now(), { learning_rate: learningRate, ...scalars }));
    } else if (event.type === 'evaluation') {
      const named = Object.entries(event.metrics).map(([name, value]) => [`evaluation.${name}`, value]);
      this.write(scalarsRecord(event.step, this.now(), Object.fromEntries(named) as Record<string, number>));
    }
  }

  /** What a full disk refuses waits for the next entry. */
  private write(record: Uint8Array): void {
    this.records.push(record);
    try {
      appendFileSync(this.file, Buffer.concat(this.records));
      this.records = [];
    } catch {
      // The log itself says that the folder cannot be written.
    }
  }
}
