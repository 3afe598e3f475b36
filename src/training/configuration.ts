import { z } from 'zod';
import { DISTANCES, DIVERGENCES, type IterationSpec, MOMENTS, parsePlan, PRIORS, REDUCTIONS } from '../age/index.js';
import { InputError, nearestName } from '../errors.js';
import { type Crop, CROPS } from '../images/index.js';
import { ARCHITECTURE_NAMES, type ArchitectureName, ARCHITECTURES, NETWORK_NAMES } from '../networks/index.js';
import { LARGEST_SEED } from '../random.js';
import { SCHEDULES } from './learningRate.js';

const whole = (least: number, most: number) =>
  z.int(`must be a whole number from ${least} to ${most}`).min(least, `must be at least ${least}`).max(most, `must be at most ${most}`);
const choice = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values, `must be one of ${values.join(', ')}`);

const share = (what: string) => z.number(`must be a number from 0 to below 1${what}`).min(0, 'must be at least 0').lt(1, 'must be below 1');

const text = z.string('must be a text');
const plan = z.string('must be a plan such as "1;KL_fake:1,match_z:1000"');

/** One set of running statistics in each network, or one for each kind of input. */
export const STATISTICS = ['shared', 'apart'] as const;

/** What happens where a loss or gradient is not finite: an error, or back to the last checkpoint with half the learning rate. */
export const REMEDIES = ['stop', 'rollback'] as const;

/** Plans that hold from an epoch (counted from 0) on; a plan that is absent stays as it was. */
const stageSchema = z.strictObject(
  { epoch: whole(1, 1_000_000), encoderUpdates: plan.optional(), generatorUpdates: plan.optional() },
  'must be an epoch and the plans from it on',
);

/** Everything that determines a run, resolved: a run can be repeated from it alone. */
export const configurationSchema = z.strictObject({
  data: text,
  size: whole(1, 1024),
  channels: z.union([z.literal(1), z.literal(3)], 'must be 1 (grey) or 3 (RGB)'),
  /** How images of another shape become squares. */
  crop: choice(CROPS as readonly [Crop, ...Crop[]]).default('center'),
  /** Whether each image is mirrored at random each time it is seen. */
  flip: z.boolean('must be true or false').default(false),
  /** The share of images that are kept for tests, where the data have no part for them. */
  testFraction: share('').default(0.1),
  network: choice(ARCHITECTURE_NAMES as readonly [ArchitectureName, ...ArchitectureName[]]),
  width: whole(1, 1024),
  latent: whole(2, 4096),
  batch: whole(2, 4096),
  /** How long to train: passes over the data, or iterations. */
  length: z.union([z.strictObject({ epochs: whole(1, 1_000_000) }), z.strictObject({ steps: whole(1, 1_000_000_000) })], 'must be either epochs or steps'),
  encoderUpdates: plan,
  generatorUpdates: plan,
  stages: z.array(stageSchema, 'must be a list').default([]),
  prior: choice(PRIORS),
  divergence: choice(DIVERGENCES),
  moment: choice(MOMENTS),
  reduce: choice(REDUCTIONS),
  matchX: choice(DISTANCES),
  matchZ: choice(DISTANCES),
  /** Whether all that a network is given moves one set of running statistics, as published, or each kind of input its own. */
  statistics: choice(STATISTICS).default('shared'),
  learningRate: z.number('must be a number').positive('must be above 0').max(1, 'must be at most 1'),
  schedule: choice(SCHEDULES).default('halving'),
  /** Epochs after which the learning rate is halved; 0: never. */
  dropLr: whole(0, 1_000_000),
  /** Iterations over which the learning rate rises to its value. */
  warmUp: whole(0, 1_000_000_000).default(0),
  /** The share of the averages of the weights that stays in an iteration; 0: no averages. */
  ema: share('').default(0),
  /** Iterations before averaging begins. */
  emaStart: whole(0, 1_000_000_000).default(0),
  seed: whole(0, LARGEST_SEED),
  /** The run whose weights training began with. */
  from: text.optional(),
  onNan: choice(REMEDIES).default('stop'),
  /** How often a run may go back before it stops all the same. */
  rollbacks: whole(0, 1000).default(3),
  logEvery: whole(1, 1_000_000),
  sampleEvery: whole(0, 1_000_000_000),
  checkpointEvery: whole(0, 1_000_000_000),
  /** Newest checkpoints that stay; 0: all. */
  keep: whole(0, 1_000_000).default(0),
  /** Of the older ones those of a multiple of so many iterations stay too; 0: none. */
  keepEvery: whole(0, 1_000_000_000).default(0),
  /** Epochs between evaluations; 0: none. */
  evaluateEvery: whole(0, 1_000_000).default(0),
  /** Names of metrics or groups of metrics, as `agenet evaluate` knows them; without it, all that the data allow but memorization. */
  evaluateMetrics: z.array(z.string(), 'must be a list of names').min(1, 'must name a metric').optional(),
  /** Samples of an evaluation, and images where there are as many. */
  evaluateCount: whole(2, 1_000_000).default(10_000),
  /** The metric by which the best checkpoint is known that is kept beside the others. */
  best: z.string().optional(),
});

