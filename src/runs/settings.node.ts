/** Settings of the caller override a file, then a preset, then the run of `initFrom`, then the defaults. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { attributesIn } from '../conditions/attributes.js';
import { attributesFile } from '../conditions/syntax.js';
import { canonicalDataSpec, nativeFormat, openSource } from '../data/open.node.js';
import { classNamesIn, type ImageFormat, type ImageSource, type Split } from '../data/source.js';
import {
  checkWithin,
  errorsOf,
  InputError,
  didYouMean,
  messageOf,
  setting,
  type Text,
  text,
  throwAll,
} from '../errors.js';
import { readFileBytes, readTextFile } from '../files/regularFile.node.js';
import { requireVersion } from '../training/checkpoint.js';
import { checkConfiguration, type Configuration } from '../training/configuration.js';
import { MIN_BATCH } from '../training/defaults.js';
import type { TrainingEvent } from '../training/events.js';
import { isChangeable, SETTINGS, type Settings, withDefaults } from '../training/settings.js';
import { shown } from '../validation.js';
import { readCheckpoint, RunFolder } from './runFolder.node.js';

export type { Settings };

type Values = Record<string, unknown>;

interface Layer {
  settings: Values;
  /** Absent for those of the caller. */
  file?: string;
}

/** Units of `length`. */
const LENGTHS: readonly string[] = ['epochs', 'steps'];

const FILE_KEYS = [...Object.keys(SETTINGS), ...LENGTHS];

/** What the defaults need to know of open data. */
export type TrainingData = { train: Pick<Split, 'count'> } & Pick<
  ImageSource,
  'classes' | 'classNames' | 'descriptions'
>;

/** A configuration before the number of training images is known. */
export interface PendingConfiguration {
  /** For a large data set. Its image format and test fraction are final. */
  draft: Configuration;
  complete: (data: TrainingData) => CompleteConfiguration;
}

export interface CompleteConfiguration {
  configuration: Configuration;
  /** Defaults that depend on the data; the length as `epochs` or `steps`. */
  chosen: Record<string, number | string>;
}

/** @param onWarning receives a line if a setting of the run in `initFrom` loses information of the data */
export async function draftSettings(
  settings: Settings,
  onWarning: (message: Text) => void = () => undefined,
): Promise<PendingConfiguration> {
  const data = requireData(settings);
  const explicit = await layersOf(settings);
  const layers = [...(await initialRunLayer(merged(explicit).initFrom)), ...explicit];
  const given = merged(layers);
  const native = await nativeFormat(data);
  const known = { native, images: Number.MAX_SAFE_INTEGER, classNames: [], attributes: [] };
  const draft = await resolved(layers, () => withDefaults({ ...given, data }, known));
  const { initFrom, channels } = draft;
  // Otherwise, the loss of color would be visible only in the first previews.
  const isGrayByWeights = initFrom !== undefined && channels === 1 && !('channels' in merged(explicit));
  if (isGrayByWeights && native.channels !== 1)
    onWarning(
      text`${data} has RGB images, but the weights of ${initFrom} are for grayscale, so images are converted; set ${setting('channels')} to 1 to accept that, or train a color model without ${setting('initFrom')}`,
    );
  return { draft, complete: (opened) => completeFor(opened, draft, layers, native) };
}

