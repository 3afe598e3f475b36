import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { InputError, didYouMean } from '../errors.js';
import { type Crop, CROPS } from '../images/preprocessing.js';
import { validate } from '../validation.js';
import type { Dataset } from './dataset.node.js';
import * as registry from './datasets/index.node.js';
import type { OpenOptions } from './decoding/openCollection.node.js';
import type { ImageFormat, ImageSource } from './source.js';

export const DATASETS: readonly Dataset[] = Object.values(registry);

/** The name alone is a data spec: `mnist`. */
const NAMED = DATASETS.filter(({ path }) => path === '' || path.startsWith('['));
/** A path may follow the name: `npz:FILE`. */
const LOCATED = DATASETS.filter(({ path }) => path !== '');

/** Returns for example `mnist`, `fashion-mnist[:DIR]` or `npz:FILE`. */
export function specOf({ name, path }: Dataset) {
  if (path === '') return name;
  return path.startsWith('[') ? `${name}[:${path.slice(1)}` : `${name}:${path}`;
}

export const DATA_SPEC_HELP = [
  ...DATASETS.map(specOf),
  'or the path of a folder of images, a .zip or an .npz file',
].join(', ');

/** The text before the first colon, or ''. */
const prefixOf = (data: string) => data.slice(0, Math.max(0, data.indexOf(':')));
const findByName = (data: string) => NAMED.find(({ name }) => name === data);
const findByPrefix = (data: string) => LOCATED.find(({ name }) => name === prefixOf(data));

export const pathOfData = (data: string) => (findByPrefix(data) ? data.slice(prefixOf(data).length + 1) : data);

/** Other paths are folders. */
const BY_EXTENSION: Record<string, Dataset> = { '.npz': registry.npz, '.zip': registry.zip };
const kindOfPath = (path: string) => BY_EXTENSION[extname(path).toLowerCase()] ?? registry.folder;

/** Returns false for paths of folders and unknown files, which may be a run or an image. */
export const isDataSpec = (data: string) =>
  (findByName(data) ?? findByPrefix(data)) !== undefined || kindOfPath(data) !== registry.folder;

/** Returns the same spec for `photos`, `./photos/` and `folder:photos`. */
export const canonicalDataSpec = (data: string) =>
  findByName(data) ? data : `${(findByPrefix(data) ?? kindOfPath(data)).name}:${resolve(pathOfData(data))}`;

export async function nativeFormat(data: string): Promise<Required<ImageFormat>> {
  const { dataset, path } = await resolveData(data);
  const { size, channels, crop = 'center', padding = null } = await dataset.format(path);
  return { size, channels, crop, padding };
}

async function checkArguments(data: unknown, format: unknown, options: unknown) {
  const { z } = await import('zod');
  const object = z.looseObject({}, 'must be an object');
  validate(z.object({ format: object.optional(), options: object }), { format, options });
  const flag = z.boolean('must be true or false').optional();
  const size = 'must be a whole number from 1 to 1024';
  const fraction = 'must be a number above 0 and below 1';
  const formatSchema = {
    size: z.int(size).min(1, size).max(1024, size),
    channels: z.union([z.literal(1), z.literal(3)], 'must be 1 (grayscale) or 3 (RGB)'),
    crop: z.enum(CROPS as readonly [Crop, ...Crop[]], `must be one of ${CROPS.join(', ')}`).optional(),
  };
  const schema = z.object({
    data: z.string('must be the name of a data set or a path'),
    ...(format === undefined ? {} : formatSchema),
    testFraction: z.number(fraction).gt(0, fraction).lt(1, fraction).optional(),
    splitSeed: z.int('must be an integer').optional(),
    streaming: flag,
    strict: flag,
    attributesFile: z.string('must be the path of a CSV file').optional(),
  });
  validate(schema, { ...(format as object), ...(options as object), data });
}

/**
 * Opens data by its spec: the name of a data set, `name:path`, or the path of a folder of images or an archive.
 * @param format default: the native format of the data
 * @throws {InputError} for invalid arguments, unknown data, and a format that the data cannot have
 * @example
 * const { train, test } = await openSource('mnist');
 * console.log(`${train.count} training images, ${test.count} test images`);
 */
export async function openSource(data: string, format?: ImageFormat, options: OpenOptions = {}): Promise<ImageSource> {
  await checkArguments(data, format, options);
  const { dataset, path } = await resolveData(data);
  const source = await dataset.open(path, format ?? (await dataset.format(path)), { ...options, name: data });
  if (options.attributesFile === undefined) return source;
  const { withDescriptions } = await import('./descriptions.node.js');
  return withDescriptions(source, options.attributesFile);
}

async function resolveData(data: string) {
  const byName = findByName(data);
  if (byName) return { dataset: byName, path: '' };
  const byPrefix = findByPrefix(data);
  if (byPrefix) {
    const path = pathOfData(data);
    if (path === '') throw new InputError(`data "${data}"`, 'the path is missing', `pass ${byPrefix.name}:PATH`);
    return { dataset: byPrefix, path };
  }
  const found = data === '' ? undefined : await stat(data).catch(() => undefined);
  if (found) return { dataset: found.isDirectory() ? registry.folder : kindOfPath(data), path: data };
  const problem = `no such data set or folder${suggestion(data)}`;
  throw new InputError(`data "${data}"`, problem, `choose from ${DATA_SPEC_HELP}`);
}

function suggestion(data: string) {
  const namesOf = (datasets: readonly Dataset[]) => datasets.map(({ name }) => name);
  const prefix = prefixOf(data);
  if (prefix === '') return didYouMean(data, namesOf(NAMED));
  return didYouMean(prefix, namesOf(LOCATED), data.slice(prefix.length));
}
