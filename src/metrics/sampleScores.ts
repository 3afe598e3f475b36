import { randomStream, shuffledIndices } from '../random.js';
import { type Features, gatherRows } from '../numerics/features.js';
import type { ExtractedFeatures } from '../classifiers/featureExtractor.js';
import { frechetFeatureDistance } from './frechet.js';
import { inceptionScore } from './inceptionScore.js';
import { type KernelDistance, kernelDistance } from './kernelDistance.js';
import { precisionRecallDensityCoverage } from './prdc.js';

/** Rows of each set that precision, recall, density and coverage are computed of: their time grows with the square. */
const MANIFOLD_ROWS = 5000;
const MANIFOLD_NEIGHBOURS = 5;
const [KERNEL_SUBSETS, KERNEL_SUBSET_SIZE] = [50, 1000];
const INCEPTION_SPLITS = 10;

export interface SampleScoreOptions {
  /** Determines the subsets. */
  readonly seed: number;
  /** Those that are wanted; others are left out where that saves time. */
  readonly metrics: ReadonlySet<string>;
}

/** Distances of two sets of features, and the subsets that the kernel distance is a mean over; undefined if it was not asked for. */
export interface SetDistances {
  readonly metrics: Readonly<Record<string, number>>;
  readonly subsets?: Pick<KernelDistance, 'subsets' | 'subsetSize'>;
}

/** Metrics of the group `samples`, and what they were computed from. */
export interface SampleScores extends SetDistances {
  readonly manifoldRows: readonly [real: number, generated: number];
  readonly k: number;
}

/** Compares features of samples with those of images by all metrics of the group `samples`. */
export function scoreSamples(real: Features, { features: generated, probabilities }: ExtractedFeatures, options: SampleScoreOptions): SampleScores {
  const wants = (...names: string[]) => names.some((name) => options.metrics.has(name));
  const parts = [drawnRows(real, options.seed, 'real'), drawnRows(generated, options.seed, 'generated')] as const;
  const manifoldRows = [rowsIn(parts[0]), rowsIn(parts[1])] as const;
  // A row has fewer neighbours where there are hardly any.
  const k = Math.min(MANIFOLD_NEIGHBOURS, Math.min(...manifoldRows) - 1);
  const { metrics, subsets } = distancesOf(real, generated, options);
  return {
    metrics: {
      ...metrics,
      ...(wants('precision', 'recall', 'density', 'coverage') ? precisionRecallDensityCoverage(...parts, { k }) : {}),
      ...(probabilities && wants('inception_score', 'inception_score_std') ? inceptionOf(probabilities) : {}),
    },
    ...(subsets ? { subsets } : {}),
    manifoldRows,
    k,
  };
}

/** FID and KID of two sets of features: also those between images and images, which are the least that samples can be expected to reach. */
export function distancesOf(a: Features, b: Features, { seed, metrics }: SampleScoreOptions): SetDistances {
  const fid = metrics.has('fid') ? { fid: frechetFeatureDistance(a, b) } : {};
  if (!metrics.has('kid') && !metrics.has('kid_std')) return { metrics: fid };
  const { mean, std, subsets, subsetSize } = kernelDistance(a, b, { subsets: KERNEL_SUBSETS, subsetSize: KERNEL_SUBSET_SIZE, seed });
  return { metrics: { ...fid, kid: mean, ...(std === undefined ? {} : { kid_std: std }) }, subsets: { subsets, subsetSize } };
}

function inceptionOf(probabilities: Features): Record<string, number> {
  const { mean, std } = inceptionScore(probabilities, { splits: Math.min(INCEPTION_SPLITS, rowsIn(probabilities)) });
  return { inception_score: mean, inception_score_std: std };
}

const rowsIn = ({ data, width }: Features): number => data.length / width;

/** At most `MANIFOLD_ROWS` rows, drawn: data sets are often in some order. */
function drawnRows(features: Features, seed: number, set: string): Features {
  const rows = rowsIn(features);
  return rows <= MANIFOLD_ROWS ? features : gatherRows(features, shuffledIndices(rows, randomStream(seed, `manifold, ${set}`)).subarray(0, MANIFOLD_ROWS));
}
