/** The settings of `config.json`, options, the studio, docs/settings.md and the types of the library. */
import { AUGMENTATIONS } from '../age/augmentation.js';
import type { ConditionAttribute } from '../conditions/attributes.js';
import { CONDITION_SYNTAX } from '../conditions/syntax.js';
import { CROPS, type Padding } from '../images/preprocessing.js';
import { ARCHITECTURE_NAMES, ARCHITECTURES, type ArchitectureName } from '../networks/architecture.js';
import { LARGEST_SEED } from '../random.js';
import {
  choice,
  declare,
  declareChangeable,
  declareOptional,
  type Declaration,
  integer,
  type Known,
  list,
  number,
  string,
  structure,
  toggle,
} from './declaration.js';
import {
  type DataDefaults,
  defaultsFor,
  MIN_BATCH,
  NAN_POLICIES,
  networkFor,
  recipeFor,
  SCHEDULES,
} from './defaults.js';
import { OBJECTIVE, type Stage } from './objective.js';

export type { Stage };

const MAX_STEPS = 1_000_000_000;
const MAX_EPOCHS = 1_000_000;

/** Weights and margin are tuned for the other settings of the recipe, and for the default divergence. */
const RECIPE_KEYS = ['encoderUpdates', 'generatorUpdates', 'updateOrder', 'stages', 'divergence', 'reduction'];

