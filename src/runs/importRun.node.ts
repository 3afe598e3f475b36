/** Runs from weights that were trained elsewhere. */
import { decodeSafetensors } from '../engine/index.js';
import { InputError } from '../errors.js';
import { wrapReadErrors } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { ARCHITECTURE_NAMES, ARCHITECTURES, type ArchitectureName } from '../networks/architecture.js';
import { fromStateDict, isCounter, optionsOf } from '../networks/stateDict.js';
import type { Configuration } from '../training/configuration.js';
import { stateFromWeights } from '../training/trainer.js';
import { type SettingLabel, shown } from '../validation.js';
import { RunFolder } from './runFolder.node.js';
import { resolveSettings, type Settings } from './settings.node.js';

/** A run made of weights from a file. */
export interface ImportedRun {
  readonly run: string;
  readonly checkpoint: string;
  readonly configuration: Configuration;
}

/** Settings of an imported run; those of its networks follow from the file. */
export type ImportSettings = Omit<Settings, 'channels' | 'width' | 'latent' | 'size' | 'network' | 'data' | 'initFrom'> & {
  readonly data: string;
  readonly network: ArchitectureName;
};

/**
 * Creates a run from the weights of the published networks in a safetensors file, with the names of `docs/export.md`.
 * @param settings the data that the run belongs to, the architecture, and the recipe of further training (default: the preset `published`)
 * @param label returns the name of a setting in messages (default: its key)
 * @throws {InputError} if the file is not such a file, a setting is wrong, or the folder of the run is not empty
 */
export async function importRun(file: string, out: string, { network, ...settings }: ImportSettings, label?: SettingLabel): Promise<ImportedRun> {
  if (!Object.hasOwn(ARCHITECTURES, network)) throw new InputError(`network: expected one of ${ARCHITECTURE_NAMES.join(', ')} but got ${shown(network)}`);
  await RunFolder.requireEmpty(out, label);
  const { tensors } = decodeSafetensors(await wrapReadErrors(file, () => readRegularFile(file)), file, isCounter);
  const options = optionsOf(tensors, file);
  const { channels } = options;
  if (channels !== 1 && channels !== 3) throw new InputError(`${file}: images have 1 or 3 channels, but those of its encoder have ${channels}`);
  const weights = fromStateDict(tensors, network, options, file);
  const preset = settings.preset ?? (settings.config === undefined ? 'published' : undefined);
  const configuration = await resolveSettings({ ...settings, ...options, channels, preset, network, size: ARCHITECTURES[network].imageSize }, label);
  const folder = await RunFolder.create(out, configuration, label);
  const lock = await folder.lock();
  try {
    const checkpoint = await folder.writeCheckpoint({ configuration, ...stateFromWeights(weights, configuration) });
    return { run: out, checkpoint, configuration };
  } finally {
    await lock.release();
  }
}
