import { type Features, medianOf } from '../../numerics/features.js';
import { nearestOtherRows } from '../../numerics/nearestRows.js';
import { type ContextEntry, isOnSphere, protocolValue } from '../metric.js';

/** Values for more codes are comparable. */
const MAX_CODES = 5000;

const searchedCodes = (key: 'images' | 'samples') =>
  protocolValue('searched codes', (protocol) =>
    typeof protocol[key] === 'number' ? Math.min(MAX_CODES, protocol[key]) : undefined,
  );

const definition = (of: string, ...dependsOn: ContextEntry['dependsOn']) => ({
  meaning: `median distance of a code to its nearest other code, for ${of}`,
  better: 'none' as const,
  range: '0 to 2, Euclidean distance of unit vectors',
  goodValue: 'code_nn_distance_prior for the same number of codes; near 0 if codes have collapsed',
  reference: 'Euclidean distance to the nearest other row, median over the first 5,000 codes',
  dependsOn,
  isDefinedFor: isOnSphere,
});

export const codeNeighbors: ContextEntry = {
  group: 'latent',
  dependsOn: ['codes'],
  metrics: {
    code_nn_distance_real: definition('codes e(x) of images', 'images', searchedCodes('images')),
    code_nn_distance_fake: definition('codes e(g(z)) of samples', 'trainingSet', searchedCodes('samples')),
    code_nn_distance_prior: definition('latent samples z, to compare the others with', searchedCodes('samples')),
  },
  needs: ['codes'],
  compute: async (context) => {
    if (!isOnSphere(context.subject.model)) return { metrics: {} };
    const [images, samples] = [await context.images(), await context.priorSamples()];
    return {
      metrics: {
        code_nn_distance_real: medianNearest(images.codes),
        code_nn_distance_fake: medianNearest(samples.recovered),
        code_nn_distance_prior: medianNearest(samples.codes),
      },
    };
  },
};

/** Of the first 5,000, at least 2. */
export const medianNearest = ({ data, width }: Features): number =>
  medianOf(nearestOtherRows({ data: data.subarray(0, MAX_CODES * width), width }, 1).squaredDistances.map(Math.sqrt));