/** In the order of `config.json`. Defaults come after the settings that they depend on. */
export const SETTINGS = {
  data: declare(string('the name or path of data'), {
    title: 'Data',
    help: 'name or path of the data, such as mnist, photos or npz:images.npz',
  }),
  size: declare(integer(1, 1024), {
    title: 'Image size',
    help: 'image height and width',
    group: 'Networks',
    default: ({ native, values }) => ARCHITECTURES[values.network as ArchitectureName]?.imageSize ?? native.size,
    defaultText: 'native size of the data',
    placeholder: 'pixels',
    aliases: ['imageSize'],
  }),
  channels: declare(choice([1, 3]), {
    title: 'Channels',
    help: '1 for grayscale, 3 for RGB',
    group: 'Networks',
    default: ({ native }) => (native.channels === 1 ? 1 : 3),
    defaultText: 'native format of the data',
    placeholder: 'number',
  }),
  crop: declare(choice(CROPS), {
    title: 'Cropping',
    help: 'how images become squares',
    group: 'Images',
    default: ({ native }) => native.crop,
    defaultText: 'center, or as native to the data',
  }),
  padding: declare(
    structure<Padding | null>(
      'null, or the inner size, the border and its value, e.g. {"inner": 28, "border": 2, "value": 0}',
    ),
    {
      title: 'Border',
      help: 'border added to each image after resizing, or null',
      default: ({ native }) => native.padding ?? null,
      defaultText: 'as native to the data',
    },
  ),
  flip: declare(toggle, {
    title: 'Mirror images',
    help: 'mirror each image at random',
    group: 'Images',
    default: false,
  }),
  augment: declare(list(AUGMENTATIONS), {
    title: 'Augmentation',
    help: 'random transformations, in this order, of images whose codes the divergences compare; none = no augmentation',
    group: 'Training',
    default: ({ images }) => defaultsFor(images).augment,
    defaultText: 'color for fewer than 200 images, else none',
  }),
  testFraction: declare(number(0, 1, 0, 1), {
    title: 'Held out for testing',
    help: 'fraction of the images held out for testing, if the data has no test split',
    group: 'Images',
    default: 0.1,
    placeholder: 'fraction',
  }),
  network: declare(choice(ARCHITECTURE_NAMES), {
    title: 'Network',
    help: 'network architecture',
    group: 'Networks',
    default: ({ values }) => networkFor(values.size),
    defaultText: 'the one for the image size',
  }),
  width: declare(integer(1, 1024), {
    title: 'Width',
    help: 'base channel count; layers use multiples of it',
    group: 'Networks',
    default: 16,
  }),
  latent: declare(integer(2, 4096), {
    title: 'Latent dimensions',
    help: 'latent dimensions',
    group: 'Networks',
    default: 64,
  }),
  condition: declare(string(CONDITION_SYNTAX), {
    title: 'Condition',
    help: 'what both networks know about an image: its class, its attributes in a CSV file (attributes:FILE), or a part of the picture that they complete: gray (its luminance), mask (what is outside of holes) or small:SIDE (reduced to a side of SIDE pixels)',
    group: 'Networks',
    default: 'none',
    placeholder: 'name',
  }),
  classes: declare(structure<readonly string[]>('a list of names'), {
    title: 'Classes',
    help: 'names of the classes of a conditional model',
    default: ({ values, classNames }) => (values.condition === 'class' ? classNames : []),
    defaultText: 'classes of the data',
  }),
  attributes: declare(
    structure<readonly ConditionAttribute[]>('a list of names, each with values or with low and high'),
    {
      title: 'Attributes',
      help: 'attributes of a conditional model, with their values or their range',
      default: ({ values, attributes }) => (String(values.condition).startsWith('attributes:') ? attributes : []),
      defaultText: 'columns of the table',
    },
  ),
  batch: declare(integer(MIN_BATCH, 4096), {
    title: 'Batch size',
    help: 'images per batch',
    group: 'Training',
    default: ({ images }) => defaultsFor(images).batch,
    defaultText: '64, fewer for small data sets',
    aliases: ['batchSize'],
  }),
  length: declareChangeable(structure<DataDefaults['length']>('either epochs or steps'), {
    title: 'Length',
    help: 'length of training, as epochs or as steps (iterations)',
    default: ({ images, values }) => defaultsFor(images, Number(values.batch)).length,
    defaultText: 'ten epochs, or more for small data sets',
  }),
  ...OBJECTIVE,
  learningRate: declareChangeable(number(0, 1, 0), {
    title: 'Learning rate',
    help: 'learning rate of Adam',
    group: 'Training',
    default: 1.5e-3,
    aliases: ['lr'],
  }),
  schedule: declareChangeable(choice(SCHEDULES), {
    title: 'Schedule',
    help: 'learning-rate schedule',
    group: 'Training',
    default: 'cosine',
  }),
  halveEvery: declareChangeable(integer(0, MAX_EPOCHS), {
    title: 'Halve every',
    help: 'with the schedule halving: halve the learning rate every N epochs; 0 = never',
    group: 'Training',
    default: 0,
    placeholder: 'epochs',
  }),
  warmupSteps: declareChangeable(integer(0, MAX_STEPS), {
    title: 'Warmup',
    help: 'iterations of linear learning-rate warmup',
    group: 'Training',
    default: 0,
    placeholder: 'iterations',
  }),
  ema: declareChangeable(number(0, 1, 1), {
    title: 'EMA decay',
    help: 'EMA decay of the weights, lower in the first iterations; sampling uses the EMA; 0 = no EMA',
    group: 'Training',
    default: 0.999,
    placeholder: 'decay',
  }),
  emaStart: declareChangeable(integer(0, MAX_STEPS), {
    title: 'EMA start',
    help: 'iterations before averaging begins',
    group: 'Training',
    default: 0,
    placeholder: 'iterations',
  }),
  seed: declare(integer(0, LARGEST_SEED), { title: 'Seed', help: 'random seed', group: 'Training', default: 1 }),
  initFrom: declareOptional(string('the path of a run or checkpoint'), {
    title: 'Initialize from',
    help: 'initialize weights and unspecified settings from another run or checkpoint',
    group: 'Training',
    placeholder: 'run',
  }),
  onNan: declareChangeable(choice(NAN_POLICIES), {
    title: 'If a loss is not finite',
    help: 'if a loss is NaN or infinite: stop, or roll back to the last checkpoint and halve the learning rate',
    group: 'Output',
    default: 'stop',
    placeholder: 'policy',
  }),
  maxRollbacks: declareChangeable(integer(0, 1000), {
    title: 'Rollbacks',
    help: 'maximum number of rollbacks',
    group: 'Output',
    default: 3,
  }),
  logEvery: declareChangeable(integer(1, 1_000_000), {
    title: 'Log every',
    help: 'write losses to log.jsonl every N iterations',
    group: 'Output',
    default: 10,
    placeholder: 'iterations',
  }),
  sampleEvery: declareChangeable(integer(0, MAX_STEPS), {
    title: 'Previews every',
    help: 'write sample and reconstruction previews every N iterations, and some earlier; 0 = only at the end',
    group: 'Output',
    default: 500,
    placeholder: 'iterations',
  }),
  checkpointEvery: declareChangeable(integer(0, MAX_STEPS), {
    title: 'Checkpoint every',
    help: 'save a checkpoint every N iterations; 0 = only at the end',
    group: 'Output',
    default: 2000,
    placeholder: 'iterations',
  }),
  keepLast: declareChangeable(integer(0, MAX_EPOCHS), {
    title: 'Checkpoints to keep',
    help: 'keep only the N newest checkpoints; 0 = all',
    group: 'Output',
    default: 0,
  }),
  keepEvery: declareChangeable(integer(0, MAX_STEPS), {
    title: 'Also keep every',
    help: 'also keep older checkpoints at multiples of N iterations; 0 = none',
    group: 'Output',
    default: 0,
    placeholder: 'iterations',
  }),
  evaluateEvery: declareChangeable(integer(0, MAX_EPOCHS), {
    title: 'Evaluate every',
    help: 'evaluate the model every N epochs, as agenet evaluate does; 0 = never',
    group: 'Evaluation during training',
    default: 0,
    placeholder: 'epochs',
  }),
  evaluateMetrics: declareOptional(list<string>(undefined, 1), {
    title: 'Metrics',
    help: 'metrics or metric groups to evaluate',
    group: 'Evaluation during training',
    defaultText: 'all that the data allows, except memorization_ratio',
    isChangeable: true,
  }),
  evaluateSamples: declareChangeable(integer(2, 1_000_000), {
    title: 'Samples per evaluation',
    help: 'number of samples per evaluation, and at most as many images',
    group: 'Evaluation during training',
    default: 10_000,
  }),
  saveBest: declareOptional(string('the name of a metric'), {
    title: 'Keep the best by',
    help: 'keep the best checkpoint by this metric as checkpoints/best.safetensors',
    group: 'Evaluation during training',
    defaultText: 'none',
    isChangeable: true,
    placeholder: 'metric',
  }),
};

