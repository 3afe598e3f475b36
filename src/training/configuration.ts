import type { FeatureMaps } from '../age/imageDistance.js';
import type { IterationSpec } from '../age/iteration.js';
import { parsePlan } from '../age/plan.js';
import { conditionOf } from '../conditions/condition.js';
import { ARCHITECTURES } from '../networks/architecture.js';
import type { Configuration } from './settings.js';

export type { Configuration };

/**
 * Checks a configuration, and adds the defaults that do not depend on the data.
 * @throws {InputError} with each wrong setting, the expected and the actual value
 */
export const checkConfiguration = async (given: unknown): Promise<Configuration> =>
  (await import('./configurationSchema.js')).parseConfiguration(given);

/**
 * Returns the networks, objective and update plans, without later stages.
 * @param features which the iteration needs if `matchX` compares features
 */
export function iterationSpec(configuration: Configuration, features?: FeatureMaps): IterationSpec {
  const { network, channels, latent, width, batch, encoderUpdates, generatorUpdates, ema, batchNormStats, augment } =
    configuration;
  const { prior, divergence, moment, reduction, matchX, matchZ, margin } = configuration;
  return {
    pair: ARCHITECTURES[network].build({
      channels,
      latentSize: latent,
      width,
      separateStatistics: batchNormStats === 'separate',
      condition: conditionOf(configuration),
    }),
    objective: { prior, divergence, moment, reduction, matchX, features, matchZ, margin },
    plans: { encoder: parsePlan('encoder', encoderUpdates), generator: parsePlan('generator', generatorUpdates) },
    order: configuration.updateOrder,
    batch,
    hasEma: ema > 0,
    hasCodeNoise: configuration.codeNoise > 0,
    augmentations: augment,
  };
}
