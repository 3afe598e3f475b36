import { decodeSafetensors } from '../engine/index.js';
import { InputError, setting } from '../errors.js';
import { readFileBytes } from '../files/regularFile.node.js';
import { ARCHITECTURE_NAMES, ARCHITECTURES, type ArchitectureName } from '../networks/architecture.js';
import { fromStateDict, isCounter, stateDictOptions } from '../networks/stateDict.js';
import type { Configuration } from '../training/configuration.js';
import { stateFromWeights } from '../training/trainer.js';
import { shown } from '../validation.js';
import { Journal } from './journal.node.js';
import { RunFolder } from './runFolder.node.js';
import { resolveSettings, type Settings } from './settings.node.js';

/** A run made of weights from a file. */
export interface ImportedRun {
  run: string;
  checkpoint: string;
  configuration: Configuration;
}

/** Settings of an imported run; those of its networks follow from the file. */
export type ImportSettings = Omit<Settings, (typeof DERIVED)[number] | 'network' | 'data'> & {
  data: string;
  network: ArchitectureName;
};

const DERIVED = ['channels', 'width', 'latent', 'size', 'initFrom', 'batchNormStats'] as const;

/** Creates a run from weights of a published network in a safetensors file, with the names of `docs/export.md`. */
export async function importRun(file: string, out: string, settings: ImportSettings): Promise<ImportedRun> {
  const network = requireNetwork(settings);
  await RunFolder.requireEmpty(out);
  const { tensors } = decodeSafetensors(await readFileBytes(file), file, isCounter);
  const { separateStatistics, ...options } = stateDictOptions(tensors, file);
  const weights = fromStateDict(tensors, network, { separateStatistics, ...options }, file);
  const preset = settings.preset ?? (settings.config === undefined ? 'published' : undefined);
  const batchNormStats = separateStatistics ? 'separate' : 'shared';
  const { imageSize: size } = ARCHITECTURES[network];
  const resolved = await resolveSettings({ ...settings, ...options, preset, batchNormStats, size }).catch(
    (error: unknown) => {
      throw error instanceof InputError && DERIVED.some((key) => key === error.setting) ? error.within(file) : error;
    },
  );
  if (resolved.condition !== 'none')
    throw new InputError(setting('condition'), 'imported networks have no condition', 'remove it, or train a new run');
  // Only now, because the setting names a run.
  const configuration: Configuration = { ...resolved, initFrom: file };
  const folder = await RunFolder.create(out, configuration);
  const lock = await folder.lock();
  try {
    const state = stateFromWeights(weights, configuration);
    const checkpoint = await folder.writeCheckpoint({ configuration, ...state });
    await new Journal(folder).append({ type: 'imported', step: state.step, file });
    return { run: out, checkpoint, configuration };
  } finally {
    await lock.release();
  }
}

function requireNetwork(settings: unknown): ArchitectureName {
  if (typeof settings !== 'object' || settings === null)
    throw new InputError('settings', `must be an object, not ${shown(settings)}`);
  const derived = DERIVED.find((key) => key in settings);
  if (derived !== undefined) throw new InputError(setting(derived), 'follows from the file', 'remove it');
  const { network } = settings as { network?: unknown };
  const known = ARCHITECTURE_NAMES.find((name) => name === network);
  if (known !== undefined) return known;
  const names = ARCHITECTURE_NAMES.join(', ');
  throw new InputError(setting('network'), `expected one of ${names} but got ${shown(network)}`);
}
