/** Attributes and probes in run folders: `attributes/NAME.safetensors` and `probes/NAME.safetensors`. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeProbe, encodeProbe, type SavedProbe } from '../classifiers/fittedProbe.js';
import { InputError, nearestName } from '../errors.js';
import { makeFolder, wrapReadErrors, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { type Attribute, decodeAttribute, encodeAttribute } from '../model/attribute.js';
import type { ModelWeights } from '../model/trainedModel.js';

const EXTENSION = '.safetensors';
/** Names become names of files. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** A kind of file that a run has several of, each with a name. */
interface AssetKind<T> {
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
class RunAssets<T extends { readonly name: string }> {
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
      const known = names.length > 0 ? `choose from ${names.join(', ')}` : `create one with ${command}`;
      throw new InputError(`${this.run}: no ${noun} "${name}" in this run${nearest === undefined ? '' : `, did you mean ${nearest}?`}; ${known}`);
    }
    const file = this.fileOf(name);
    const bytes = await wrapReadErrors(file, () => readRegularFile(file));
    return this.kind.decode(bytes, file);
  }

  /** All names in alphabetical order. */
  async names(): Promise<string[]> {
    const files = await readdir(this.folder).catch(() => []);
    return files
      .filter((file) => file.endsWith(EXTENSION) && !file.startsWith('.'))
      .map((file) => file.slice(0, -EXTENSION.length))
      .sort();
  }

  private fileOf(name: string): string {
    return join(this.folder, `${name}${EXTENSION}`);
  }
}

/**
 * Throws InputError for a name that could not be a file's everywhere.
 * @param noun what has the name
 */
function checkName(name: string, noun: string): void {
  if (!NAME.test(name) || name.length > 100) throw new InputError(`${noun} name "${name}": should be letters, digits, "_", "-" and ".", such as smiling`);
}

const ATTRIBUTES = { noun: 'attribute', command: 'agenet attribute', folder: 'attributes', encode: encodeAttribute, decode: decodeAttribute };
const PROBES = { noun: 'probe', command: 'agenet probe --save', folder: 'probes', encode: encodeProbe, decode: decodeProbe };

/** The attributes in a run folder. */
export class AttributeFiles extends RunAssets<Attribute> {
  constructor(run: string) {
    super(run, ATTRIBUTES);
  }
}

/** @throws {InputError} if the name could not be a file name everywhere */
export const checkAttributeName = (name: string): void => checkName(name, ATTRIBUTES.noun);

/** The probes in a run folder. */
export class ProbeFiles extends RunAssets<SavedProbe> {
  constructor(private readonly runFolder: string) {
    super(runFolder, PROBES);
  }

  /**
   * Reads the probe of a name, or the only one.
   * @throws {InputError} if there is none, or several and no name
   */
  async choose(name: string | undefined): Promise<SavedProbe> {
    if (name !== undefined) return this.read(name);
    const names = await this.names();
    if (names.length === 1) return this.read(names[0]!);
    throw new InputError(
      names.length === 0
        ? `${this.runFolder}: no probe in this run; fit one with agenet probe ${this.runFolder} --labels 1000 --save NAME`
        : `${this.runFolder}: several probes in this run; set --probe, choose from ${names.join(', ')}`,
    );
  }
}

/** @throws {InputError} if the name could not be a file name everywhere */
export const checkProbeName = (name: string): void => checkName(name, PROBES.noun);

/** Returns a digest of the encoder's weights, which identifies the weights that a probe was fitted on. */
export function weightsDigest(weights: ModelWeights): string {
  const hash = createHash('sha256');
  for (const name of ['encoder.parameters', 'encoder.statistics'] as const) {
    const { buffer, byteOffset, byteLength } = weights[name];
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
