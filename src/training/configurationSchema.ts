// Pages load it, and the functions of this variant are a third of the other's.
import * as z from 'zod/mini';
import { parseImageDistance, usesDistance } from '../age/imageDistance.js';
import { parsePlan } from '../age/plan.js';
import { conditionOf } from '../conditions/condition.js';
import { checkAll, checkWithin, InputError, setting, type Text, text } from '../errors.js';
import { requirePaddable } from '../images/preprocessing.js';
import { architectureFor, ARCHITECTURES } from '../networks/architecture.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import { shown, validate } from '../validation.js';
import { type Declaration, integer, rangeOf, type SettingType } from './declaration.js';
import { networkFor } from './defaults.js';
import { type Configuration, DEFAULTS, SETTINGS, SHORTHANDS, type Stage } from './settings.js';

const epochsSchema = schemaOf(SHORTHANDS.epochs.type);
const mustBe = ({ type }: { type: SettingType }) => `must be ${rangeOf(type)}`;
const name = z.string('must be a name');
const limit = z.number('must be a number');

const STRUCTURES: Record<string, z.ZodMiniType> = {
  padding: z.nullable(
    z.strictObject(
      {
        inner: schemaOf(integer(1, 1024)),
        border: schemaOf(integer(1, 512)),
        value: schemaOf(integer(0, 255)),
      },
      mustBe(SETTINGS.padding),
    ),
  ),
  featuresDigest: z.string(mustBe(SETTINGS.featuresDigest)),
  classes: z.array(name, mustBe(SETTINGS.classes)),
  attributes: z.array(
    z.union(
      [
        z.strictObject({ name, values: z.array(name).check(z.minLength(2, 'must be at least two names')) }),
        z.strictObject({ name, low: limit, high: limit }),
      ],
      mustBe(SETTINGS.attributes),
    ),
    mustBe(SETTINGS.attributes),
  ),
  length: z.union(
    [z.strictObject({ epochs: epochsSchema }), z.strictObject({ steps: schemaOf(SHORTHANDS.steps.type) })],
    mustBe(SETTINGS.length),
  ),
  stages: z.array(
    z.strictObject(
      {
        epoch: epochsSchema,
        encoderUpdates: z.optional(schemaOf(SETTINGS.encoderUpdates.type)),
        generatorUpdates: z.optional(schemaOf(SETTINGS.generatorUpdates.type)),
      },
      'must be an epoch and the update plans from it on',
    ),
    mustBe(SETTINGS.stages),
  ),
};

export function schemaOf(type: SettingType): z.ZodMiniType {
  const expected = `must be ${rangeOf(type)}`;
  switch (type.kind) {
    case 'integer':
      return z.int(expected).check(z.minimum(type.min, expected), z.maximum(type.max, expected));
    case 'number':
      return z.number(expected).check(
        z.minimum(type.min, expected),
        z.maximum(type.max, expected),
        z.refine((value) => !type.excluded.includes(value), expected),
      );
    case 'switch':
      return z.boolean(expected);
    case 'choice':
      return z.literal([...type.choices], expected);
    case 'list': {
      const element = type.choices
        ? z.enum(type.choices as [string], `must be one of ${type.choices.join(', ')}`)
        : name;
      return z.array(element, expected).check(
        z.minLength(type.min, expected),
        z.refine((given) => new Set(given).size === given.length, 'must not repeat a name'),
      );
    }
    case 'numbers':
      return z
        .array(z.number(expected), expected)
        .check(z.minLength(type.min, expected), z.maxLength(type.max, expected));
    default:
      return z.string(expected);
  }
}

export function checkValue(key: string, type: SettingType, value: unknown): InputError[] {
  const isValid = schemaOf(type).safeParse(value).success;
  return isValid ? [] : [new InputError(setting(key), `must be ${rangeOf(type)}, not ${shown(value)}`)];
}

export const configurationSchema = z.strictObject(
  Object.fromEntries(
    Object.entries<Declaration>(SETTINGS).map(([key, { type, isOptional }]) => {
      const schema = STRUCTURES[key] ?? schemaOf(type);
      return [key, isOptional ? z.optional(schema) : schema];
    }),
  ),
);

const STAGE_KEYS = ['epoch', 'encoderUpdates', 'generatorUpdates'];

