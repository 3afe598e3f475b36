import type { Prior } from '../age/prior.js';
import { classNamed } from '../conditions/classes.js';
import { type Description, unlabeled } from '../data/source.js';
import { InputError, setting, text } from '../errors.js';
import type { ImageInput } from '../images/imageInput.node.js';
import type { Progress } from '../model/chunks.js';
import { MODEL_DEFAULTS } from '../model/defaults.js';
import type { DrawFrom } from '../model/refinement.js';
import type { Configuration } from '../training/configuration.js';

/** Moves codes along an attribute of the run, which `agenet attribute` creates. */
export interface MoveOptions {
  /** Name of the attribute (default: none, codes are not moved). */
  along?: string | undefined;
  /** Distance: an angle in radians on the sphere, else a multiple of the direction; may be negative (default: 0.5). */
  by?: number | undefined;
}

export interface SampleOptions extends MoveOptions {
  /** Number of samples (default: 64). */
  count?: number | undefined;
  /** Random seed, from 0 to 2^32 - 1 (default: 0). */
  seed?: number | undefined;
  /** Draws the first sample of each seed in this range, both ends included, instead of `count` samples of one seed. */
  seeds?: readonly [first: number, last: number] | undefined;
  /** An image to sample around (default: none, samples of everything). */
  like?: ImageInput | undefined;
  /**
   * Angular spread around `like`, in (0, 1]: near 0 all samples are its reconstruction, 1 is the entire prior (default:
   * 0.3).
   */
  spread?: number | undefined;
  /** Factor of the codes; requires the prior `normal`. */
  temperature?: number | undefined;
  /** Factor of the distance from typical codes, from 0 to 100: below 1 samples are more typical, above 1 less (default: 1). */
  truncation?: number | undefined;
  /**
   * Class of the samples of a conditional model, by its name or number, or `all` for `count` samples of each class, with
   * the same codes (default: any class).
   */
  class?: string | number | undefined;
  /**
   * Attributes of the samples of a model that is conditioned on them, such as `beard=full,fatness=0.8` or an object
   * (default: any).
   */
  where?: string | Readonly<Record<string, string | number>> | undefined;
  /** How much the class or the attributes count: 0 not at all, 1 (default) as in training, and more exaggerates them. */
  guidance?: number | undefined;
  /**
   * Where codes are drawn from: the density of codes of training images, or the prior (default: the density, if the
   * checkpoint has one).
   */
  drawFrom?: DrawFrom | undefined;
  /** How often each sample is reconstructed, from 0 to 100 (default: 0 for codes of the density, 1 for codes of the prior). */
  refine?: number | undefined;
  /** The spread by which the first of these passes moves codes at random, and later ones less, 0 to 1 (default: 0). */
  refineNoise?: number | undefined;
}

export interface ReconstructOptions extends MoveOptions {
  /** Class of the images, by name or number, or the class of each, null if unknown (default: predicted). */
  fromClass?: string | number | readonly (string | number | null)[] | undefined;
  /** Attributes of each image, as far as they are known (default: predicted). */
  fromWhere?: readonly Readonly<Record<string, string | number>>[] | undefined;
  /** Class to decode with (default: `fromClass`). */
  toClass?: string | number | undefined;
  /** Attributes to decode with, instead of classes; others stay as they are. */
  where?: SampleOptions['where'];
}

export interface CompleteOptions {
  /** Number of completions (default: 6). */
  count?: number | undefined;
  /** Random seed, from 0 to 2^32 - 1 (default: 0). */
  seed?: number | undefined;
  /** Of models that fill holes: an image that is white where the photo is hidden (default: its transparent pixels). */
  mask?: ImageInput | undefined;
  /** How often each completion is reconstructed, from 0 to 100 (default: 3 of holes, otherwise 1). */
  refine?: number | undefined;
  /** The spread by which the first of these passes moves codes at random, and later ones less, 0 to 1 (default: 0). */
  refineNoise?: number | undefined;
}

export interface InterpolateOptions {
  /** First class of each row, by name or number, of a conditional model: rows have one random code each. */
  fromClass?: string | number | undefined;
  /** Last class of each row. */
  toClass?: string | number | undefined;
  /** Images from one point to the next, both included; with `circle`, around the circle (default: 10). */
  frames?: number | undefined;
  /** Rows between random points (default: 8). */
  rows?: number | undefined;
  /** Random points per row (default: 2). */
  points?: number | undefined;
  /** Whether the path returns from the last point to the first (default: false). */
  loop?: boolean | undefined;
  /** Whether to traverse the whole great circle through two points (default: false). */
  circle?: boolean | undefined;
  /** Random seed of the points (default: 0). */
  seed?: number | undefined;
  /** Receives the number of generated images. */
  onProgress?: Progress | undefined;
}

