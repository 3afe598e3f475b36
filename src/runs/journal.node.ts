import { InputError, messageOf } from '../errors.js';
import type { ReconstructionScores } from '../metrics/reconstruction.js';
import type { RunningTraining, TrainingEvent } from '../training/events.js';
import { parseJson } from '../validation.js';
import type { RunFolder } from './runFolder.node.js';

export const JOURNAL_NAME = 'journal.jsonl';
/** Bytes at the end that contain the scores of a finished run. */
const MAX_TAIL = 65_536;

export type FinalScores = {
  /** Scores on the test images, with the EMA weights if the run has them. */
  test: ReconstructionScores;
  /** The same with the raw weights; only if the run has EMA weights. */
  test_raw?: ReconstructionScores | undefined;
};

type JournalEvent =
  | (Omit<Reported<'start'>, 'run' | 'configuration'> & { pid: number })
  /** The run was made of the weights in a file. */
  | { type: 'imported'; step: number; file: string }
  | Pick<Reported<'paused' | 'continued' | 'checkpoint'>, 'type' | 'step'>
  | Omit<Reported<'evaluation'>, 'file'>
  | Pick<Reported<'note' | 'warning'>, 'type' | 'message'>
  | { type: 'trained'; step: number; interrupted: boolean; seconds: number }
  | ({ type: 'scored' } & FinalScores)
  | { type: 'failed'; message: string };

type Reported<T extends TrainingEvent['type']> = Extract<TrainingEvent, { type: T }>;

export type JournalEntry = JournalEvent & {
  /** UTC, as ISO 8601. */
  time: string;
};

/** Lines of JSON. The first that cannot be written causes a warning; training continues. */
export class Journal {
  private hasStarted = false;
  private hasWarned = false;

  constructor(private readonly run: Pick<RunFolder, 'files'>) {}

  readonly onEvent = async (event: TrainingEvent, { emit }: RunningTraining) => {
    const entry = entryOf(event);
    if (entry === undefined) return;
    this.hasStarted = true;
    const problem = await this.append(entry);
    if (problem === undefined || this.hasWarned) return;
    this.hasWarned = true;
    await emit({ type: 'warning', message: `${problem}: the journal is incomplete` });
  };

  async whileTraining<T extends Partial<FinalScores>>(train: () => Promise<T>) {
    try {
      const summary = await train();
      const { test, test_raw } = summary;
      if (test) await this.append({ type: 'scored', test, test_raw });
      return summary;
    } catch (error) {
      // Earlier errors are those of the command line.
      if (this.hasStarted) await this.append({ type: 'failed', message: messageOf(error) });
      throw error;
    }
  }

  async scoresAfter(step: number): Promise<FinalScores | undefined> {
    const end = await this.run.files.readEnd(JOURNAL_NAME, MAX_TAIL).catch(() => undefined);
    const entries = (end?.text ?? '').split('\n').flatMap((line) => (parseJson(line) as JournalEntry | null) ?? []);
    const scored = entries.findLast((entry) => entry.type === 'scored');
    if (!scored) return undefined;
    const trained = entries.slice(0, entries.indexOf(scored)).findLast((entry) => entry.type === 'trained');
    return trained?.step === step ? { test: scored.test, test_raw: scored.test_raw } : undefined;
  }

  /** Returns the problem if there is one. */
  async append(event: JournalEvent) {
    try {
      await this.run.files.append(JOURNAL_NAME, `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
      return undefined;
    } catch (error) {
      // Training reports a lost folder when it writes what must not be lost.
      return error instanceof InputError ? error.message : undefined;
    }
  }
}

function entryOf(event: TrainingEvent): JournalEvent | undefined {
  switch (event.type) {
    case 'start': {
      const { run: _, configuration: __, ...entry } = event;
      return { ...entry, pid: process.pid };
    }
    case 'paused':
    case 'continued':
    case 'checkpoint':
      return { type: event.type, step: event.step };
    case 'evaluation': {
      const { file: _, ...entry } = event;
      return entry;
    }
    case 'note':
    case 'warning':
      return { type: event.type, message: event.message };
    case 'trained': {
      const { steps, interrupted, seconds } = event.summary;
      return { type: 'trained', step: steps, interrupted, seconds };
    }
    default:
      return undefined;
  }
}
