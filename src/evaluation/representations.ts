import { fromPixels, type ModelWeights, type TrainedModel } from '../age/index.js';
import { type Compile, concat, graphOf, input, reduceMean, reshape, slice, unpack, type Value } from '../engine/index.js';
import { fromBytes } from '../images/index.js';
import { forwardInEvaluation, type Network } from '../networks/index.js';
import { BATCH, runInBatches } from './batches.js';
import type { Features } from './features.js';

/** Vectors of images that a linear classifier is fitted on. */
export interface Representation {
  readonly width: number;
  /** Images, bytes [N, C, H, W], to rows [N, width]. */
  readonly of: (images: Uint8Array) => Promise<Features>;
  readonly release: () => Promise<void>;
}

const nothing = () => Promise.resolve();

/** e(x) times sqrt(M): of variance about 1 where codes are uniform on the sphere. */
export function codesOf(model: TrainedModel): Representation {
  const scale = model.prior === 'sphere' ? Math.sqrt(model.latent) : 1;
  return {
    width: model.latent,
    of: async (images) => ({ data: (await model.encode(images)).map((coordinate) => coordinate * scale), width: model.latent }),
    release: nothing,
  };
}

/** Pixels in [-1, 1]. */
export const pixelsOf = (model: TrainedModel): Representation => ({
  width: model.imageSize,
  of: (images) => Promise.resolve({ data: fromBytes(images), width: model.imageSize }),
  release: nothing,
});

/** The encoder's layers up to the activation behind its last batch normalisation. */
function innerLayers({ layers }: Network): Network['layers'] {
  const last = layers.findLastIndex(({ kind }) => kind === 'batchNormalization');
  return layers.slice(0, last + 2);
}

/** The encoder's activations behind its last batch normalisation, averaged over the quarters of the map [N, 4 C]. */
export async function innerFeaturesOf(model: TrainedModel, weights: ModelWeights, compile: Compile): Promise<Representation> {
  const network = model.pair.encoder;
  const parameters = input('parameters', [network.parameters.size]);
  const statistics = input('statistics', [network.statistics.size]);
  const batch = input('batch', [BATCH, ...network.inputShape], 'uint8');
  const inner = { ...network, layers: innerLayers(network) };
  const map = forwardInEvaluation(inner, unpack(parameters, network.parameters), unpack(statistics, network.statistics), fromPixels(batch));
  const features = quarters(map);
  const width = features.shape[1]!;
  const program = await compile(graphOf({ features }, [parameters, statistics]));
  const feeds = { parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
  return {
    width,
    of: async (images) => ({ data: (await runInBatches(program, feeds, images, model.imageSize, { features: width })).features, width }),
    release: () => program.release(),
  };
}

/** The means of the four quarters of maps [N, C, H, W] of even sides, [N, 4 C]. */
function quarters(map: Value): Value {
  const [count, channels, height, width] = map.shape as [number, number, number, number];
  const halves = (x: Value, axis: number, size: number) => [slice(x, axis, 0, size / 2), slice(x, axis, size / 2, size)];
  const parts = halves(map, 2, height).flatMap((half) => halves(half, 3, width));
  return concat(
    parts.map((part) => reshape(reduceMean(part, [2, 3]), [count, channels])),
    1,
  );
}