export type Configuration = Readonly<z.infer<typeof configurationSchema>>;

/** What is trained unless the user says otherwise: the published plan, at a width that two processor cores train in minutes. */
export const DEFAULTS = {
  network: 'dcgan32',
  width: 16,
  latent: 64,
  batch: 64,
  length: { epochs: 10 },
  encoderUpdates: '1;KL_fake:1,KL_real:1,match_z:0,match_x:10',
  generatorUpdates: '2;KL_fake:1,match_z:1000,match_x:0',
  prior: 'sphere',
  divergence: 'qp',
  moment: 'std',
  reduce: 'mean',
  matchX: 'L1',
  matchZ: 'cos',
  learningRate: 2e-4,
  dropLr: 0,
  seed: 1,
  logEvery: 10,
  sampleEvery: 500,
  checkpointEvery: 2000,
} as const satisfies Partial<Configuration>;

/**
 * What messages call a setting: the flag, or the place in a file. `key` is the configuration's, `name` what is wrong in it, if that is a
 * part: `epochs` of `length`, `stages[1].epoch` of `stages`.
 */
export type SettingLabel = (key: string, name?: string) => string;

/**
 * Checks a configuration as a whole. Throws InputError that names the first wrong setting, what it may be and what it was.
 */
export function checkConfiguration(given: unknown, label: SettingLabel = (key, name = key) => name): Configuration {
  const parsed = configurationSchema.safeParse(given);
  if (!parsed.success) throw new InputError(describeIssue(parsed.error.issues[0]!, given, label));
  const configuration = parsed.data;
  const { network, size } = configuration;
  const { imageSize } = ARCHITECTURES[network];
  if (size !== imageSize) throw new InputError(`${label('size')}: ${network} is made for images of ${imageSize}x${imageSize}, not ${size}x${size}`);
  requirePlans(configuration, label);
  requireOrder(configuration, label);
  return configuration;
}

/** Plans that can be parsed. */
function requirePlans(configuration: Configuration, label: SettingLabel): void {
  const labelled = (stage: number, key: string) => (stage < 0 ? label(key) : label('stages', `stages[${stage}].${key}`));
  for (const [index, plans] of [configuration, ...configuration.stages].entries()) {
    for (const network of NETWORK_NAMES) {
      const key = `${network}Updates` as const;
      const given = plans[key];
      if (given !== undefined) named(labelled(index - 1, key), () => parsePlan(network, given));
    }
  }
}

