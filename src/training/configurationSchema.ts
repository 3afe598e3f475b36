import { z } from 'zod';
import { AUGMENTATIONS } from '../age/augmentation.js';
import { DISTANCES, DIVERGENCES } from '../age/objective.js';
import { MOMENTS, REDUCTIONS } from '../age/terms.js';
import { parsePlan } from '../age/plan.js';
import { PRIORS } from '../age/prior.js';
import { InputError } from '../errors.js';
import { type Crop, CROPS, requirePaddable } from '../images/preprocessing.js';
import { ARCHITECTURE_NAMES, type ArchitectureName, ARCHITECTURES } from '../networks/architecture.js';
import { NETWORK_NAMES } from '../networks/network.js';
import { LARGEST_SEED } from '../random.js';
import { type SettingLabel, validate } from '../validation.js';
import { BATCH_NORM_STATS, DEFAULTS, MIN_BATCH, NAN_POLICIES, SCHEDULES } from './defaults.js';
import type { Configuration } from './settings.js';

const integer = (min: number, max: number) =>
  z
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);
const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);
const fraction = z.number('must be a number from 0 to below 1').min(0, 'must be at least 0').lt(1, 'must be below 1');
const string = z.string('must be a string');
const plan = z.string('must be an update plan, e.g. "1;KL_fake:1,match_z:1000"');

const stage = z.strictObject(
  {
    epoch: integer(1, 1_000_000),
    encoderUpdates: plan.optional(),
    generatorUpdates: plan.optional(),
  },
  'must be an epoch and the update plans from it on',
);

/** Ranges and defaults of all settings; `Configuration` documents them. */
export const configurationSchema = z.strictObject({
  data: string,
  size: integer(1, 1024),
  channels: z.union([z.literal(1), z.literal(3)], 'must be 1 (grayscale) or 3 (RGB)'),
  crop: choice(CROPS as readonly [Crop, ...Crop[]]).default('center'),
  padding: z
    .strictObject(
      { inner: integer(1, 1024), border: integer(1, 512), value: integer(0, 255) },
      'must be null, or the inner size, the border and its value, e.g. {"inner": 28, "border": 2, "value": 0}',
    )
    .nullable()
    .default(null),
  flip: z.boolean('must be true or false').default(false),
  augment: z
    .array(choice(AUGMENTATIONS), 'must be a list of names')
    .refine((names) => new Set(names).size === names.length, 'must not repeat a name')
    .readonly()
    .default([]),
  testFraction: fraction.default(0.1),
  network: choice(ARCHITECTURE_NAMES as readonly [ArchitectureName, ...ArchitectureName[]]),
  width: integer(1, 1024),
  latent: integer(2, 4096),
  batch: integer(MIN_BATCH, 4096),
  length: z.union(
    [z.strictObject({ epochs: integer(1, 1_000_000) }), z.strictObject({ steps: integer(1, 1_000_000_000) })],
    'must be either epochs or steps',
  ),
  encoderUpdates: plan,
  generatorUpdates: plan,
  stages: z.array(stage, 'must be a list').readonly().default([]),
  prior: choice(PRIORS),
  divergence: choice(DIVERGENCES),
  moment: choice(MOMENTS),
  reduction: choice(REDUCTIONS),
  matchX: choice(DISTANCES),
  matchZ: choice(DISTANCES),
  batchNormStats: choice(BATCH_NORM_STATS).default(DEFAULTS.batchNormStats),
  learningRate: z.number('must be a number').positive('must be above 0').max(1, 'must be at most 1'),
  schedule: choice(SCHEDULES).default(DEFAULTS.schedule),
  halveEvery: integer(0, 1_000_000),
  warmupSteps: integer(0, 1_000_000_000).default(0),
  ema: fraction.default(DEFAULTS.ema),
  emaStart: integer(0, 1_000_000_000).default(0),
  seed: integer(0, LARGEST_SEED),
  initFrom: string.optional(),
  onNan: choice(NAN_POLICIES).default('stop'),
  maxRollbacks: integer(0, 1000).default(3),
  logEvery: integer(1, 1_000_000),
  sampleEvery: integer(0, 1_000_000_000),
  checkpointEvery: integer(0, 1_000_000_000),
  keepLast: integer(0, 1_000_000).default(0),
  keepEvery: integer(0, 1_000_000_000).default(0),
  evaluateEvery: integer(0, 1_000_000).default(0),
  evaluateMetrics: z.array(string, 'must be a list of names').min(1, 'must name a metric').readonly().optional(),
  evaluateSamples: integer(2, 1_000_000).default(10_000),
  saveBest: string.optional(),
}) satisfies z.ZodType<Configuration>;

/**
 * Checks a configuration, and adds the defaults that do not depend on the data.
 * @param label returns the name of a setting in messages (default: its key)
 * @throws {InputError} that names the first wrong setting, the expected and the actual value
 */
export function parseConfiguration(given: unknown, label: SettingLabel = (key, name = key) => name): Configuration {
  const configuration = validate(configurationSchema, given, label, (path) =>
    Object.keys((path.length === 0 ? configurationSchema : stage).shape),
  );
  const { network, size, padding } = configuration;
  const { imageSize } = ARCHITECTURES[network];
  if (size !== imageSize)
    throw new InputError(
      `${label('size')}: ${network} expects images of ${imageSize}x${imageSize}, not ${size}x${size}`,
    );
  if (padding !== null) named(label('padding'), () => requirePaddable(size, padding));
  requirePlans(configuration, label);
  requireConsistency(configuration, label);
  return configuration;
}

/** Requires that all update plans can be parsed. */
function requirePlans(configuration: Configuration, label: SettingLabel): void {
  const labelOf = (stage: number, key: string) => (stage < 0 ? label(key) : label('stages', `stages[${stage}].${key}`));
  for (const [index, plans] of [configuration, ...configuration.stages].entries()) {
    for (const network of NETWORK_NAMES) {
      const key = `${network}Updates` as const;
      const given = plans[key];
      if (given !== undefined) named(labelOf(index - 1, key), () => parsePlan(network, given));
    }
  }
}

/** Puts the name of a setting in front of the message of a check. */
function named(label: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${label}: ${error.message}`) : error;
  }
}

/** Requires what holds between settings. */
function requireConsistency(configuration: Configuration, label: SettingLabel): void {
  const { stages, schedule, halveEvery, ema, emaStart, evaluateEvery, evaluateMetrics, saveBest } = configuration;
  const late = stages.findIndex(({ epoch }, index) => index > 0 && epoch <= stages[index - 1]!.epoch);
  if (late > 0)
    throw new InputError(
      `${label('stages')}: stage ${late + 1} must begin after epoch ${stages[late - 1]!.epoch}, not at ${stages[late]!.epoch}`,
    );
  if (schedule !== 'halving' && halveEvery > 0)
    throw new InputError(
      `${label('halveEvery')}: requires the schedule halving, not ${schedule}; set ${label('schedule')} to halving`,
    );
  if (emaStart > 0 && ema === 0)
    throw new InputError(`${label('emaStart')}: has no effect without an EMA; set ${label('ema')}`);
  if (evaluateMetrics !== undefined && evaluateEvery === 0)
    throw new InputError(
      `${label('evaluateMetrics')}: has no effect without evaluations; set ${label('evaluateEvery')}`,
    );
  if (saveBest !== undefined && evaluateEvery === 0)
    throw new InputError(`${label('saveBest')}: requires evaluations; set ${label('evaluateEvery')}`);
}
