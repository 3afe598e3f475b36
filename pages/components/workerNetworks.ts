/** The networks of a model in a worker. */
import type { Configuration } from '../../src/training/configuration.js';
import { conditionOf } from '../../src/conditions/condition.js';
import type { WorkerModel } from '../../src/web/workerModel.js';
import type { ModelInfo, Networks } from './networks.js';

export function infoOf(configuration: Configuration, name: string): ModelInfo {
  const { prior, latent, channels, size, crop, padding, network, width } = configuration;
  const { condition: setting, classes, attributes } = configuration;
  const condition = conditionOf(configuration);
  return {
    name,
    summary: `${network}, width ${width}, ${latent} latent dimensions.`,
    prior,
    latent,
    ...(condition && { condition: { setting, classes, attributes, shape: condition.shape } }),
    shape: [channels, size, size],
    preprocessing: { size, channels, crop, padding },
  };
}

/** Values are in 0..1 here. The worker takes bytes and returns values in [-1, 1]. */
export const networksOf = (model: WorkerModel): Networks => ({
  source: model,
  generate: async ({ code, distance, condition }) => {
    const inputs = { z: code, y: condition };
    const values = distance === 1 ? await model.generate(inputs) : await model.decode({ ...inputs, distance });
    return values.map((value) => (value + 1) / 2);
  },
  encode: ({ image, condition }) =>
    model.encode({ x: Uint8Array.from(image, (value) => Math.round(255 * value)), y: condition }),
});