/** An error about a setting of a file names the file. */
function throwWithFiles(layers: readonly Layer[], error: unknown): never {
  if (error instanceof InputError)
    throwAll(
      errorsOf(error).map((each) => {
        const [key = ''] = each.setting?.split(/[.[]/u) ?? [];
        const file = layers.findLast(({ settings }) => keyOfLength(key) in settings)?.file;
        return file === undefined ? each : each.within(file);
      }),
    );
  throw error;
}

async function resolved(layers: readonly Layer[], values: () => Values) {
  try {
    return await checkConfiguration(values());
  } catch (error) {
    return throwWithFiles(layers, error);
  }
}

const keyOfLength = (key: string) => (LENGTHS.includes(key) ? 'length' : key);

function completeFor(
  opened: TrainingData,
  draft: Configuration,
  layers: readonly Layer[],
  native: Required<ImageFormat>,
) {
  const given = merged(layers);
  const images = opened.train.count;
  const classNames = classNamesIn(opened);
  const refuse = (...problem: ConstructorParameters<typeof InputError>) =>
    throwWithFiles(layers, new InputError(...problem));
  if (images < MIN_BATCH)
    refuse(draft.data, `training needs at least ${MIN_BATCH} images, but its train split has ${images}`, 'add images');
  if ('batch' in given && draft.batch > images)
    refuse(
      text`${setting('batch')} ${draft.batch}`,
      `the train split has only ${images} images`,
      text`set ${setting('batch')} to ${images} or less`,
    );
  const configuration = withDefaults(
    { ...given, data: draft.data },
    { native, images, classNames, attributes: attributesIn(opened.descriptions ?? []) },
  ) as unknown as Configuration;
  const about = text`${setting('condition')} ${configuration.condition}`;
  if (configuration.condition === 'class' && configuration.classes.length < 2)
    refuse(about, `${draft.data} has no classes`, 'train on labeled data, or on a folder whose subfolders are classes');
  if (attributesFile(configuration) !== undefined && configuration.attributes.length === 0)
    refuse(about, 'the table has no attributes', 'add columns');
  const { size, channels, augment, batch, length } = configuration;
  const values = { size, channels, ...(augment.length > 0 ? { augment: augment.join(',') } : {}), batch, ...length };
  const open = Object.entries(values).filter(([key]) => !(keyOfLength(key) in given));
  return { configuration, chosen: Object.fromEntries(open) };
}

/**
 * Resolves settings into a configuration. Opens the data to count its images.
 * @throws {InputError} if a setting is wrong, or the data cannot be opened or has too few images
 */
export async function resolveSettings(settings: Settings): Promise<Configuration> {
  const { draft, complete } = await draftSettings(settings);
  const source = await openTrainingImages(draft);
  try {
    return complete(source).configuration;
  } finally {
    source.close?.();
  }
}

interface ImageOptions {
  strict?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onEvent?: ((event: TrainingEvent) => void | Promise<void>) | undefined;
}

/** Does not wait until all images are decoded. */
export function openTrainingImages(
  configuration: Configuration,
  { strict = false, signal, onEvent }: ImageOptions = {},
): Promise<ImageSource> {
  const { data, testFraction, evaluateEvery } = configuration;
  return openSource(data, configuration, {
    testFraction,
    attributesFile: attributesFile(configuration),
    strict,
    streaming: true,
    onWarning: (message) => void onEvent?.({ type: 'warning', message }),
    onProgress: (done, total, skipped) => void onEvent?.({ type: 'decoding', done, total, skipped }),
    // An iteration that is finished after an abort may need images that are not decoded yet.
    ...(signal && (strict || evaluateEvery > 0) ? { signal } : {}),
  });
}

/** Settings that a resumed run may not change may be repeated. */
export async function resumedConfiguration(folder: RunFolder, settings: Settings) {
  const earlier = await folder.readConfiguration();
  requireData(settings, earlier.data);
  const layers = await layersOf(settings);
  const changes = merged(layers);
  for (const [key, value] of Object.entries(changes)) {
    const before = earlier[key as keyof Configuration];
    const isSame =
      key === 'data'
        ? canonicalDataSpec(String(value)) === canonicalDataSpec(earlier.data)
        : JSON.stringify(value) === JSON.stringify(before);
    if (isSame || isChangeable(key)) continue;
    const was = before === undefined ? 'none' : shown(before);
    throw new InputError(
      setting(key),
      `the run in ${folder.path} was started with ${was}, which cannot change`,
      `start a new run for ${shown(value)}`,
    );
  }
  return resolved(layers, () => ({ ...earlier, ...changes, data: earlier.data }));
}

function requireData(settings: unknown, fallback?: string) {
  if (typeof settings !== 'object' || settings === null)
    throw new InputError(setting('settings'), `must be an object, not ${shown(settings)}`);
  const { data = fallback } = settings as Values;
  if (typeof data !== 'string') throw new InputError(setting('data'), `must be a string, not ${shown(data)}`);
  return data;
}

async function layersOf({ preset, config, ...settings }: Settings): Promise<Layer[]> {
  const files = [preset === undefined ? undefined : await presetFile(preset), config];
  const layers = files
    .filter((file) => file !== undefined)
    .map(async (file) => {
      const read = await readSettings(file);
      return { settings: checkWithin(file, () => withLength(read)), file };
    });
  return [...(await Promise.all(layers)), { settings: withLength(settings) }];
}

/** Replaces `epochs` and `steps` by `length`, and removes undefined settings. */
function withLength(settings: Values): Values {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const lengths = ['length', ...LENGTHS].filter((key) => settings[key] !== undefined);
  if (lengths.length > 1)
    throw new InputError(
      text`${setting(lengths[0]!)} and ${setting(lengths[1]!)}`,
      'both set the length of training',
      'give one',
    );
  const { epochs, steps, ...others } = Object.fromEntries(given);
  if (epochs === undefined && steps === undefined) return others;
  return { ...others, length: steps === undefined ? { epochs } : { steps } };
}

const merged = (layers: readonly Layer[]) => Object.assign({}, ...layers.map(({ settings }) => settings)) as Values;

const PRESETS = fileURLToPath(new URL('../../presets/', import.meta.url));

export const presetNames = async () => (await readdir(PRESETS)).map((file) => file.replace(/\.yaml$/, '')).sort();

export const describePresets = async () =>
  Promise.all(
    (await presetNames()).map(async (name) => {
      const lines = (await readTextFile(`${PRESETS}${name}.yaml`)).split('\n');
      const end = lines.findIndex((line) => !line.startsWith('#'));
      const comment = lines.slice(0, end).map((line) => line.replace(/^# ?/u, ''));
      return { name, description: comment.filter((line) => !line.startsWith('Usage:')).join(' ') };
    }),
  );

async function presetFile(name: string) {
  const names = await presetNames();
  if (names.includes(name)) return `${PRESETS}${name}.yaml`;
  const problem = `unknown preset ${name}${didYouMean(String(name), names)}`;
  throw new InputError(setting('preset'), problem, `choose from ${names.join(', ')}`);
}

/** A run's config.json also names its data and the weights of its features. */
async function readSettings(file: string): Promise<Values> {
  const content = (await readFileBytes(file)).toString('utf8');
  const { version, data: _, featuresDigest: __, ...settings } = await parseSettings(content, file);
  if (version !== undefined) requireVersion(version, file);
  const unknown = Object.keys(settings).find((key) => !FILE_KEYS.includes(key));
  if (unknown === undefined) return settings;
  throw new InputError(file, `${unknown}: no such setting${didYouMean(unknown, FILE_KEYS)}`);
}

async function parseSettings(content: string, file: string) {
  const { Lexer, parseDocument, Parser } = await import('yaml');
  let settings: unknown;
  try {
    // Readers of the result are recursive, and a stack overflow may end the process.
    const parser = new Parser();
    for (const lexeme of new Lexer().lex(content)) {
      Array.from(parser.next(lexeme));
      if (parser.stack.length > MAX_DEPTH) throw new Error('it is nested too deeply');
    }
    const document = parseDocument(content, { logLevel: 'error' });
    const [error] = document.errors;
    if (error) throw error;
    // Nested aliases could expand a short text to a huge value.
    settings = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const [line] = messageOf(error).split('\n') as [string];
    throw new InputError(file, `not YAML or JSON (${line.replace(/:$/, '')})`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new InputError(file, 'expected settings, e.g. "width: 32"');
  return settings as Values;
}

/** Settings are nested three deep. */
const MAX_DEPTH = 100;

async function initialRunLayer(initFrom: unknown) {
  // Other values are rejected with the other settings.
  if (typeof initFrom !== 'string') return [];
  const { configuration } = await readCheckpoint(initFrom);
  const { data: _, initFrom: __, length: ___, seed: ____, featuresDigest: _____, ...settings } = configuration;
  return [{ settings, file: initFrom }];
}
