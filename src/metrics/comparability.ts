import { NEAREST_CODES } from './latentScores.js';
import { betterDirection, METRIC_NAMES } from './metricNames.js';

/** An evaluation as its file has it. A value that is not finite is null. */
export interface EvaluatedRun {
  readonly run: string;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly protocol: Readonly<Record<string, unknown>>;
}

/** Why values of a metric cannot be compared: what the evaluations differ in, and what it was in each, in their order. */
export interface Difference {
  readonly condition: string;
  readonly values: readonly string[];
}

/** Metrics that cannot be compared for the same reasons. */
export interface IncomparableMetrics {
  readonly metrics: readonly string[];
  readonly differences: readonly Difference[];
}

export interface Comparison {
  /** Metrics whose values can be compared among all evaluations that have them. */
  readonly comparable: readonly string[];
  readonly incomparable: readonly IncomparableMetrics[];
  /** The index of the best evaluation by comparable metric, if one is better than the others. */
  readonly best: Readonly<Record<string, number>>;
}

type Protocol = EvaluatedRun['protocol'];

/** Something beside the model that values depend on. */
interface Condition {
  readonly name: string;
  /** Equal if and only if the condition is; undefined if the evaluation did not record it. */
  readonly key: (protocol: Protocol) => unknown;
  /** How messages show it. */
  readonly text: (protocol: Protocol) => string;
}

/** Part of a protocol that is an object. */
const part = (protocol: Protocol, name: string): Protocol | undefined => protocol[name] as Protocol | undefined;

/** A condition that is one value, or several: shown as it is. */
const plain = (name: string, key: Condition['key']): Condition => ({ name, key, text: (protocol) => shown(key(protocol)) });

const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([name, each]) => `${name.replaceAll('_', ' ')} ${shown(each)}`)
        .join(', ')
    : String(value);

/** A data set is identified by its images, not by its name: the same name may stand for other files on another day. */
const imageSet = (name: string, splitOf: (protocol: Protocol) => unknown): Condition => ({
  name,
  key: (protocol) => part(protocol, 'digests')?.[splitOf(protocol) as string],
  text: (protocol) => {
    const [split, size] = [splitOf(protocol) as string, protocol.size as readonly number[]];
    return `${String(protocol.data)} ${split} at ${size.join('x')}x${String(protocol.channels)} (${String(part(protocol, 'digests')?.[split]).slice(0, 8)})`;
  },
});

/** Only the first codes are searched for the nearest, so that larger counts make no difference. */
const searchedCodes = (count: unknown) => (typeof count === 'number' ? Math.min(NEAREST_CODES, count) : undefined);

const CONDITIONS = {
  images: imageSet('image set', ({ split }) => split),
  trainingSet: imageSet('training set', () => 'train'),
  heldOutSet: imageSet('held-out set', () => 'test'),
  imageCount: plain('image count', ({ images }) => images),
  sampleCount: plain('sample count', ({ samples }) => samples),
  extractor: {
    name: 'feature extractor',
    key: (protocol) => {
      const { name, digest } = part(protocol, 'extractor') ?? {};
      return digest === undefined ? undefined : [name, digest];
    },
    text: (protocol) => {
      const { name, digest } = part(protocol, 'extractor') ?? {};
      return `${String(name)}${typeof digest === 'string' ? ` [weights ${digest.slice(0, 8)}]` : ''}`;
    },
  },
  subsetSize: plain('KID subset size', (protocol) => part(protocol, 'kid')?.subset_size),
  manifold: plain('neighborhoods', (protocol) => protocol.manifold),
  memorization: plain('searched rows', (protocol) => protocol.memorization),
  codes: plain('latent space', (protocol) => protocol.codes),
  divergence: plain('divergence', (protocol) => protocol.divergence),
  searchedImageCodes: plain('searched codes', ({ images }) => searchedCodes(images)),
  searchedSampleCodes: plain('searched codes', ({ samples }) => searchedCodes(samples)),
} as const satisfies Readonly<Record<string, Condition>>;

type ConditionName = keyof typeof CONDITIONS;

const forAll = (names: readonly string[], ...conditions: ConditionName[]) => Object.fromEntries(names.map((name) => [name, conditions]));

const CODE_STATISTICS = ['resultant', 'least_variance', 'largest_variance', 'rayleigh', 'rayleigh_p', 'bingham', 'bingham_p'];
const DIVERGENCES = ['divergence', 'divergence_excess'];
const ofReal = (names: readonly string[]) => names.map((name) => `${name}_real`);
const ofFake = (names: readonly string[]) => names.map((name) => `${name}_fake`);

