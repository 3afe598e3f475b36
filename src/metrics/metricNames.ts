import { InputError, nearestName } from '../errors.js';

const ofBoth = (names: readonly string[]): string[] => names.flatMap((name) => [`${name}_real`, `${name}_fake`]);

/** Every metric, by what it is about. `real` is of images and their codes e(x), `fake` of samples and their codes e(g(z)). */
export const METRIC_GROUPS = {
  reconstruction: ['reconstruction_l1', 'reconstruction_mse', 'psnr', 'ssim'],
  samples: ['fid', 'kid', 'kid_std', 'precision', 'recall', 'density', 'coverage', 'inception_score', 'inception_score_std'],
  latent: [
    'latent_cosine',
    ...ofBoth(['divergence', 'divergence_excess', 'resultant', 'least_variance', 'largest_variance', 'rayleigh', 'rayleigh_p', 'bingham', 'bingham_p']),
    ...ofBoth(['nearest_code']),
    'nearest_code_prior',
  ],
  memorization: ['memorization_ratio'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type MetricGroup = keyof typeof METRIC_GROUPS;
export const METRIC_GROUP_NAMES = Object.keys(METRIC_GROUPS) as readonly MetricGroup[];
/** Groups whose metrics compare features of images. */
export const FEATURE_GROUPS: readonly MetricGroup[] = ['samples', 'memorization'];
export const METRIC_NAMES: readonly string[] = Object.values(METRIC_GROUPS).flat();

const HIGHER = ['psnr', 'ssim', 'precision', 'recall', 'density', 'coverage', 'inception_score', 'latent_cosine', 'memorization_ratio'];
const LOWER = ['reconstruction_l1', 'reconstruction_mse', 'fid', 'kid', 'divergence_excess_real', 'divergence_excess_fake', 'resultant_real', 'resultant_fake'];

/** Whether more or less of a metric is better; undefined where neither is. */
export function betterDirection(metric: string): 'higher' | 'lower' | undefined {
  if (HIGHER.includes(metric)) return 'higher';
  return LOWER.includes(metric) ? 'lower' : undefined;
}

/** The group of a metric. */
export const groupOf = (metric: string): MetricGroup => METRIC_GROUP_NAMES.find((group) => (METRIC_GROUPS[group] as readonly string[]).includes(metric))!;

/**
 * The metrics that a list of names of metrics and of groups means.
 * @throws InputError for a name that is neither
 */
export function parseMetrics(names: readonly string[]): ReadonlySet<string> {
  const wanted = new Set<string>();
  for (const name of names) {
    if (Object.hasOwn(METRIC_GROUPS, name)) METRIC_GROUPS[name as MetricGroup].forEach((metric) => wanted.add(metric));
    else if (METRIC_NAMES.includes(name)) wanted.add(name);
    else {
      const nearest = nearestName(name, [...METRIC_GROUP_NAMES, ...METRIC_NAMES]);
      throw new InputError(
        `metric "${name}": no such metric${nearest ? `, did you mean ${nearest}?` : ''} (there is ${METRIC_NAMES.join(', ')}; or a group: ${METRIC_GROUP_NAMES.join(', ')})`,
      );
    }
  }
  if (wanted.size === 0) throw new InputError(`metrics: none are named; there is ${METRIC_GROUP_NAMES.join(', ')}`);
  return wanted;
}
