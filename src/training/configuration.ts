import { z } from 'zod';
import { DISTANCES } from '../age/distance.js';
import { DIVERGENCES, MOMENTS, REDUCTIONS } from '../age/divergence.js';
import type { IterationSpec } from '../age/iteration.js';
import { parsePlan } from '../age/plan.js';
import { PRIORS } from '../age/prior.js';
import { DIGIT_PADDING } from '../data/datasets/digits.js';
import { type Crop, CROPS } from '../images/decoding.js';
import { type Padding, requirePaddable } from '../images/padding.js';
import { ARCHITECTURE_NAMES, type ArchitectureName, ARCHITECTURES } from '../networks/dcgan.js';
import { NETWORK_NAMES } from '../networks/network.js';
import { InputError } from '../errors.js';
import { LARGEST_SEED } from '../random.js';
import { type SettingLabel, shown, validate } from '../validation.js';
import { BATCH_NORM_STATS, NAN_POLICIES } from './defaults.js';
import { SCHEDULES } from './learningRate.js';

const whole = (least: number, most: number) =>
  z.int(`must be a whole number from ${least} to ${most}`).min(least, `must be at least ${least}`).max(most, `must be at most ${most}`);
const choice = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values, `must be one of ${values.join(', ')}`);

const share = (what: string) => z.number(`must be a number from 0 to below 1${what}`).min(0, 'must be at least 0').lt(1, 'must be below 1');

const text = z.string('must be a text');
const plan = z.string('must be a plan such as "1;KL_fake:1,match_z:1000"');

/** Plans that hold from an epoch (counted from 0) on; a plan that is absent stays as it was. */
const stageSchema = z.strictObject(
  { epoch: whole(1, 1_000_000), encoderUpdates: plan.optional(), generatorUpdates: plan.optional() },
  'must be an epoch and the plans from it on',
);

const paddingSchema = z.strictObject(
  { inner: whole(1, 1024), border: whole(1, 512), value: whole(0, 255) },
  'must be null, or the inner size, the border and its value, such as {"inner": 28, "border": 2, "value": 0}',
);

/** Everything that determines a run, resolved: a run can be repeated from it alone. */
export const configurationSchema = z.strictObject({
  data: text,
  size: whole(1, 1024),
  channels: z.union([z.literal(1), z.literal(3)], 'must be 1 (grey) or 3 (RGB)'),
  /** How images of another shape become squares. */
  crop: choice(CROPS as readonly [Crop, ...Crop[]]).default('center'),
  /** The border that images get after they were resized, or null for none. */
  padding: paddingSchema.nullable(),
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
  reduction: choice(REDUCTIONS),
  matchX: choice(DISTANCES),
  matchZ: choice(DISTANCES),
  /** Whether all that a network is given moves one set of running statistics, as published, or each kind of input its own. */
  batchNormStats: choice(BATCH_NORM_STATS).default('shared'),
  learningRate: z.number('must be a number').positive('must be above 0').max(1, 'must be at most 1'),
  schedule: choice(SCHEDULES).default('halving'),
  /** Epochs after which the learning rate is halved; 0: never. */
  halveEvery: whole(0, 1_000_000),
  /** Iterations over which the learning rate rises to its value. */
  warmupSteps: whole(0, 1_000_000_000).default(0),
  /** The share of the averages of the weights that stays in an iteration; 0: no averages. */
  ema: share('').default(0),
  /** Iterations before averaging begins. */
  emaStart: whole(0, 1_000_000_000).default(0),
  seed: whole(0, LARGEST_SEED),
  /** The run whose weights training began with. */
  initFrom: text.optional(),
  onNan: choice(NAN_POLICIES).default('stop'),
  /** How often a run may go back before it stops all the same. */
  maxRollbacks: whole(0, 1000).default(3),
  logEvery: whole(1, 1_000_000),
  sampleEvery: whole(0, 1_000_000_000),
  checkpointEvery: whole(0, 1_000_000_000),
  /** Newest checkpoints that stay; 0: all. */
  keepLast: whole(0, 1_000_000).default(0),
  /** Of the older ones those of a multiple of so many iterations stay too; 0: none. */
  keepEvery: whole(0, 1_000_000_000).default(0),
  /** Epochs between evaluations; 0: none. */
  evaluateEvery: whole(0, 1_000_000).default(0),
  /** Names of metrics or groups of metrics, as `agenet evaluate` knows them; without it, all that the data allow but memorization. */
  evaluateMetrics: z.array(z.string(), 'must be a list of names').min(1, 'must name a metric').optional(),
  /** Samples of an evaluation, and images where there are as many. */
  evaluateSamples: whole(2, 1_000_000).default(10_000),
  /** The metric by which the best checkpoint is known that is kept beside the others. */
  saveBest: z.string().optional(),
});

