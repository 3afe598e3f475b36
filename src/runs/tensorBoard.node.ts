import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beginningRecord, fileVersionRecord, scalarsRecord } from './eventFile.js';
import type { TrainingEvent } from '../training/events.js';
import type { IterationReport } from '../training/trainer.js';

/** Writes what the log has of iterations, and what evaluations find, into an event file of TensorBoard in a run's folder: a subscriber to a training's events. */
export class TensorBoardLog {
  private readonly file: string;
  private records: Uint8Array[] = [];
  /** Bytes that are in the file for good. */
  private written = 0;
  private totalSteps = 0;

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
    // Files of a process that was killed may go on after its last checkpoint.
    if (event.type === 'start') this.records.push(beginningRecord(event.step + 1, this.now()));
    else if (event.type === 'iteration') this.writeIteration(event.report);
    else if (event.type === 'evaluation') {
      const named = Object.entries(event.metrics).map(([name, value]): [string, number] => [`evaluation.${name}`, value]);
      this.write(scalarsRecord(event.step, this.now(), Object.fromEntries(named)));
    }
  }

  private writeIteration({ step, learningRate, scalars }: IterationReport): void {
    // The training went back to a checkpoint.
    if (step <= this.totalSteps) this.records.push(beginningRecord(step, this.now()));
    this.totalSteps = step;
    if (step % this.every === 0 || step === 1) this.write(scalarsRecord(step, this.now(), { learning_rate: learningRate, ...scalars }));
  }

  /** What a full disk refuses waits for the next entry; what it took of that is written over. */
  private write(record: Uint8Array): void {
    this.records.push(record);
    try {
      const bytes = Buffer.concat(this.records);
      writeAt(this.file, bytes, this.written);
      this.written += bytes.length;
      this.records = [];
    } catch {
      // The log itself says that the folder cannot be written.
    }
  }
}

function writeAt(path: string, bytes: Uint8Array, position: number): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, position + done);
  } finally {
    closeSync(file);
  }
}