/** Each stands for settings of `config.json`. */
export const SHORTHANDS = {
  epochs: declareOptional(integer(1, MAX_EPOCHS), {
    title: 'Epochs',
    help: 'length in passes over the data',
    group: 'Training',
    defaultText: '10, or more for small data sets',
  }),
  steps: declareOptional(integer(1, MAX_STEPS), {
    title: 'Iterations',
    help: 'length in iterations, instead of epochs',
    group: 'Training',
    defaultText: '10 epochs, or more for small data sets',
  }),
  preset: declareOptional(string('the name of a preset'), {
    title: 'Preset',
    help: 'recipe from presets/, such as published, cifar10 or celeba',
    group: 'Training',
    placeholder: 'name',
  }),
  config: declareOptional(string('the path of a file'), {
    title: 'File of settings',
    help: "settings in YAML or JSON, such as a run's config.json; options override it, and it overrides the preset",
    group: 'Training',
    placeholder: 'file',
  }),
};

type ValueOf<D> = D extends Declaration<infer T> ? T : never;
type OptionalKeys<T> = { [K in keyof T]: undefined extends ValueOf<T[K]> ? K : never }[keyof T];
type ValuesOf<T> = {
  [K in keyof T as K extends OptionalKeys<T> ? never : K]: ValueOf<T[K]>;
} & { [K in keyof T as K extends OptionalKeys<T> ? K : never]?: ValueOf<T[K]> };

/** Everything that determines a run. docs/settings.md lists all settings with ranges and defaults. */
export type Configuration = ValuesOf<typeof SETTINGS>;

/** Settings of a run. All but `data` have defaults. */
export interface Settings extends Partial<Configuration>, ValuesOf<typeof SHORTHANDS> {}

export const DECLARATIONS: Record<string, Declaration> = { ...SETTINGS, ...SHORTHANDS };

type OpenKeys =
  | (
      | 'data'
      | 'size'
      | 'channels'
      | 'crop'
      | 'padding'
      | 'augment'
      | 'network'
      | 'classes'
      | 'attributes'
      | 'batch'
      | 'length'
    )
  | OptionalKeys<typeof SETTINGS>;

/** Settings whose defaults depend on the data, and any others. */
export type OpenConfiguration = Pick<Configuration, OpenKeys> & Partial<Configuration>;

/** Defaults that do not depend on the data. */
export const DEFAULTS = Object.fromEntries(
  Object.entries<Declaration>(SETTINGS).flatMap(([key, { default: value }]) =>
    value === undefined || typeof value === 'function' ? [] : [[key, value]],
  ),
) as unknown as Omit<Configuration, OpenKeys>;

/** Adds defaults in the order of declarations, which the recipe of image size and condition overrides. Unknown settings come last. */
export function withDefaults(given: Record<string, unknown>, known: Omit<Known, 'values'>): Record<string, unknown> {
  const values: Record<string, unknown> = { ...given };
  const isChanged = RECIPE_KEYS.some((key) => given[key] !== undefined);
  const recipe = () => (isChanged ? {} : recipeFor(values));
  for (const [key, { default: value }] of Object.entries<Declaration>(SETTINGS))
    values[key] ??=
      recipe()[key] ??
      (typeof value === 'function' ? (value as (known: Known) => unknown)({ ...known, values }) : value);
  const keys = [...new Set([...Object.keys(SETTINGS), ...Object.keys(given)])];
  return Object.fromEntries(keys.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]])));
}

/** Facts of the data, and choices on which other defaults depend. */
const GIVEN = ['data', 'size', 'channels', 'crop', 'padding', 'condition', 'classes', 'attributes'] as const;

/**
 * Names of settings of a stored configuration, also a damaged one, that differ from the defaults for its data.
 * @param images in the data; undefined if it is not known
 */
export function changedSettings(stored: Record<string, unknown>, images = Number.MAX_SAFE_INTEGER): string[] {
  const given = Object.fromEntries(GIVEN.map((key) => [key, stored[key]]));
  const native = { size: stored.size, channels: stored.channels } as Known['native'];
  const expected = withDefaults(given, { native, images, classNames: [], attributes: [] });
  const differs = (key: string) => JSON.stringify(stored[key]) !== JSON.stringify(expected[key]);
  return Object.keys(stored).filter((key) => key in expected && differs(key));
}

/** Of update plans, only the loss weights may change. */
export const isChangeable = (key: string): boolean => DECLARATIONS[key]?.isChangeable ?? false;
