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
import { BATCH_NORM_STATS, NAN_POLICIES, SCHEDULES } from './defaults.js';

const integer = (min: number, max: number) =>
  z.int(`must be a whole number from ${min} to ${max}`).min(min, `must be at least ${min}`).max(max, `must be at most ${max}`);
const choice = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values, `must be one of ${values.join(', ')}`);
const fraction = z.number('must be a number from 0 to below 1').min(0, 'must be at least 0').lt(1, 'must be below 1');
const string = z.string('must be a string');
const plan = z.string('must be an update plan, e.g. "1;KL_fake:1,match_z:1000"');

/** Update plans from an epoch on. */
const stage = z.strictObject(
  {
    /** First epoch of the stage, counted from 0. */
    epoch: integer(1, 1_000_000),
    /** Update plan of the encoder; default: unchanged. */
    encoderUpdates: plan.optional(),
    /** Update plan of the generator; default: unchanged. */
    generatorUpdates: plan.optional(),
  },
  'must be an epoch and the update plans from it on',
);

/** Everything that determines a training run: a run can be repeated from its configuration alone. */
export const configurationSchema = z.strictObject({
  /** Name or path of the data, such as `mnist`, `photos` or `npz:images.npz`. */
  data: string,
  /** Rows and columns of an image. */
  size: integer(1, 1024),
  /** 1 (grayscale) or 3 (RGB). */
  channels: z.union([z.literal(1), z.literal(3)], 'must be 1 (grayscale) or 3 (RGB)'),
  /** How images become squares (default: center). */
  crop: choice(CROPS as readonly [Crop, ...Crop[]]).default('center'),
  /** Border added to each image after resizing, or null. */
  padding: z
    .strictObject(
      { inner: integer(1, 1024), border: integer(1, 512), value: integer(0, 255) },
      'must be null, or the inner size, the border and its value, e.g. {"inner": 28, "border": 2, "value": 0}',
    )
    .nullable()
    .default(null),
  /** Whether each image is mirrored at random each time it is seen (default: false). */
  flip: z.boolean('must be true or false').default(false),
  /** Random transformations, in this order, of the images whose codes the divergences compare (default: none). */
  augment: z
    .array(choice(AUGMENTATIONS), 'must be a list of names')
    .refine((names) => new Set(names).size === names.length, 'must not repeat a name')
    .readonly()
    .default([]),
  /** Fraction of the images held out for testing, if the data has no test split (default: 0.1). */
  testFraction: fraction.default(0.1),
  /** Network architecture; default: the one for the image size. */
  network: choice(ARCHITECTURE_NAMES as readonly [ArchitectureName, ...ArchitectureName[]]),
  /** Base channel count; layers use multiples of it. */
  width: integer(1, 1024),
  /** Latent dimensions. */
  latent: integer(2, 4096),
  /** Images per batch. */
  batch: integer(2, 4096),
  /** Length of training: passes over the data, or iterations. */
  length: z.union([z.strictObject({ epochs: integer(1, 1_000_000) }), z.strictObject({ steps: integer(1, 1_000_000_000) })], 'must be either epochs or steps'),
  /** Update plan of the encoder: number of updates per iteration, and loss weights, such as `1;KL_fake:1,KL_real:1,match_x:10`. */
  encoderUpdates: plan,
  /** Update plan of the generator. */
  generatorUpdates: plan,
  /** Update plans that replace these from an epoch on (default: none). */
  stages: z.array(stage, 'must be a list').readonly().default([]),
  /** Prior distribution of latent codes. */
  prior: choice(PRIORS),
  /** Divergence between a batch of codes and the prior. */
  divergence: choice(DIVERGENCES),
  /** Statistic used as σ in the divergence: `std`, or `variance` as in the published code. */
  moment: choice(MOMENTS),
  /** How the divergences of the latent dimensions are combined. */
  reduction: choice(REDUCTIONS),
  /** Image reconstruction loss. */
  matchX: choice(DISTANCES),
  /** Latent reconstruction loss. */
  matchZ: choice(DISTANCES),
  /** BatchNorm running statistics (default: shared). */
  batchNormStats: choice(BATCH_NORM_STATS).default('shared'),
  /** Learning rate of Adam. */
  learningRate: z.number('must be a number').positive('must be above 0').max(1, 'must be at most 1'),
  /** Learning-rate schedule (default: halving). */
  schedule: choice(SCHEDULES).default('halving'),
  /** Epochs after which the schedule `halving` halves the learning rate; 0: never. */
  halveEvery: integer(0, 1_000_000),
  /** Iterations of linear learning-rate warmup (default: 0). */
  warmupSteps: integer(0, 1_000_000_000).default(0),
  /** EMA decay of the weights; 0 disables averaging (default: 0). */
  ema: fraction.default(0),
  /** Iterations before averaging begins (default: 0). */
  emaStart: integer(0, 1_000_000_000).default(0),
  /** Random seed. */
  seed: integer(0, LARGEST_SEED),
  /** Run folder or checkpoint whose weights training starts from. */
  initFrom: string.optional(),
  /** What happens if a loss or gradient is NaN or infinite (default: stop). */
  onNan: choice(NAN_POLICIES).default('stop'),
  /** Maximum number of rollbacks (default: 3). */
  maxRollbacks: integer(0, 1000).default(3),
  /** Iterations between two log entries. */
  logEvery: integer(1, 1_000_000),
  /** Iterations between two previews; 0: only at the end. */
  sampleEvery: integer(0, 1_000_000_000),
  /** Iterations between two checkpoints; 0: only at the end. */
  checkpointEvery: integer(0, 1_000_000_000),
  /** Number of newest checkpoints to keep; 0: all (default: 0). */
  keepLast: integer(0, 1_000_000).default(0),
  /** Also keeps older checkpoints at multiples of this number of iterations; 0: none (default: 0). */
  keepEvery: integer(0, 1_000_000_000).default(0),
  /** Epochs between two evaluations; 0: none (default: 0). */
  evaluateEvery: integer(0, 1_000_000).default(0),
  /** Metrics or groups of metrics to evaluate; default: all that the data allows, except memorization. */
  evaluateMetrics: z.array(string, 'must be a list of names').min(1, 'must name a metric').readonly().optional(),
  /** Number of samples, and at most as many images, per evaluation (default: 10000). */
  evaluateSamples: integer(2, 1_000_000).default(10_000),
  /** Metric by which the best checkpoint is kept. */
  saveBest: string.optional(),
});

