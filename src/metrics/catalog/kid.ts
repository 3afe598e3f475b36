import { type FeatureEntry, type Protocol, protocolValue } from '../metric.js';
import { checkPair, checkWhole, type Features, meanAndStd, randomRows, rowsIn } from '../../numerics/features.js';
import { forEachProduct, forEachProductWithin } from '../../numerics/matrixProduct.js';
import { randomStream } from '../../random.js';

export const kid: FeatureEntry = {
  group: 'samples',
  dependsOn: ['extractor', 'images', 'refinement'],
  metrics: {
    kid: {
      meaning:
        'kernel distance between the features of images and samples, unbiased: mean over 50 subsets of 1,000 (Bińkowski et al. 2018)',
      better: 'lower',
      range: 'any, since the estimate is unbiased; the true distance is 0 or more',
      goodValue:
        '0 is expected of equal distributions; compare with the reference (train vs. test images) of the same evaluation',
      reference: 'squared MMD with the kernel (x.y / D + 1)^3 (Bińkowski et al. 2018)',
    },
    kid_std: {
      meaning:
        'standard deviation of the kernel distance over its subsets; omitted if a subset takes all images or samples',
      better: 'none',
      range: '0 or more',
      goodValue: 'small against the differences between runs',
      reference: 'standard deviation over the subsets, divided by their number',
      dependsOn: [protocolValue('KID subset size', (protocol) => (protocol.kid as Protocol | undefined)?.subset_size)],
    },
  },
  hasReference: true,
  compareFeatures: (real, generated, seed) => {
    const { mean, std, subsets, subsetSize } = kernelDistance(real, generated, { subsets: 50, seed });
    return {
      metrics: { kid: mean, ...(std !== undefined && { kid_std: std }) },
      protocol: { kid: { subsets, subset_size: subsetSize } },
    };
  },
};

export interface KernelDistance {
  /** Mean over the subsets; unbiased, so it may be slightly negative. */
  mean: number;
  /**
   * Population standard deviation; undefined if a subset contains all rows of a set, whose variance it would not
   * measure.
   */
  std?: number;
  /** One if each would contain both sets entirely. */
  subsets: number;
  /** Rows of each set in a subset. */
  subsetSize: number;
}

/**
 * Returns the kernel Inception distance (Bińkowski et al. 2018): the unbiased estimate of MMD^2 with the kernel (x.y /
 * D + 1)^3, for random subsets of each set. Takes subsets x subsetSize^2 x 2D multiplications: 410 G for 2,048
 * features, or minutes.
 * @param real features [N, D]
 * @param generated features [N', D]
 * @param options how subsets are drawn
 * @param options.subsets number of subsets (default: 100); one if all would have the same rows
 * @param options.subsetSize rows per subset (default: 1,000), limited to the size of each set
 * @param options.seed determines the subsets
 * @throws {InputError} if widths differ, a set or subset has fewer than 2 rows, a value is not finite, or there are no
 *   subsets
 */
export function kernelDistance(
  real: Features,
  generated: Features,
  { subsets = 100, subsetSize = 1000, seed = 0 } = {},
): KernelDistance {
  const [realRows, generatedRows] = checkPair(real, 'real features', generated, 'generated features', 2);
  checkWhole(subsets, 'subsets');
  checkWhole(subsetSize, 'subset size', 2);
  const size = Math.min(subsetSize, realRows, generatedRows);
  const count = size === realRows && size === generatedRows ? 1 : subsets;
  const draw = (set: Features, name: string, subset: number) =>
    randomRows(set, size, randomStream(seed, `kernel distance, ${name}`, subset));
  const estimates = Array.from({ length: count }, (_, subset) =>
    squaredDiscrepancy(draw(real, 'real', subset), draw(generated, 'generated', subset)),
  );
  const { mean, std } = meanAndStd(estimates);
  const isVaried = size < realRows && size < generatedRows;
  return { mean, ...(isVaried && { std }), subsets: count, subsetSize: size };
}

/** Pairs of a row with itself are left out. */
function squaredDiscrepancy(a: Features, b: Features) {
  let across = 0;
  forEachProduct(a, b, (_, __, product) => (across += kernel(product, a.width)));
  return withinMean(a) + withinMean(b) - (2 * across) / (rowsIn(a) * rowsIn(b));
}

function withinMean(set: Features) {
  const rows = rowsIn(set);
  let below = 0;
  forEachProductWithin(set, (row, column, product) => {
    if (column < row) below += kernel(product, set.width);
  });
  return (2 * below) / (rows * (rows - 1));
}

function kernel(product: number, width: number) {
  const base = product / width + 1;
  return base * base * base;
}
