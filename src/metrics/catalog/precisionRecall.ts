import { type FeatureEntry, protocolValue } from '../metric.js';
import { checkPair, checkWhole, type Features, meanOf, randomRows, rowsIn } from '../../numerics/features.js';
import { forEachDistance, nearestOtherRows } from '../../numerics/nearestRows.js';
import { randomStream } from '../../random.js';

/** The time is quadratic. */
const MAX_ROWS = 5000;
const NEIGHBORS = 5;

export const neighborhoods = protocolValue('neighborhoods', ({ manifold }) => manifold);

export const precisionRecall: FeatureEntry = {
  group: 'samples',
  dependsOn: ['extractor', 'images', 'refinement', neighborhoods],
  metrics: {
    precision: {
      meaning: 'fraction of samples within the neighborhood of some image (Kynkäänniemi et al. 2019)',
      better: 'higher',
      range: '0 to 1',
      goodValue: 'MNIST: 0.87 by default, 0.82 with the preset published',
      reference: 'balls around images that reach their 5th nearest image (Kynkäänniemi et al. 2019)',
    },
    recall: {
      meaning: 'fraction of images within the neighborhood of some sample (Kynkäänniemi et al. 2019)',
      better: 'higher',
      range: '0 to 1',
      goodValue: 'MNIST: 0.96 by default, 0.95 with the preset published',
      reference: 'balls around samples that reach their 5th nearest sample (Kynkäänniemi et al. 2019)',
    },
    density: {
      meaning:
        'mean number of image neighborhoods that contain a sample, divided by k; 1 for equal distributions (Naeem et al. 2020)',
      better: 'higher',
      range: '0 or more; may exceed 1',
      goodValue: '1 is expected of equal distributions',
      reference: 'Naeem et al. 2020, k = 5, at most 5,000 rows of each',
    },
    coverage: {
      meaning: 'fraction of images whose neighborhood contains some sample (Naeem et al. 2020)',
      better: 'higher',
      range: '0 to 1',
      goodValue: '1 - 2^-5 = 0.97 is expected of equal distributions and counts',
      reference: 'Naeem et al. 2020, k = 5, at most 5,000 rows of each',
    },
  },
  hasReference: false,
  compareFeatures: (real, generated, seed) => {
    const sets = [sampledRows(real, seed, 'real'), sampledRows(generated, seed, 'generated')] as const;
    const [images, samples] = [rowsIn(sets[0]), rowsIn(sets[1])];
    const k = Math.min(NEIGHBORS, images - 1, samples - 1);
    return {
      metrics: precisionRecallDensityCoverage(...sets, { k }),
      protocol: { manifold: { k, images, samples } },
    };
  },
};

/** At random, because data sets are often sorted. */
const sampledRows = (features: Features, seed: number, set: string) =>
  rowsIn(features) <= MAX_ROWS ? features : randomRows(features, MAX_ROWS, randomStream(seed, `manifold, ${set}`));

/**
 * The ball of a row extends to its k-th nearest other row. Time N N' D x 2, memory O(N k). @throws {InputError} if
 * there are at most k rows
 */
export function precisionRecallDensityCoverage(real: Features, generated: Features, { k = NEIGHBORS } = {}) {
  checkWhole(k, 'k');
  const [realRows, generatedRows] = checkPair(real, 'real features', generated, 'generated features', k + 1);
  const [realRadii, generatedRadii] = [squaredRadii(real, k), squaredRadii(generated, k)];
  const precise = new Uint8Array(generatedRows);
  const [recalled, covered] = [new Uint8Array(realRows), new Uint8Array(realRows)];
  let memberships = 0;
  forEachDistance(real, generated, (row, column, distance) => {
    if (distance <= generatedRadii[column]!) recalled[row] = 1;
    if (distance > realRadii[row]!) return;
    memberships++;
    precise[column] = 1;
    covered[row] = 1;
  });
  return {
    precision: meanOf(precise),
    recall: meanOf(recalled),
    density: memberships / (k * generatedRows),
    coverage: meanOf(covered),
  };
}

const squaredRadii = (set: Features, k: number) =>
  nearestOtherRows(set, k).squaredDistances.filter((_, index) => index % k === k - 1);
