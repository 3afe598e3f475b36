import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, nearestName } from '../errors.js';
import { makeFolder, wrapReadErrors, writeFileAtomically, wrapWriteErrors } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';

const ENDING = '.safetensors';
/** Names become names of files. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** A kind of thing that a run has several of, each with a name. */
export interface AssetKind<T> {
  /** What messages call it: `attribute`. */
  readonly noun: string;
  /** The command that makes one. */
  readonly command: string;
  /** The folder in the run's folder. */
  readonly folder: string;
  readonly encode: (thing: T) => Uint8Array;
  /** Throws InputError that names the file for bytes that are none. */
  readonly decode: (bytes: Uint8Array, file: string) => T;
}

/** The things of a kind in a run folder: `FOLDER/NAME.safetensors`. */
export class RunAssets<T extends { readonly name: string }> {
  private readonly folder: string;

  constructor(
    private readonly run: string,
    private readonly kind: AssetKind<T>,
  ) {
    this.folder = join(run, kind.folder);
  }

  /** Writes one, in the place of an earlier one of its name, and returns the file's path. Throws InputError if it cannot. */
  async write(thing: T): Promise<string> {
    checkName(thing.name, this.kind.noun);
    const file = this.fileOf(thing.name);
    await wrapWriteErrors(this.folder, () => makeFolder(this.folder));
    await writeFileAtomically(file, this.kind.encode(thing));
    return file;
  }

  /** Reads one by its name. Throws InputError that names those that there are if there is none of this name. */
  async read(name: string): Promise<T> {
    const names = await this.names();
    if (!names.includes(name)) {
      const nearest = nearestName(name, names);
      const { noun, command } = this.kind;
      const known = names.length > 0 ? `there is ${names.join(', ')}` : `make one with ${command}`;
      throw new InputError(`${this.run}: the run has no ${noun} "${name}"${nearest === undefined ? '' : `, did you mean ${nearest}?`} (${known})`);
    }
    const file = this.fileOf(name);
    const bytes = await wrapReadErrors(file, () => readRegularFile(file));
    return this.kind.decode(bytes, file);
  }

  /** All names in alphabetical order. */
  async names(): Promise<string[]> {
    const files = await readdir(this.folder).catch(() => []);
    return files
      .filter((file) => file.endsWith(ENDING) && !file.startsWith('.'))
      .map((file) => file.slice(0, -ENDING.length))
      .sort();
  }

  private fileOf(name: string): string {
    return join(this.folder, `${name}${ENDING}`);
  }
}

/**
 * Throws InputError for a name that could not be a file's everywhere.
 * @param noun what has the name
 */
export function checkName(name: string, noun: string): void {
  if (!NAME.test(name) || name.length > 100) throw new InputError(`${noun} name "${name}": should be letters, digits, "_", "-" and ".", such as smiling`);
}
