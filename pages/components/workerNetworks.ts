/** The networks of a model in a worker. */
import type { Configuration } from '../../src/training/configuration.js';
import { oneHot } from '../../src/conditions/classes.js';
import type { WorkerModel } from '../../src/web/workerModel.js';
import type { ModelInfo, Networks } from './networks.js';

export function infoOf(
  { prior, latent, classes, channels, size, crop, padding, network, width }: Configuration,
  name: string,
): ModelInfo {
  return {
    name,
    summary: `${network}, width ${width}, ${latent} latent dimensions.`,
    prior,
    latent,
    classes,
    shape: [channels, size, size],
    preprocessing: { size, channels, crop, padding },
  };
}

/** Values are in 0..1 here. The worker takes bytes and returns values in [-1, 1]. */
export const networksOf = (model: WorkerModel): Networks => {
  const { classes } = model.configuration;
  // Without classes, the condition is unknown.
  const conditionOf = (label: number | null) => (classes.length > 0 ? oneHot([label], classes.length) : undefined);
  return {
    generate: async ({ code, distance, label = null }) => {
      const inputs = { z: code, y: conditionOf(label) };
      const values = distance === 1 ? await model.generate(inputs) : await model.decode({ ...inputs, distance });
      return values.map((value) => (value + 1) / 2);
    },
    encode: ({ image, label = null }) =>
      model.encode({ x: Uint8Array.from(image, (value) => Math.round(255 * value)), y: conditionOf(label) }),
  };
};
