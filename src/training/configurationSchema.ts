import { z } from 'zod';
import { AUGMENTATIONS } from '../age/augmentation.js';
import { DISTANCES, DIVERGENCES } from '../age/objective.js';
import { MOMENTS, REDUCTIONS } from '../age/terms.js';
import { parsePlan } from '../age/plan.js';
import { PRIORS } from '../age/prior.js';
import { checkAll, checkWithin, InputError, setting, type Text, text } from '../errors.js';
import { type Crop, CROPS, requirePaddable } from '../images/preprocessing.js';
import { ARCHITECTURE_NAMES, type ArchitectureName, ARCHITECTURES } from '../networks/architecture.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import { LARGEST_SEED } from '../random.js';
import { validate } from '../validation.js';
import { BATCH_NORM_STATS, DEFAULTS, MIN_BATCH, NAN_POLICIES, SCHEDULES } from './defaults.js';
import type { Configuration, Stage } from './settings.js';

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
 * @throws {InputError} with all wrong settings, the expected and the actual values
 */
export function parseConfiguration(given: unknown): Configuration {
  const configuration = validate(configurationSchema, given, (path) =>
    Object.keys((path.length === 0 ? configurationSchema : stage).shape),
  );
  checkAll([
    () => requireImageFormat(configuration),
    ...[configuration, ...configuration.stages].flatMap((plans, index) =>
      NETWORK_NAMES.map((network) => () => requirePlan(network, plans, index === 0 ? '' : `stages[${index - 1}].`)),
    ),
    ...effects(configuration).map(
      ([key, hasEffect, problem, remedy]) =>
        () =>
          requireEffect(key, hasEffect, problem, remedy),
    ),
    () => requireAscending(configuration.stages),
  ]);
  return configuration;
}

function requireImageFormat({ network, size, padding }: Configuration): void {
  const { imageSize } = ARCHITECTURES[network];
  if (size !== imageSize)
    throw new InputError(
      setting('size'),
      `${network} expects images of ${imageSize}x${imageSize}, not ${size}x${size}`,
    );
  if (padding !== null) checkWithin(setting('padding'), () => requirePaddable(size, padding));
}

function requirePlan(network: NetworkName, plans: Configuration | Stage, prefix: string): void {
  const key = `${network}Updates` as const;
  const given = plans[key];
  if (given !== undefined) checkWithin(setting(`${prefix}${key}`), () => parsePlan(network, given));
}

function requireAscending(stages: readonly Stage[]): void {
  const late = stages.findIndex(({ epoch }, index) => index > 0 && epoch <= stages[index - 1]!.epoch);
  if (late > 0)
    throw new InputError(
      setting('stages'),
      `stage ${late + 1} must begin after epoch ${stages[late - 1]!.epoch}, not at ${stages[late]!.epoch}`,
    );
}

type Effect = readonly [key: keyof Configuration, hasEffect: boolean, problem: string, remedy: Text];

/** Settings that have an effect only together with others. */
function effects(configuration: Configuration): Effect[] {
  const { schedule, halveEvery, ema, emaStart, evaluateEvery, evaluateMetrics, saveBest } = configuration;
  const evaluate = text`set ${setting('evaluateEvery')}`;
  return [
    [
      'halveEvery',
      schedule === 'halving' || halveEvery === 0,
      `requires the schedule halving, not ${schedule}`,
      text`set ${setting('schedule')} to halving`,
    ],
    ['emaStart', ema > 0 || emaStart === 0, 'has no effect without an EMA', text`set ${setting('ema')}`],
    [
      'evaluateMetrics',
      evaluateEvery > 0 || evaluateMetrics === undefined,
      'has no effect without evaluations',
      evaluate,
    ],
    ['saveBest', evaluateEvery > 0 || saveBest === undefined, 'requires evaluations', evaluate],
  ];
}

function requireEffect(key: string, hasEffect: boolean, problem: string, remedy: Text): void {
  if (!hasEffect) throw new InputError(setting(key), problem, remedy);
}
