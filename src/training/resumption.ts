import { averagedBy, EMA_NAMES } from '../age/iteration.js';
import { InputError, setting } from '../errors.js';
import { NETWORK_NAMES } from '../networks/network.js';
import { shown } from '../validation.js';
import type { StoredCheckpoint } from './runStore.js';
import { stagesFor } from './schedule.js';
import { type Configuration, isChangeable } from './settings.js';
import type { TrainerState, TrainingVectors } from './trainer.js';

/** @throws {InputError} if a setting differs that a resumed run may not change */
export function requireResumable(configuration: Configuration, checkpoint: StoredCheckpoint, images: number): void {
  const { configuration: earlier, file, step } = checkpoint;
  for (const key of Object.keys({ ...configuration, ...earlier }) as (keyof Configuration)[]) {
    // The data may have moved.
    if (key === 'data' || isChangeable(key) || JSON.stringify(configuration[key]) === JSON.stringify(earlier[key]))
      continue;
    throw new InputError(
      setting(key),
      `${shown(configuration[key])} contradicts ${file}, which was trained with ${shown(earlier[key])}`,
      'restore it in config.json, or start a new run',
    );
  }
  // The position in the data and the bias correction of Adam follow from the numbers of updates.
  const now = stagesFor(configuration, images).at(step).updates;
  const then = stagesFor(earlier, images).at(step).updates;
  const changed = NETWORK_NAMES.find((network) => now[network] !== then[network]);
  if (changed === undefined) return;
  throw new InputError(
    setting(`${changed}Updates`),
    `the number of updates per iteration must stay as in ${file}`,
    'change only the loss weights, or start a new run',
  );
}

/** An EMA that the checkpoint does not have begins at its weights. */
export function resumedState({ vectors, step, rateScale }: TrainerState, { ema }: Configuration): TrainerState {
  const state = Object.entries(vectors).filter(([name]) => !(EMA_NAMES as readonly string[]).includes(name));
  const averages = EMA_NAMES.map((name) => [name, vectors[name] ?? vectors[averagedBy(name)]]);
  return { vectors: Object.fromEntries([...state, ...(ema > 0 ? averages : [])]) as TrainingVectors, step, rateScale };
}
