import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { InputError, nearestName } from '../errors.js';
import { type Crop, CROPS } from '../images/decoding.js';
import { validate } from '../validation.js';
import { fileStates } from './decoding/fileStates.node.js';
import { DIGIT_PADDING } from './datasets/digits.js';
import { mnistFolder, readMnist } from './datasets/mnist.node.js';
import { celebaFormat, folderFormat, openCeleba, openFolder } from './openFolder.node.js';
import type { OpenOptions } from './decoding/decodedSource.node.js';
import {
  fashionMnistFolder,
  formatOfPublished,
  openPublished,
  type TrainTestArrays,
  readCifar10,
  readCifar100,
  readFashionMnist,
  readIdxFolder,
  readNpz,
  readSvhn,
} from './datasets/standardDatasets.node.js';
import type { ImageFormat, ImageSource } from './source.js';

/** Where images come from, at a path or, for what has none, at ''. */
interface SourceKind {
  /** How the images are preprocessed unless something else is asked for. */
  readonly format: (path: string) => Promise<ImageFormat>;
  /** `name` is what the user called the data. */
  readonly open: (path: string, format: ImageFormat, options: OpenOptions & { readonly name: string }) => Promise<ImageSource>;
}

/**
 * A kind whose files hold arrays of images.
 * @param format if it is known without reading them
 * @param folder of the files, if no path says it
 */
const published = (read: (path: string) => Promise<TrainTestArrays>, format?: ImageFormat, folder = (path: string) => path): SourceKind => ({
  format: async (path) => format ?? formatOfPublished(await read(path)),
  open: async (path, wanted, options) => openPublished(await read(path), wanted, { ...options, fingerprint: await fingerprintOf(folder(path)) }),
});

const DIGITS: ImageFormat = { size: 32, channels: 1, padding: DIGIT_PADDING };
const fashionMnist = published(readFashionMnist, DIGITS, fashionMnistFolder);

/** Data sets by their names alone. */
const NAMED: Readonly<Record<string, SourceKind>> = {
  mnist: published(readMnist, DIGITS, mnistFolder),
  'fashion-mnist': fashionMnist,
};
/** Data at a path: `kind:path`. */
const KINDS: Readonly<Record<string, SourceKind>> = {
  folder: { format: folderFormat, open: (path, format, options) => openFolder(path, { ...options, ...format }) },
  celeba: { format: celebaFormat, open: (path, format, options) => openCeleba(path, { ...options, ...format }) },
  cifar10: published(readCifar10, { size: 32, channels: 3 }),
  cifar100: published(readCifar100, { size: 32, channels: 3 }),
  svhn: published(readSvhn, { size: 32, channels: 3 }),
  'fashion-mnist': fashionMnist,
  idx: published(readIdxFolder),
  npz: published(readNpz),
};

export const SOURCE_NAMES: readonly string[] = Object.keys(NAMED);
/** What stands before the colon. */
export const SOURCE_KINDS: readonly string[] = Object.keys(KINDS);
/** What data may be, for messages and help. */
export const DATA_SPEC_HELP = [...SOURCE_NAMES, ...SOURCE_KINDS.map((kind) => `${kind}:PATH`), 'the path of a folder of images'].join(', ');

/** Whether a text says by itself that it names data: `mnist`, `folder:photos`. The path of a folder may also be that of something else. */
export const isDataSpec = (data: string): boolean => SOURCE_NAMES.includes(data) || SOURCE_KINDS.includes(kindIn(data));

/** The path of data by their name: what follows `kind:`, else the name itself. */
export const pathOfData = (data: string): string => (SOURCE_KINDS.includes(kindIn(data)) ? data.slice(kindIn(data).length + 1) : data);

/** Where data come from, the same for all ways to write the same path from the current folder: `photos`, `./photos/` and `folder:photos`. */
export function canonicalDataSpec(data: string): string {
  if (SOURCE_NAMES.includes(data)) return data;
  const kind = SOURCE_KINDS.includes(kindIn(data)) ? kindIn(data) : '';
  return kind === '' ? `folder:${resolve(data)}` : `${kind}:${resolve(data.slice(kind.length + 1))}`;
}

/**
 * How images of data are preprocessed unless something else is asked for.
 * @throws {InputError} if there are no data of this name
 */
export async function nativeFormat(data: string): Promise<ImageFormat> {
  const { kind, path } = await resolveData(data);
  return kind.format(path);
}

const flag = z.boolean('must be true or false').optional();

/** What `openSource` accepts; other properties of the caller's objects are left alone. */
const argumentsSchema = z.object({
  data: z.string('must be the name of a data set or a path'),
  format: z
    .object(
      {
        size: z.int('must be a whole number from 1 to 1024').min(1, 'must be at least 1').max(1024, 'must be at most 1024'),
        channels: z.union([z.literal(1), z.literal(3)], 'must be 1 (grayscale) or 3 (RGB)'),
        crop: z.enum(CROPS as readonly [Crop, ...Crop[]], `must be one of ${CROPS.join(', ')}`).optional(),
      },
      'must be an object with size and channels',
    )
    .optional(),
  options: z.object(
    { testFraction: z.number('must be a number').optional(), splitSeed: z.int('must be a whole number').optional(), streaming: flag, strict: flag },
    'must be an object',
  ),
});

/**
 * Opens data by name: that of a data set, `kind:path`, or the path of a folder of images.
 * @param format default: the data's native format
 * @throws {InputError} for wrong arguments, unknown data, and a format that the data cannot be converted to
 */
export async function openSource(data: string, format?: ImageFormat, options: OpenOptions = {}): Promise<ImageSource> {
  validate(argumentsSchema, { data, format, options });
  const { kind, path } = await resolveData(data);
  return kind.open(path, format ? formatIn(format) : await kind.format(path), { ...options, name: data });
}

async function resolveData(data: string): Promise<{ readonly kind: SourceKind; readonly path: string }> {
  if (Object.hasOwn(NAMED, data)) return { kind: NAMED[data]!, path: '' };
  const kind = kindIn(data);
  if (Object.hasOwn(KINDS, kind)) {
    const path = data.slice(kind.length + 1);
    if (path === '') throw new InputError(`data "${data}": a path should follow, such as ${kind}:images`);
    return { kind: KINDS[kind]!, path };
  }
  if (data !== '' && (await stat(data).catch(() => undefined)) !== undefined) return { kind: KINDS.folder!, path: data };
  throw new InputError(`data "${data}": no such data set or folder${suggestion(data)} (there is ${DATA_SPEC_HELP})`);
}

/** The part before the first colon, or ''. */
const kindIn = (data: string): string => data.slice(0, Math.max(0, data.indexOf(':')));

function suggestion(data: string): string {
  const kind = kindIn(data);
  const nearest = kind === '' ? nearestName(data, SOURCE_NAMES) : nearestName(kind, SOURCE_KINDS);
  if (nearest === undefined) return '';
  return `, did you mean ${nearest}${kind === '' ? '' : data.slice(kind.length)}?`;
}

/** Only this: a caller's object may have other properties that mean something else to a folder. */
const formatIn = ({ size, channels, crop, padding }: ImageFormat): ImageFormat => ({ size, channels, ...(crop ? { crop } : {}), padding });

/** Differs whenever files at a path may: their sizes and times of change. */
async function fingerprintOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const files = found?.isDirectory() ? (await readdir(path)).sort().map((name) => join(path, name)) : [path];
  return (await fileStates(files)).map((state, index) => `${files[index]} ${JSON.stringify(state)}`).join('\n');
}
