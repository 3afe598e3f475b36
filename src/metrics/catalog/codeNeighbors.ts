import { type Features, medianOf } from '../../numerics/features.js';
import { nearestOtherRows } from '../../numerics/nearestRows.js';
import { type Condition, CONDITIONS, protocolValue } from '../conditions.js';
import type { ContextEntry, MetricDefinition } from '../metric.js';

/** Codes to search. */
const MAX_CODES = 5000;

/** The distance depends on the number of codes; values for more codes than the searched ones are comparable. */
const searchedCodes = (key: 'images' | 'samples') =>
  protocolValue('searched codes', (protocol) =>
    typeof protocol[key] === 'number' ? Math.min(MAX_CODES, protocol[key]) : undefined,
  );

const definition = (suffix: string, of: string, ...dependsOn: readonly Condition[]): MetricDefinition => ({
  name: `code_nn_distance_${suffix}`,
  meaning: `median distance of a code to its nearest other code, for ${of}`,
  better: 'none',
  range: '0 to 2, Euclidean distance of unit vectors',
  goodValue: 'code_nn_distance_prior for the same number of codes; near 0 if codes have collapsed',
  reference: 'Euclidean distance to the nearest other row, median over the first 5,000 codes',
  dependsOn: [CONDITIONS.codes, ...dependsOn],
  isDefinedFor: ({ prior }) => prior === 'sphere',
});

export const codeNeighbors: ContextEntry = {
  group: 'latent',
  metrics: [
    definition('real', 'codes e(x) of images', CONDITIONS.images, searchedCodes('images')),
    definition('fake', 'codes e(g(z)) of samples', CONDITIONS.trainingSet, searchedCodes('samples')),
    definition('prior', 'latent samples z, to compare the others with', searchedCodes('samples')),
  ],
  needs: ['codes'],
  compute: async (context) => {
    if (context.subject.model.prior !== 'sphere') return { metrics: {} };
    const [images, samples] = [await context.images(), await context.samples()];
    return {
      metrics: {
        code_nn_distance_real: medianNearest(images.codes),
        code_nn_distance_fake: medianNearest(samples.recovered),
        code_nn_distance_prior: medianNearest(samples.codes),
      },
    };
  },
};

/** Returns the median distance of a code to the nearest other one, among the first 5,000 of at least 2 codes. */
export const medianNearest = ({ data, width }: Features): number =>
  medianOf(nearestOtherRows({ data: data.subarray(0, MAX_CODES * width), width }, 1).squaredDistances.map(Math.sqrt));