/** Puts the name of a setting before what is wrong with it. */
function named(label: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${label}: ${error.message}`) : error;
  }
}

/** Settings that a resumed run may change: they decide how far it goes and what it reports and keeps, not what it computes. */
const CHANGEABLE: readonly string[] = [
  ...['length', 'logEvery', 'sampleEvery', 'checkpointEvery', 'keep', 'keepEvery', 'onNan', 'rollbacks'],
  ...['evaluateEvery', 'evaluateMetrics', 'evaluateCount', 'best'],
];

/** Whether a run of this configuration may be resumed with another value of a setting. */
export const isChangeable = (key: string, { schedule }: Configuration): boolean => CHANGEABLE.includes(key) && !(key === 'length' && schedule === 'cosine');

/**
 * Requires that a checkpoint was computed as a configuration says.
 * @throws {InputError} that names the first setting that differs, unless a resumed run may change it
 */
export function requireSameTraining(
  configuration: Configuration,
  { configuration: earlier, file }: { readonly configuration: Configuration; readonly file: string },
): void {
  for (const key of Object.keys(configurationSchema.shape) as (keyof Configuration)[]) {
    if (isChangeable(key, earlier) || JSON.stringify(configuration[key]) === JSON.stringify(earlier[key])) continue;
    throw new InputError(
      `${key}: ${shown(configuration[key])} contradicts ${file}, which was trained with ${shown(earlier[key])}; restore it in config.json, or start a new run`,
    );
  }
}

/** What holds between settings. */
function requireOrder({ stages, schedule, dropLr, evaluateEvery, best }: Configuration, label: SettingLabel): void {
  const late = stages.findIndex(({ epoch }, index) => index > 0 && epoch <= stages[index - 1]!.epoch);
  if (late > 0) throw new InputError(`${label('stages')}: stage ${late + 1} must begin after epoch ${stages[late - 1]!.epoch}, not at ${stages[late]!.epoch}`);
  if (schedule !== 'halving' && dropLr > 0) throw new InputError(`${label('dropLr')}: only the schedule halving drops the learning rate, not ${schedule}`);
  if (best !== undefined && evaluateEvery === 0)
    throw new InputError(`${label('best')}: ${best} is known of no checkpoint without evaluations; say how often with ${label('evaluateEvery')}`);
}

const valueAt = (given: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], given);

function describeIssue(issue: z.core.$ZodIssue, given: unknown, label: SettingLabel): string {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const nearest = nearestName(key, Object.keys(issue.path.length === 0 ? configurationSchema.shape : stageSchema.shape));
    const place = issue.path.length === 0 ? key : placeOf([...issue.path, key], label);
    return `${place}: no such setting${nearest ? `, did you mean ${nearest}?` : ''}`;
  }
  if (issue.code === 'invalid_union') {
    // The alternative that the user meant: the one whose key is there.
    const inner = issue.errors.flat().find(({ path }) => path.length > 0 && valueAt(given, [...issue.path, ...path]) !== undefined);
    if (inner) return describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, given, label);
  }
  return `${placeOf(issue.path, label)}: ${issue.message}, not ${shown(valueAt(given, issue.path))}`;
}

function placeOf([key = 'configuration', ...inner]: readonly PropertyKey[], label: SettingLabel): string {
  const name =
    key === 'length'
      ? inner.join('.')
      : [key, ...inner]
          .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
          .join('')
          .slice(1);
  return label(String(key), name || String(key));
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  // JSON has no word for numbers that are not finite.
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    // JSON is parsed to any depth, but written by recursion.
    return 'a value that is nested too deeply';
  }
}

/** The iteration that a configuration trains by, before any stage changes its plans. */
export function iterationSpec(configuration: Configuration): IterationSpec {
  const { network, channels, latent, width, batch, encoderUpdates, generatorUpdates, ema, statistics } = configuration;
  const { prior, divergence, moment, reduce, matchX, matchZ } = configuration;
  return {
    pair: ARCHITECTURES[network].build({ channels, latent, width, apart: statistics === 'apart' }),
    objective: { prior, divergence, moment, reduce, matchX, matchZ },
    plans: { encoder: parsePlan('encoder', encoderUpdates), generator: parsePlan('generator', generatorUpdates) },
    batch,
    averaged: ema > 0,
  };
}
