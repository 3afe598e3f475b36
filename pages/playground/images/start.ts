/** How training on a visitor's images begins. */
import { decodeSafetensors } from '../../../src/engine/safetensors.js';
import { RECIPES } from '../../../src/training/defaults.js';
import type { Configuration } from '../../../src/training/configuration.js';
import { loadAsset, readGzip } from '../assets.js';
import type { SessionStart } from '../training/session.js';

/** The weights of a model of drawn faces, or new weights. */
export const VARIANTS = ['faces', 'nothing'] as const;

/** A short memory, because visitors watch the first iterations. */
const EMA = 0.99;

/**
 * The settings of the checkpoint of this site, which has no averages.
 * @param classes names; none for a model without a condition
 */
export function configurationOf(checkpoint: Uint8Array, classes: readonly string[]): Configuration {
  const { metadata } = decodeSafetensors(checkpoint, 'images-start.gz');
  const conditional = { ...RECIPES.classes, condition: 'class', classes };
  return {
    ...(JSON.parse(metadata.configuration!) as Configuration),
    ...(classes.length > 0 && conditional),
    ema: EMA,
  };
}

export async function startFrom(variant: string, classes: readonly string[]): Promise<SessionStart> {
  const checkpoint = await readGzip(await loadAsset('images-start.gz'));
  const configuration = configurationOf(checkpoint, classes);
  return variant === 'faces' ? { configuration, checkpoint } : { configuration };
}
