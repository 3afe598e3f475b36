import type { z } from 'zod';
import type { IterationSpec } from '../age/iteration.js';
import { parsePlan } from '../age/plan.js';
import { ARCHITECTURES } from '../networks/architecture.js';
import { InputError } from '../errors.js';
import { type SettingLabel, shown } from '../validation.js';
import type { configurationSchema } from './configurationSchema.js';

/** Everything that determines a training run: a run can be repeated from its configuration alone. */
export type Configuration = Readonly<z.output<typeof configurationSchema>>;

/**
 * Checks a configuration, and adds the defaults that do not depend on the data.
 * @param label returns the name of a setting in messages (default: its key)
 * @throws {InputError} that names the first wrong setting, the expected and the actual value
 */
export const checkConfiguration = async (given: unknown, label?: SettingLabel): Promise<Configuration> =>
  (await import('./configurationSchema.js')).parseConfiguration(given, label);

/** Settings that decide how far a run goes and what it reports and keeps, not what it computes. */
const MUTABLE_ON_RESUME: readonly string[] = [
  ...['length', 'logEvery', 'sampleEvery', 'checkpointEvery', 'keepLast', 'keepEvery', 'onNan', 'maxRollbacks'],
  ...['evaluateEvery', 'evaluateMetrics', 'evaluateSamples', 'saveBest'],
];

/** Whether a run of this configuration may be resumed with a different value of a setting. */
export const isChangeable = (key: string, { schedule }: Configuration): boolean =>
  MUTABLE_ON_RESUME.includes(key) && !(key === 'length' && schedule === 'cosine');

/**
 * Requires that a checkpoint was computed with a configuration.
 * @throws {InputError} if a setting differs that a resumed run may not change
 */
export function requireSameTraining(
  configuration: Configuration,
  { configuration: earlier, file }: { readonly configuration: Configuration; readonly file: string },
): void {
  for (const key of Object.keys({ ...configuration, ...earlier }) as (keyof Configuration)[]) {
    // The data may have moved.
    if (key === 'data' || isChangeable(key, earlier) || JSON.stringify(configuration[key]) === JSON.stringify(earlier[key])) continue;
    throw new InputError(
      `${key}: ${shown(configuration[key])} contradicts ${file}, which was trained with ${shown(earlier[key])}; restore it in config.json, or start a new run`,
    );
  }
}

/** Returns the networks, objective and update plans of a configuration, without its later stages. */
export function iterationSpec(configuration: Configuration): IterationSpec {
  const { network, channels, latent, width, batch, encoderUpdates, generatorUpdates, ema, batchNormStats, augment } = configuration;
  const { prior, divergence, moment, reduction, matchX, matchZ } = configuration;
  return {
    pair: ARCHITECTURES[network].build({ channels, latentSize: latent, width, separateStatistics: batchNormStats === 'separate' }),
    objective: { prior, divergence, moment, reduction, matchX, matchZ },
    plans: { encoder: parsePlan('encoder', encoderUpdates), generator: parsePlan('generator', generatorUpdates) },
    batch,
    hasEma: ema > 0,
    augmentations: augment,
  };
}
