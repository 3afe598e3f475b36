import { InputError } from '../../errors.js';
import { checkFeatures, checkWhole, columnMeans, type Features, meanAndStd, rowsIn } from '../../numerics/features.js';
import type { ContextEntry } from '../metric.js';

const SPLITS = 10;

export const inception: ContextEntry = {
  group: 'samples',
  dependsOn: ['extractor', 'trainingSet', 'sampleCount', 'refinement'],
  metrics: {
    inception_score: {
      meaning:
        'Inception score of the samples, if the extractor returns class probabilities: mean over 10 splits (Salimans et al. 2016)',
      better: 'higher',
      range: '1 to the number of classes K',
      goodValue: 'K if the classifier is certain of every sample and all classes are equally frequent',
      reference: 'exp of the mean of KL(p(y|x) || p(y)) (Salimans et al. 2016)',
    },
    inception_score_std: {
      meaning: 'standard deviation of the Inception score over its splits',
      better: 'none',
      range: '0 or more',
      goodValue: 'small against the differences between runs',
      reference: 'standard deviation over 10 splits, divided by their number',
    },
  },
  needs: ['features', 'probabilities'],
  compute: async (context) => {
    const { probabilities } = (await context.samples()).extracted!;
    if (probabilities === undefined) return { metrics: {} };
    const { mean, std } = inceptionScore(probabilities, { splits: Math.min(SPLITS, rowsIn(probabilities)) });
    return { metrics: { inception_score: mean, inception_score_std: std } };
  },
};

/** Over the splits. */
export interface InceptionScore {
  /** From 1 to K. */
  mean: number;
  /** Population standard deviation. */
  std: number;
}

/** For the sum of a row: the float32 rounding error over a thousand classes. */
const TOLERANCE = 1e-3;

/**
 * Returns the Inception score (Salimans et al. 2016): exp of the mean KL divergence of each row's class probabilities
 * from their mean. Split s of S has the rows from floor(s N / S) on.
 * @param probabilities [N, K], each row a distribution
 * @param options how the rows are split
 * @param options.splits number of splits (default: 10)
 * @throws {InputError} if there are fewer rows than splits or fewer than 2 classes, or a row is not a distribution
 */
export function inceptionScore(probabilities: Features, { splits = 10 } = {}): InceptionScore {
  checkWhole(splits, 'splits');
  const rows = checkFeatures(probabilities, 'class probabilities', splits);
  checkDistributions(probabilities, rows);
  const { data, width } = probabilities;
  const startOf = (split: number) => Math.floor((split * rows) / splits) * width;
  const scores = Array.from({ length: splits }, (_, split) =>
    scoreOf({ data: data.subarray(startOf(split), startOf(split + 1)), width }),
  );
  return meanAndStd(scores);
}

function checkDistributions({ data, width }: Features, rows: number) {
  if (width < 2) throw new InputError('class probabilities', 'expected at least 2 classes, but got 1 class');
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let index = row * width; index < (row + 1) * width; index++) {
      if (data[index]! < 0)
        throw new InputError('class probabilities', `row ${row} contains ${data[index]}, but none may be negative`);
      sum += data[index]!;
    }
    if (Math.abs(sum - 1) > TOLERANCE)
      throw new InputError('class probabilities', `row ${row} sums to ${sum}, but every row must sum to 1`);
  }
}

function scoreOf(probabilities: Features) {
  const logMeans = columnMeans(probabilities).map(Math.log);
  let divergence = 0;
  probabilities.data.forEach((value, index) => {
    // 0 log 0 is 0.
    if (value > 0) divergence += value * (Math.log(value) - logMeans[index % probabilities.width]!);
  });
  return Math.exp(divergence / rowsIn(probabilities));
}
