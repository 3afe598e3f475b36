import { createHash } from 'node:crypto';
import type { ModelWeights } from '../model/trainedModel.js';
import { InputError } from '../errors.js';
import { checkName, RunAssets } from './runAssets.node.js';
import { decodeProbe, encodeProbe, type SavedProbe } from '../classifiers/probeFile.js';

const KIND = { noun: 'probe', command: 'agenet probe --save', folder: 'probes', encode: encodeProbe, decode: decodeProbe };

/** The probes in a run folder: `probes/NAME.safetensors`. */
export class ProbeFiles extends RunAssets<SavedProbe> {
  constructor(private readonly runFolder: string) {
    super(runFolder, KIND);
  }

  /** The only probe of the run, or the one of a name. Throws InputError that names those that there are where it is not clear which. */
  async choose(name: string | undefined): Promise<SavedProbe> {
    if (name !== undefined) return this.read(name);
    const names = await this.names();
    if (names.length === 1) return this.read(names[0]!);
    throw new InputError(
      names.length === 0
        ? `${this.runFolder}: the run has no probe to classify with; fit one with agenet probe ${this.runFolder} --labels 1000 --save NAME`
        : `${this.runFolder}: the run has several probes, choose one with --probe (there is ${names.join(', ')})`,
    );
  }
}

/** Throws InputError for a name that could not be a file's everywhere. */
export const checkProbeName = (name: string): void => checkName(name, KIND.noun);

/** A digest of the encoder's weights, by which a probe knows those that it belongs to. */
export function weightsDigest(weights: ModelWeights): string {
  const hash = createHash('sha256');
  for (const name of ['encoder.parameters', 'encoder.statistics'] as const) {
    const { buffer, byteOffset, byteLength } = weights[name];
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
