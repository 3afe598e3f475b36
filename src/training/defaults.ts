import type { AugmentationName } from '../age/augmentation.js';
import { ATTRIBUTES } from '../conditions/syntax.js';
import { setting, type Text, text } from '../errors.js';
import { IMAGE_SIZES } from '../imageSizes.js';
import type { ArchitectureName } from '../networks/architecture.js';

/** BatchNorm running statistics: one set per network (as published), or one per input type. */
export const BATCH_NORM_STATS = ['shared', 'separate'] as const;

/**
 * Learning-rate schedules: halved every `halveEvery` epochs (as published), constant, or down to 0 along half a cosine.
 */
export const SCHEDULES = ['halving', 'constant', 'cosine'] as const;

/**
 * If a loss or gradient is NaN or infinite: an error, or a rollback to the last checkpoint with half the learning rate.
 */
export const NAN_POLICIES = ['stop', 'rollback'] as const;

const SIMULTANEOUS = {
  encoderUpdates: '1;KL_fake:4,KL_real:8,match_x:50,match_z:200,uniform:4',
  generatorUpdates: '1;KL_fake:4,match_z:200,match_x:50',
  updateOrder: 'simultaneous',
  margin: 0.8,
} as const;

/** Defaults of the objective, tuned together (docs/recipes.md). */
export const RECIPES = {
  /** Beside update plans, an order, stages or a divergence of the caller. */
  alternating: {
    encoderUpdates: '1;KL_fake:3.7,KL_real:4,match_x:52,align:550,uniform:4',
    generatorUpdates: '2;KL_fake:4,match_z:1000,match_x:34',
    updateOrder: 'alternating',
    margin: 0,
    codeNoise: 0,
  },
  simultaneous: { ...SIMULTANEOUS, codeNoise: 0 },
  /** Of small grayscale images: distorted ones have nearly the same code, so that few labels suffice. */
  aligned: { ...SIMULTANEOUS, encoderUpdates: `${SIMULTANEOUS.encoderUpdates},align:800`, codeNoise: 0.3 },
  /** Codes with noise repeat less of a class and of attributes. Pictures need the whole code. */
  classes: { ...SIMULTANEOUS, codeNoise: 1 },
  attributes: { ...SIMULTANEOUS, codeNoise: 2 },
} as const;

/** Another size is rejected later, with the other settings. */
export const networkFor = (size: unknown): ArchitectureName =>
  (IMAGE_SIZES.find((row) => row.size === size) ?? IMAGE_SIZES[0]).architecture;

/** What a recipe depends on, also before it is checked. */
type RecipeFacts = Partial<Record<'size' | 'channels' | 'condition', unknown>>;

/** Conditional models have their recipe at every size (docs/conditions.md). */
export function recipeFor({ size, channels, condition }: RecipeFacts): Record<string, unknown> {
  // Another type is rejected later.
  if (typeof condition !== 'string' || condition === 'none')
    return size === IMAGE_SIZES[0].size && channels === 1 ? RECIPES.aligned : RECIPES.simultaneous;
  if (condition === 'class') return RECIPES.classes;
  return RECIPES[condition.startsWith(ATTRIBUTES) ? 'attributes' : 'simultaneous'];
}

export interface DataDefaults {
  augment: readonly AugmentationName[];
  batch: number;
  length: { epochs: number } | { steps: number };
}

/** BatchNorm needs a variance. */
export const MIN_BATCH = 2;

const EPOCHS = 10;

/**
 * Small data sets need fewer iterations, because there is less to learn, but far more epochs. Augmentation helps with
 * 100 images, and not with 500 (docs/recipes.md, small data sets).
 */
const BY_IMAGES = [
  { below: 200, augment: ['color'], batch: 16, steps: 2000 },
  { below: 2000, augment: [], batch: 32, steps: 4000 },
  { below: 20_000, augment: [], batch: 32, steps: 9370 },
  { below: Infinity, augment: [], batch: 64, steps: 9370 },
] as const;

/**
 * Returns the default settings for a number of training images.
 * @param images at least `MIN_BATCH`
 * @param batch the batch size, if it is not the default
 */
export function defaultsFor(images: number, batch = fittingBatch(images)): DataDefaults {
  const { augment, steps } = rowFor(images);
  const isLong = EPOCHS * Math.floor(images / batch) >= steps;
  return { augment, batch, length: isLong ? { epochs: EPOCHS } : { steps } };
}

const rowFor = (images: number) => BY_IMAGES.find(({ below }) => images < below)!;

function fittingBatch(images: number) {
  let batch: number = rowFor(images).batch;
  while (batch > images) batch /= 2;
  return batch;
}

/** With fewer images, reconstructions of other images have clearly larger errors (docs/recipes.md, small data sets). */
const FEW_IMAGES = 2000;

/** Most digits of MNIST can be recognized after 300 iterations at width 16, and are ragged until 1,500. */
const FEW_STEPS = 300;

export function expectations(images: number, steps: number): Text[] {
  const few = `${images} training images are few: expect samples that resemble them, and only rough reconstructions of other images`;
  const short = text`${steps} iterations show rough shapes at best; the default for these images is ${setting('steps')} ${rowFor(images).steps}`;
  return [...(images < FEW_IMAGES ? [few] : []), ...(steps < FEW_STEPS ? [short] : [])];
}
