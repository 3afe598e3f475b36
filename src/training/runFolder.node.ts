import { appendFile, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { writeFileAtomically, writing } from '../files.node.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, readConfiguration } from './checkpoint.js';
import type { Configuration } from './configuration.js';

const CHECKPOINT_NAME = /^(\d+)\.safetensors$/;

/** The folder that a training writes: configuration, log, pictures and checkpoints. */
export class RunFolder {
  private constructor(readonly path: string) {}

  /** Makes a new run folder. Throws InputError if it exists and is not empty, or cannot be made. */
  static async create(path: string, configuration: Configuration): Promise<RunFolder> {
    if (path === '') throw new InputError('the run folder needs a name (--out)');
    const entries = await listFolder(path);
    if (entries !== undefined && entries.length > 0) {
      throw new InputError(`${path}: the run folder exists and is not empty; name another with --out, or go on with the run in it with --resume`);
    }
    const folder = new RunFolder(path);
    await writing(path, async () => {
      for (const part of ['samples', 'reconstructions', 'checkpoints']) await mkdir(join(path, part), { recursive: true });
    });
    await folder.writeConfiguration(configuration);
    return folder;
  }

  /** Opens the folder of an earlier training. Throws InputError if there is none. */
  static async open(path: string): Promise<RunFolder> {
    const entries = await listFolder(path);
    if (entries === undefined) throw new InputError(`${path}: there is no such run folder`);
    if (!entries.includes('config.json')) throw new InputError(`${path}: not a run folder, it has no config.json`);
    return new RunFolder(path);
  }

  writeConfiguration(configuration: Configuration): Promise<void> {
    return writeFileAtomically(join(this.path, 'config.json'), new TextEncoder().encode(`${JSON.stringify(configuration, null, 2)}\n`));
  }

  /** The configuration that the run was started with. Throws InputError if it is damaged. */
  async readConfiguration(): Promise<Configuration> {
    const file = join(this.path, 'config.json');
    return readConfiguration(await readFile(file, 'utf8'), file);
  }

  /** Writes a checkpoint and returns its path. */
  async writeCheckpoint(checkpoint: Checkpoint): Promise<string> {
    const file = join(this.path, 'checkpoints', `${numbered(checkpoint.step)}.safetensors`);
    await writeFileAtomically(file, encodeCheckpoint(checkpoint));
    return file;
  }

  /** Reads the checkpoint of the most iterations. Throws InputError if there is none, or it is damaged. */
  async readLatestCheckpoint(): Promise<Checkpoint & { readonly file: string }> {
    const names = ((await listFolder(join(this.path, 'checkpoints'))) ?? []).filter((name) => CHECKPOINT_NAME.test(name));
    const latest = names.sort((a, b) => parseInt(a) - parseInt(b)).at(-1);
    if (latest === undefined) throw new InputError(`${this.path}: the run has no checkpoint yet`);
    const file = join(this.path, 'checkpoints', latest);
    return { ...decodeCheckpoint(await readFile(file), file), file };
  }

  /** Writes a picture of an iteration and returns its path. */
  async writePicture(kind: 'samples' | 'reconstructions', step: number, png: Uint8Array): Promise<string> {
    const file = join(this.path, kind, `${numbered(step)}.png`);
    await writeFileAtomically(file, png);
    return file;
  }

  /** Appends an object to the log as a line of JSON. */
  async log(entry: Readonly<Record<string, number>>): Promise<void> {
    await writing(this.logFile, () => appendFile(this.logFile, `${JSON.stringify(entry)}\n`));
  }

  /** Cuts the log back to what was logged up to an iteration, and returns the last entry that is left. */
  async cutLog(step: number): Promise<Record<string, number> | undefined> {
    const text = await readFile(this.logFile, 'utf8').catch(() => '');
    const entries = text
      .split('\n')
      .flatMap(parseLogLine)
      .filter((entry) => entry.step! <= step);
    await writeFileAtomically(this.logFile, new TextEncoder().encode(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')));
    return entries.at(-1);
  }

  private get logFile(): string {
    return join(this.path, 'log.jsonl');
  }
}

/** 000123, so that names sort by number. */
const numbered = (step: number): string => String(step).padStart(6, '0');

/** A line that a crash cut short counts as not written. */
function parseLogLine(line: string): Record<string, number>[] {
  try {
    const entry = JSON.parse(line) as Record<string, number> | null;
    return typeof entry?.step === 'number' ? [entry] : [];
  } catch {
    return [];
  }
}

/** The names in a folder, or undefined if there is none. Throws InputError for what is not a folder. */
async function listFolder(path: string): Promise<string[] | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new InputError(`${path}: is a file, not a run folder`);
  return readdir(path);
}