export interface DecodeCodesOptions {
  /** From codes of images: 0 for these (default), 0.5 halfway between two, 1 for samples of the prior. */
  distance?: number | undefined;
}

export interface ClassifyOptions {
  /** A probe that `agenet probe --save` created (default: the only one of the run). */
  probe?: string | undefined;
}

/** @throws {InputError} if an option would have no effect */
export function samplingRange({ count, seed, seeds, like, spread, drawFrom }: SampleOptions) {
  if (like === undefined && spread !== undefined)
    throw new InputError(setting('spread'), text`requires ${setting('like')}`, 'name an image to sample around');
  if (like !== undefined && drawFrom !== undefined)
    throw new InputError(setting('drawFrom'), text`has no effect with ${setting('like')}`, 'remove one of the two');
  if (seeds === undefined) return { count: count ?? MODEL_DEFAULTS.count, seed: seed ?? 0, isSeedPerImage: false };
  if (count !== undefined || seed !== undefined)
    throw new InputError(
      setting('seeds'),
      'determines the number and seeds of samples',
      text`remove ${setting('count')} and ${setting('seed')}`,
    );
  const [first, last] = seeds;
  return { count: last - first + 1, seed: first, isSeedPerImage: true };
}

export function requireInterpolation(images: readonly ImageInput[], options: InterpolateOptions, prior: Prior) {
  requireClassPath(images.length, options);
  for (const name of ['rows', 'points'] as const)
    if (images.length > 0 && options[name] !== undefined)
      throw new InputError(setting(name), 'applies to random points only', 'remove it, or the images');
  if (images.length === 1) {
    const about = typeof images[0] === 'string' ? images[0] : 'images';
    throw new InputError(about, 'expected at least two images, but got one', 'name a second image');
  }
  if (options.circle) requireCircle(images.length, options.points ?? 2, prior);
}

function requireClassPath(images: number, options: InterpolateOptions) {
  const ends = ['fromClass', 'toClass'] as const;
  const missing = ends.find((name) => options[name] === undefined);
  const given = ends.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  if (missing !== undefined)
    throw new InputError(setting(given), text`requires ${setting(missing)}`, 'name the other class');
  const other = (['loop', 'circle', 'points'] as const).find((name) => options[name] ?? false);
  if (other !== undefined)
    throw new InputError(setting(other), 'applies to paths between points, not between classes', 'remove it');
  if (images > 0)
    throw new InputError(setting(given), 'applies to random points', 'remove the images, or use reconstruct');
}

function requireCircle(images: number, points: number, prior: Prior) {
  const fail = (problem: string, remedy: string) => {
    throw new InputError(setting('circle'), problem, text`use ${setting('loop')}${remedy}`);
  };
  if (prior !== 'sphere') fail(`requires the prior sphere, but the run has the prior ${prior}`, '');
  if (images > 2) fail(`expected two images, but got ${images}`, ' for more');
  if (points !== 2) fail(`goes through two points, not ${points}`, ' for more');
}

/** Values of images: 4 GB as float32. */
const MAX_VALUES = 2 ** 30;

export function requireInMemory(key: string, count: number, imageElements: number, remedy: string) {
  const most = Math.floor(MAX_VALUES / imageElements);
  if (count > most) throw new InputError(setting(key), `at most ${most} images fit into memory, not ${count}`, remedy);
}

/** @throws {InputError} if a model has none */
export function requireAttributes(attributes: Configuration['attributes'], option: string) {
  if (attributes.length > 0) return;
  const remedy = text`train one with ${setting('condition')} attributes:FILE`;
  throw new InputError(setting(option), 'the model was trained without attributes', remedy);
}

/** Attributes as texts, as in a table. */
export const inText = (attributes: Readonly<Record<string, string | number>>): Description =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));

/**
 * Returns what is known of the conditions of `count` images.
 * @throws {InputError} if the model has no such class or no attributes, or a list has another length
 */
export function knownLabeling(
  { fromClass, fromWhere }: ReconstructOptions,
  { classes, attributes }: Pick<Configuration, 'classes' | 'attributes'>,
  count: number,
) {
  if (fromWhere?.some((each) => Object.keys(each).length > 0)) requireAttributes(attributes, 'fromWhere');
  for (const [name, list] of Object.entries({ fromClass, fromWhere }))
    if (Array.isArray(list) && list.length !== count)
      throw new InputError(setting(name), `expected a list of ${count}, one for each image, but got ${list.length}`);
  const { labels, descriptions } = unlabeled(count);
  const nameOf = (index: number) => (fromClass instanceof Array ? fromClass[index] : fromClass) ?? null;
  return {
    labels: labels.map((_, index) => {
      const name = nameOf(index);
      return name === null ? null : classNamed(classes, String(name), 'fromClass');
    }),
    descriptions: fromWhere?.map(inText) ?? descriptions,
  };
}