export function parseConfiguration(given: unknown): Configuration {
  const keysAt = (path: readonly unknown[]) => (path.length === 0 ? Object.keys(SETTINGS) : STAGE_KEYS);
  const values = isObject(given) ? withFixedDefaults(given) : given;
  const configuration = validate(configurationSchema, values, keysAt) as unknown as Configuration;
  checkAll([
    () => requireImageFormat(configuration),
    ...[configuration, ...configuration.stages].flatMap((plans, index) =>
      NETWORK_NAMES.map((network) => () => requirePlan(network, plans, index === 0 ? '' : `stages[${index - 1}].`)),
    ),
    () => parseImageDistance(configuration.matchX),
    ...effectsOf(configuration),
    () => conditionOf(configuration),
    () => requireSimultaneous(configuration),
    () => requireAscending(configuration.stages),
  ]);
  return configuration;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function withFixedDefaults(given: Record<string, unknown>) {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const network = networkFor(set.size);
  return { ...DEFAULTS, crop: 'center', padding: null, augment: [], network, classes: [], attributes: [], ...set };
}

function requireImageFormat({ network, size, padding }: Configuration) {
  const { imageSize } = ARCHITECTURES[network];
  architectureFor(size);
  if (size !== imageSize) {
    const problem = `${network} expects images of ${imageSize}x${imageSize}, not ${size}x${size}`;
    throw new InputError(setting('size'), problem);
  }
  if (padding !== null) checkWithin(setting('padding'), () => requirePaddable(size, padding));
}

function requirePlan(network: NetworkName, plans: Configuration | Stage, prefix: string) {
  const key = `${network}Updates` as const;
  const given = plans[key];
  if (given !== undefined) checkWithin(setting(`${prefix}${key}`), () => parsePlan(network, given));
}

/** Plans that cannot be read are reported by themselves. */
function requireSimultaneous({ updateOrder, stages, ...plans }: Configuration) {
  if (updateOrder === 'alternating') return;
  const given = [plans, ...stages].flatMap(({ encoderUpdates, generatorUpdates }) => [
    encoderUpdates,
    generatorUpdates,
  ]);
  const several = given.find((plan) => plan !== undefined && !/^\s*1\s*;/u.test(plan));
  if (several !== undefined)
    throw new InputError(setting('updateOrder'), `simultaneous needs one update per network, not "${several}"`);
}

function requireAscending(stages: readonly Stage[]) {
  const late = stages.findIndex(({ epoch }, index) => index > 0 && epoch <= stages[index - 1]!.epoch);
  if (late > 0)
    throw new InputError(
      setting('stages'),
      `stage ${late + 1} must begin after epoch ${stages[late - 1]!.epoch}, not at ${stages[late]!.epoch}`,
    );
}

const WEIGHTED_MATCH_X = /match_x\s*:[\s0.]*[1-9]/u;

/** How a model of features is used. */
const FEATURE_SETTINGS = ['featuresOutputs', 'featuresSize', 'featuresMean', 'featuresStd'] as const;

type Effect = [key: keyof Configuration, hasEffect: boolean, problem: Text, remedy: Text];

/** Checks settings that depend on others. */
function effectsOf(configuration: Configuration) {
  const { matchX, channels, schedule, halveEvery, ema, emaStart, evaluateEvery, evaluateMetrics, saveBest } =
    configuration;
  const { margin, divergence, codeNoise } = configuration;
  const plans = [configuration, ...configuration.stages].flatMap((each) => [
    each.encoderUpdates,
    each.generatorUpdates,
  ]);
  const reconstructs = plans.some((plan) => plan !== undefined && WEIGHTED_MATCH_X.test(plan));
  const weigh = text`add match_x to ${setting('encoderUpdates')}`;
  const isEvaluated = evaluateEvery > 0;
  const evaluate = text`set ${setting('evaluateEvery')}`;
  const halve = text`set ${setting('schedule')} to halving`;
  const effects: Effect[] = [
    [
      'matchX',
      !usesDistance(matchX, 'cos') || channels > 1,
      'cos has no gradient for images of one channel',
      'choose L1 or L2',
    ],
    [
      'features',
      configuration.features === undefined || usesDistance(matchX, 'features'),
      text`has no effect unless ${setting('matchX')} has features`,
      text`set ${setting('matchX')} to L1,features`,
    ],
    ...FEATURE_SETTINGS.map((key): Effect => [
      key,
      configuration.features !== undefined || configuration[key] === undefined,
      'describes a model, but none is given',
      text`set ${setting('features')} to its file`,
    ]),
    ['margin', margin === 0 || divergence !== 'nearest', 'requires a divergence with a lower bound', 'choose qp or pq'],
    ['codeNoise', codeNoise === 0 || reconstructs, 'has no effect without match_x', weigh],
    ['halveEvery', schedule === 'halving' || halveEvery === 0, `requires the schedule halving, not ${schedule}`, halve],
    ['emaStart', ema > 0 || emaStart === 0, 'has no effect without an EMA', text`set ${setting('ema')}`],
    ['evaluateMetrics', isEvaluated || evaluateMetrics === undefined, 'has no effect without evaluations', evaluate],
    ['saveBest', isEvaluated || saveBest === undefined, 'requires evaluations', evaluate],
  ];
  return effects.map(([key, hasEffect, problem, remedy]) => () => {
    if (!hasEffect) throw new InputError(setting(key), problem, remedy);
  });
}