type Configuration = z.output<typeof configurationSchema>;

/**
 * Checks a configuration, and adds the defaults that do not depend on the data.
 * @param label returns the name of a setting in messages (default: its key)
 * @throws {InputError} that names the first wrong setting, the expected and the actual value
 */
export function parseConfiguration(given: unknown, label: SettingLabel = (key, name = key) => name): Configuration {
  const configuration = validate(configurationSchema, given, label, (path) => Object.keys((path.length === 0 ? configurationSchema : stage).shape));
  const { network, size, padding } = configuration;
  const { imageSize } = ARCHITECTURES[network];
  if (size !== imageSize) throw new InputError(`${label('size')}: ${network} expects images of ${imageSize}x${imageSize}, not ${size}x${size}`);
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
  if (late > 0) throw new InputError(`${label('stages')}: stage ${late + 1} must begin after epoch ${stages[late - 1]!.epoch}, not at ${stages[late]!.epoch}`);
  if (schedule !== 'halving' && halveEvery > 0) throw new InputError(`${label('halveEvery')}: requires the schedule halving, not ${schedule}`);
  if (emaStart > 0 && ema === 0) throw new InputError(`${label('emaStart')}: has no effect without an EMA; set ${label('ema')}`);
  if (evaluateMetrics !== undefined && evaluateEvery === 0)
    throw new InputError(`${label('evaluateMetrics')}: has no effect without evaluations; set ${label('evaluateEvery')}`);
  if (saveBest !== undefined && evaluateEvery === 0) throw new InputError(`${label('saveBest')}: requires evaluations; set ${label('evaluateEvery')}`);
}