/**
 * What must agree for values of a metric to be comparable. Counts matter to those whose expectation depends on them: FID falls as samples are
 * added, KID, which is unbiased, does not, and neither do means over images. The seed matters to none.
 */
const METRIC_CONDITIONS: Readonly<Record<string, readonly ConditionName[]>> = {
  ...forAll(['reconstruction_l1', 'reconstruction_mse', 'psnr', 'ssim'], 'images'),
  ...forAll(['fid'], 'extractor', 'images', 'imageCount', 'sampleCount'),
  ...forAll(['kid'], 'extractor', 'images'),
  ...forAll(['kid_std'], 'extractor', 'images', 'subsetSize'),
  ...forAll(['precision', 'recall', 'density', 'coverage'], 'extractor', 'images', 'manifold'),
  ...forAll(['inception_score', 'inception_score_std'], 'extractor', 'sampleCount'),
  ...forAll(['latent_cosine'], 'codes'),
  ...forAll(ofReal(CODE_STATISTICS), 'codes', 'images', 'imageCount'),
  ...forAll(ofFake(CODE_STATISTICS), 'codes', 'sampleCount'),
  ...forAll(ofReal(DIVERGENCES), 'codes', 'divergence', 'images', 'imageCount'),
  ...forAll(ofFake(DIVERGENCES), 'codes', 'divergence', 'sampleCount'),
  ...forAll(['nearest_code_real'], 'codes', 'images', 'searchedImageCodes'),
  ...forAll(['nearest_code_fake', 'nearest_code_prior'], 'codes', 'searchedSampleCodes'),
  ...forAll(['memorization_ratio'], 'extractor', 'trainingSet', 'heldOutSet', 'memorization'),
};

/** What values of a metric depend on beside the model, by name. */
export const conditionsOf = (metric: string): readonly ConditionName[] => METRIC_CONDITIONS[metric] ?? (Object.keys(CONDITIONS) as ConditionName[]);

/** Says of every metric in some evaluations whether its values can be compared, why not, and which is best. */
export function compareEvaluations(evaluations: readonly EvaluatedRun[]): Comparison {
  const present = new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics)));
  const names = [...METRIC_NAMES.filter((name) => present.delete(name)), ...present];
  const comparable: string[] = [];
  const groups = new Map<string, { readonly metrics: string[]; readonly differences: readonly Difference[] }>();
  for (const metric of names) {
    const differences = conditionsOf(metric).flatMap((name) => differenceIn(CONDITIONS[name], metric, evaluations));
    const reasons = JSON.stringify(differences);
    if (differences.length === 0) comparable.push(metric);
    else if (!groups.get(reasons)?.metrics.push(metric)) groups.set(reasons, { metrics: [metric], differences });
  }
  const best = comparable.flatMap((metric) => {
    const index = bestOf(metric, evaluations);
    return index === undefined ? [] : [[metric, index] as const];
  });
  return { comparable, incomparable: [...groups.values()], best: Object.fromEntries(best) };
}

/** How evaluations that have a metric differ in a condition; one that was not recorded may be any. */
function differenceIn(condition: Condition, metric: string, evaluations: readonly EvaluatedRun[]): readonly Difference[] {
  const keys = evaluations.filter(({ metrics }) => metric in metrics).map(({ protocol }) => condition.key(protocol));
  const isSame = keys.length < 2 || (keys[0] !== undefined && keys.every((key) => JSON.stringify(key) === JSON.stringify(keys[0])));
  if (isSame) return [];
  const valueIn = ({ metrics, protocol }: EvaluatedRun) =>
    !(metric in metrics) ? '-' : condition.key(protocol) === undefined ? 'not recorded' : condition.text(protocol);
  return [{ condition: condition.name, values: evaluations.map(valueIn) }];
}

/** The evaluation with the best value; undefined if more is neither better nor worse, or several share it. */
function bestOf(metric: string, evaluations: readonly EvaluatedRun[]): number | undefined {
  const sign = { higher: 1, lower: -1, none: 0 }[betterDirection(metric) ?? 'none'];
  const scores = evaluations.map(({ metrics }) => metrics[metric]).map((value) => (typeof value === 'number' ? sign * value : -Infinity));
  const most = Math.max(...scores);
  const isOnlyOne = scores.filter((score) => score === most).length === 1;
  const rivals = evaluations.filter(({ metrics }) => metric in metrics).length;
  return sign !== 0 && isOnlyOne && rivals > 1 && most > -Infinity ? scores.indexOf(most) : undefined;
}