export type Configuration = Readonly<z.infer<typeof configurationSchema>>;

/**
 * Checks a configuration as a whole. Throws InputError that names the first wrong setting, what it may be and what it was.
 */
export function checkConfiguration(given: unknown, label: SettingLabel = (key, name = key) => name): Configuration {
  const keysAt = (path: readonly PropertyKey[]) => Object.keys(path.length === 0 ? configurationSchema.shape : stageSchema.shape);
  const configuration = validate(configurationSchema, withPadding(given), label, keysAt);
  const { network, size } = configuration;
  const { imageSize } = ARCHITECTURES[network];
  if (size !== imageSize) throw new InputError(`${label('size')}: ${network} is made for images of ${imageSize}x${imageSize}, not ${size}x${size}`);
  const { padding } = configuration;
  if (padding !== null) named(label('padding'), () => requirePaddable(size, padding));
  requirePlans(configuration, label);
  requireOrder(configuration, label);
  return configuration;
}

/** What the runs of earlier versions do not record: they padded MNIST and its relatives, and resized other images. */
function withPadding(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || 'padding' in given || !('data' in given)) return given;
  const { data } = given;
  if (typeof data !== 'string' || data.startsWith('idx:')) return given;
  const padding: Padding | null = /^(mnist$|fashion-mnist($|:))/.test(data) ? DIGIT_PADDING : null;
  return { ...given, padding };
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
const MUTABLE_ON_RESUME: readonly string[] = [
  ...['length', 'logEvery', 'sampleEvery', 'checkpointEvery', 'keepLast', 'keepEvery', 'onNan', 'maxRollbacks'],
  ...['evaluateEvery', 'evaluateMetrics', 'evaluateSamples', 'saveBest'],
];

/** Whether a run of this configuration may be resumed with another value of a setting. */
export const isChangeable = (key: string, { schedule }: Configuration): boolean =>
  MUTABLE_ON_RESUME.includes(key) && !(key === 'length' && schedule === 'cosine');

/**
 * Requires that a checkpoint was computed as a configuration says.
 * @throws {InputError} that names the first setting that differs, unless a resumed run may change it
 */
export function requireSameTraining(
  configuration: Configuration,
  { configuration: earlier, file }: { readonly configuration: Configuration; readonly file: string },
): void {
  for (const key of Object.keys(configurationSchema.shape) as (keyof Configuration)[]) {
    // The data may have moved.
    if (key === 'data' || isChangeable(key, earlier) || JSON.stringify(configuration[key]) === JSON.stringify(earlier[key])) continue;
    throw new InputError(
      `${key}: ${shown(configuration[key])} contradicts ${file}, which was trained with ${shown(earlier[key])}; restore it in config.json, or start a new run`,
    );
  }
}

/** What holds between settings. */
function requireOrder(configuration: Configuration, label: SettingLabel): void {
  const { stages, schedule, halveEvery, ema, emaStart, evaluateEvery, evaluateMetrics, saveBest } = configuration;
  const late = stages.findIndex(({ epoch }, index) => index > 0 && epoch <= stages[index - 1]!.epoch);
  if (late > 0) throw new InputError(`${label('stages')}: stage ${late + 1} must begin after epoch ${stages[late - 1]!.epoch}, not at ${stages[late]!.epoch}`);
  if (schedule !== 'halving' && halveEvery > 0)
    throw new InputError(`${label('halveEvery')}: only the schedule halving drops the learning rate, not ${schedule}`);
  if (emaStart > 0 && ema === 0) throw new InputError(`${label('emaStart')}: has no effect without averages of the weights; set ${label('ema')}`);
  if (evaluateMetrics !== undefined && evaluateEvery === 0)
    throw new InputError(`${label('evaluateMetrics')}: has no effect without evaluations; set ${label('evaluateEvery')}`);
  if (saveBest !== undefined && evaluateEvery === 0) throw new InputError(`${label('saveBest')}: requires evaluations; set ${label('evaluateEvery')}`);
}

/** The iteration that a configuration trains by, before any stage changes its plans. */
export function iterationSpec(configuration: Configuration): IterationSpec {
  const { network, channels, latent, width, batch, encoderUpdates, generatorUpdates, ema, batchNormStats } = configuration;
  const { prior, divergence, moment, reduction, matchX, matchZ } = configuration;
  return {
    pair: ARCHITECTURES[network].build({ channels, latentSize: latent, width, separateStatistics: batchNormStats === 'separate' }),
    objective: { prior, divergence, moment, reduction, matchX, matchZ },
    plans: { encoder: parsePlan('encoder', encoderUpdates), generator: parsePlan('generator', generatorUpdates) },
    batch,
    hasEma: ema > 0,
  };
}
