/** Attributes and probes in run folders: `attributes/NAME.safetensors` and `probes/NAME.safetensors`. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { decodeProbe, encodeProbe, type SavedProbe } from '../classifiers/fittedProbe.js';
import { InputError, nearestName, setting, text } from '../errors.js';
import { makeFolder, wrapReadErrors, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { type Attribute, decodeAttribute, encodeAttribute } from '../model/attribute.js';
import type { ModelWeights } from '../networks/network.js';
import { bytesOf, sha256 } from './runFolder.node.js';

const EXTENSION = '.safetensors';
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** A kind of asset: files of a run with names of their own. */
interface AssetKind<T> {
  readonly noun: string;
  /** The option that names one. */
  readonly key: string;
  /** The command that creates one. */
  readonly command: string;
  readonly folder: string;
  readonly encode: (asset: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array, file: string) => T;
}

export const ATTRIBUTES: AssetKind<Attribute> = {
  noun: 'attribute',
  key: 'along',
  command: 'agenet attribute',
  folder: 'attributes',
  encode: encodeAttribute,
  decode: decodeAttribute,
};
export const PROBES: AssetKind<SavedProbe> = {
  noun: 'probe',
  key: 'probe',
  command: 'agenet probe --labels 1000 --save NAME',
  folder: 'probes',
  encode: encodeProbe,
  decode: decodeProbe,
};

/** @throws {InputError} if the name of an asset could not be a file name everywhere */
export function requireAssetName(name: string, { noun }: Pick<AssetKind<never>, 'noun'>): void {
  if (!NAME.test(name) || name.length > 100)
    throw new InputError(`${noun} name "${name}"`, 'should be letters, digits, "_", "-" and ".", such as smiling');
}

export class RunAssets<T extends { readonly name: string }> {
  private readonly folder: string;

  constructor(
    private readonly run: string,
    private readonly kind: AssetKind<T>,
  ) {
    this.folder = join(run, kind.folder);
  }

  /**
   * Writes an asset, which replaces an earlier one of its name, and returns its path.
   * @throws {InputError} if the name is invalid, or the file cannot be written
   */
  async write(asset: T): Promise<string> {
    requireAssetName(asset.name, this.kind);
    await wrapWriteErrors(this.folder, () => makeFolder(this.folder));
    const file = this.fileOf(asset.name);
    await writeFileAtomically(file, this.kind.encode(asset));
    return file;
  }

  /**
   * Reads the asset of a name, or the only one.
   * @throws {InputError} if there is none, or several and no name
   */
  async read(name?: string): Promise<T> {
    const names = await this.names();
    const chosen = name ?? (names.length === 1 ? names[0] : undefined);
    if (chosen !== undefined && names.includes(chosen)) {
      const file = this.fileOf(chosen);
      return this.kind.decode(await wrapReadErrors(file, () => readRegularFile(file)), file);
    }
    const { noun, key, command } = this.kind;
    const nearest = nearestName(name ?? '', names);
    const problem =
      name === undefined ? (names.length > 0 ? `several ${noun}s` : `no ${noun}`) : `no ${noun} "${name}"`;
    const remedy =
      names.length > 0
        ? text`${name === undefined ? text`set ${setting(key)}, ` : ''}choose from ${names.join(', ')}`
        : `create one with ${command}`;
    throw new InputError(
      this.run,
      `${problem} in this run${nearest === undefined ? '' : `, did you mean ${nearest}?`}`,
      remedy,
    );
  }

  /** In alphabetical order. */
  async names(): Promise<string[]> {
    const files = await readdir(this.folder).catch(() => []);
    const assets = files.filter((file) => file.endsWith(EXTENSION) && !file.startsWith('.'));
    return assets.map((file) => file.slice(0, -EXTENSION.length)).sort();
  }

  private fileOf(name: string): string {
    return join(this.folder, `${name}${EXTENSION}`);
  }
}

/** Identifies the weights that a probe was fitted on. */
export const weightsDigest = (weights: ModelWeights): string =>
  sha256(bytesOf(weights['encoder.parameters']), bytesOf(weights['encoder.statistics']));

/**
 * Returns the run folder of a path to it or to a checkpoint in it.
 * @throws {InputError} if the checkpoint is not in a run folder
 */
export function runFolderPath(run: string): string {
  const folder = dirname(resolve(run));
  if (basename(folder) === 'checkpoints') return dirname(run) === '.' ? dirname(folder) : dirname(dirname(run));
  if (run.endsWith('.safetensors'))
    throw new InputError(run, 'is not in a run folder, which stores attributes and probes', 'name the run');
  return run;
}
