/** Imported on first use, because zod takes long to load. */
import { z } from 'zod';
import { DEVICES } from '../engine/runtime/native.node.js';
import { PRECISIONS } from '../export/precision.js';
import { DRAW_FROM } from '../model/refinement.js';
import { LARGEST_SEED } from '../random.js';
import { schemaOf } from '../training/configurationSchema.js';
import { choice, integer, number, type SettingType, string, toggle } from '../training/declaration.js';
import { validate } from '../validation.js';

const MAX_IMAGES = 1_000_000;
const PATH = 'the path of a run folder';
const run = z.string(`must be ${PATH}`).min(1, `must be ${PATH}`);
const seed = integer(0, LARGEST_SEED);
const callback = z.custom((value) => typeof value === 'function', 'must be a function');
const computing = { device: choice(DEVICES), threads: integer(0, 1024) };
const classOf = z.union([z.string(), z.int().min(0)], 'must be the name or number of a class');
const attributes = z.record(z.string(), z.union([z.string(), z.number()]));
const description = z.union(
  [z.string(), attributes],
  'must be attributes such as beard=full,fatness=0.8, or an object',
);
const moving = { along: string('the name of an attribute'), by: number(-1e6, 1e6) };

const OPTIONS = {
  train: {
    ...computing,
    device: choice([...DEVICES, 'auto']),
    out: run,
    resume: z.union([z.boolean(), run], `must be true, false or ${PATH}`),
    strict: toggle,
    tensorboard: toggle,
    signal: z.instanceof(AbortSignal, { error: 'must be an AbortSignal' }),
    onEvent: callback,
  },
  load: { ...computing, ema: toggle, onWarning: callback },
  export: {
    ...computing,
    ema: toggle,
    precision: choice(PRECISIONS),
    fid: toggle,
    count: integer(2, MAX_IMAGES),
    pytorch: toggle,
    training: toggle,
    web: toggle,
    data: string('a data set or a folder of images'),
    onNote: callback,
  },
  sample: {
    ...moving,
    count: integer(1, MAX_IMAGES),
    seed,
    seeds: z
      .tuple([schemaOf(seed), schemaOf(seed)], 'must be the first and the last seed')
      .refine(([first, last]) => Number(first) <= Number(last), 'must be ascending'),
    like: z.unknown(),
    spread: number(0, 1, 0),
    temperature: number(0, 1e6, 0),
    truncation: number(0, 100),
    class: classOf,
    where: description,
    guidance: number(0, 100),
    drawFrom: choice(DRAW_FROM),
    refine: integer(0, 100),
    refineNoise: number(0, 1),
  },
  interpolate: {
    frames: integer(2, MAX_IMAGES),
    rows: integer(1, MAX_IMAGES),
    points: integer(2, MAX_IMAGES),
    loop: toggle,
    circle: toggle,
    fromClass: classOf,
    toClass: classOf,
    seed,
    onProgress: callback,
  },
  complete: { count: integer(1, 1000), seed, mask: z.unknown(), refine: integer(0, 100), refineNoise: number(0, 1) },
  reconstruct: {
    ...moving,
    fromClass: z.union(
      [classOf, z.array(classOf.nullable())],
      'must be the name or number of a class, or a list of them',
    ),
    fromWhere: z.array(attributes, 'must be a list with an object of attributes for each image'),
    toClass: classOf,
    where: description,
  },
  classify: { probe: string('the name of a probe') },
  decode: { distance: number(0, 1) },
} satisfies Record<string, Record<string, SettingType | z.ZodType>>;

export type OptionsName = keyof typeof OPTIONS;

export function checkOptions(name: OptionsName, options: unknown) {
  const types = Object.entries<SettingType | z.ZodType>(OPTIONS[name]);
  const shape = Object.fromEntries(
    types.map(([key, type]) => [key, z.optional(type instanceof z.ZodType ? type : schemaOf(type))]),
  );
  validate(z.strictObject(shape, 'must be an object'), options, () => Object.keys(shape), 'options');
}
