/** The networks of a model in a worker. */
import type { Configuration } from '../../src/training/configuration.js';
import type { WorkerModel } from '../../src/web/workerModel.js';
import type { ModelInfo, Networks } from './networks.js';

export function infoOf(
  { prior, latent, channels, size, crop, padding, network, width }: Configuration,
  name: string,
): ModelInfo {
  return {
    name,
    summary: `${network}, width ${width}, ${latent} latent dimensions.`,
    prior,
    latent,
    shape: [channels, size, size],
    preprocessing: { size, channels, crop, padding },
  };
}

/** Values are in 0..1 here. The worker takes bytes and returns values in [-1, 1]. */
export const networksOf = (model: WorkerModel): Networks => ({
  generate: async ({ code, distance }) => {
    const values = distance === 1 ? await model.generate({ z: code }) : await model.decode({ z: code, distance });
    return values.map((value) => (value + 1) / 2);
  },
  encode: ({ image }) => model.encode({ x: Uint8Array.from(image, (value) => Math.round(255 * value)) }),
});
