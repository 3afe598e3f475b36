import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { decodeProbe, encodeProbe, type SavedProbe } from '../classifiers/fittedProbe.js';
import { InputError, didYouMean, setting, text } from '../errors.js';
import { makeFolder, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { readFileBytes } from '../files/regularFile.node.js';
import { type Attribute, decodeAttribute, encodeAttribute } from '../model/attribute.js';
import type { ModelWeights } from '../networks/network.js';
import { bytesOf, sha256 } from './runFolder.node.js';

const EXTENSION = '.safetensors';
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** Named files of a run: `FOLDER/NAME.safetensors`. */
interface AssetKind<T> {
  noun: string;
  /** Of the option that names one. */
  key: string;
  /** Creates one. */
  command: string;
  folder: string;
  encode: (asset: T) => Uint8Array;
  decode: (bytes: Uint8Array, file: string) => T;
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

export function requireAssetName(name: string, { noun }: Pick<AssetKind<never>, 'noun'>) {
  if (!NAME.test(name) || name.length > 100)
    throw new InputError(`${noun} name "${name}"`, 'should be letters, digits, "_", "-" and ".", such as smiling');
}

export class RunAssets<T extends { name: string }> {
  private readonly folder: string;

  constructor(
    private readonly run: string,
    private readonly kind: AssetKind<T>,
  ) {
    this.folder = join(run, kind.folder);
  }

  async write(asset: T) {
    requireAssetName(asset.name, this.kind);
    await wrapWriteErrors(this.folder, () => makeFolder(this.folder));
    const file = this.fileOf(asset.name);
    await writeFileAtomically(file, this.kind.encode(asset));
    return file;
  }

  /** Reads the asset of a name, or the only one. */
  async read(name?: string) {
    const names = await this.names();
    const chosen = name ?? (names.length === 1 ? names[0] : undefined);
    if (chosen !== undefined && names.includes(chosen)) {
      const file = this.fileOf(chosen);
      return this.kind.decode(await readFileBytes(file), file);
    }
    const { noun, key, command } = this.kind;
    const problem =
      name === undefined ? (names.length > 0 ? `several ${noun}s` : `no ${noun}`) : `no ${noun} "${name}"`;
    const remedy =
      names.length > 0
        ? text`${name === undefined ? text`set ${setting(key)}, ` : ''}choose from ${names.join(', ')}`
        : `create one with ${command}`;
    throw new InputError(this.run, `${problem} in this run${didYouMean(name ?? '', names)}`, remedy);
  }

  async names() {
    const files = await readdir(this.folder).catch(() => []);
    const assets = files.filter((file) => file.endsWith(EXTENSION) && !file.startsWith('.'));
    return assets.map((file) => file.slice(0, -EXTENSION.length)).sort();
  }

  private fileOf(name: string) {
    return join(this.folder, `${name}${EXTENSION}`);
  }
}

/** Identifies the weights that a probe was fitted on. */
export const weightsDigest = (weights: ModelWeights) =>
  sha256(bytesOf(weights['encoder.parameters']), bytesOf(weights['encoder.statistics']));

/** Returns the run folder of a path to it or to a checkpoint in it. */
export function runFolderPath(run: string) {
  const folder = dirname(resolve(run));
  if (basename(folder) === 'checkpoints') return dirname(run) === '.' ? dirname(folder) : dirname(dirname(run));
  if (run.endsWith('.safetensors'))
    throw new InputError(run, 'is not in a run folder, which stores attributes and probes', 'name the run');
  return run;
}
