/** Where a configuration comes from: flags over a file over a preset over another run over the defaults. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { nativeFormat, canonicalDataSpec } from '../data/open.node.js';
import { InputError, nearestName } from '../errors.js';
import { wrapReadErrors } from '../files/atomic.node.js';
import { readTextFile } from '../files/regularFile.node.js';
import { applyDefaults } from '../runs/configurationDefaults.node.js';
import { type Configuration, configurationSchema } from '../training/configuration.js';
import { readCheckpoint } from './openRun.js';

/** Settings by the configuration's keys, as far as they are given. */
export type Settings = Readonly<Record<string, unknown>>;

/** Settings from one place, and what messages call a key there. */
interface Layer {
  readonly settings: Settings;
  readonly label: (name: string) => string;
}

/** The flag of a configuration's key, for messages: `encoderUpdates` is `--encoder-updates`. */
export const flagOf = (key: string, name = key): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const KEYS: readonly string[] = Object.keys(configurationSchema.shape);

/** The options that the user gave, without what concerns the run rather than its result. */
export function givenSettings(options: Settings): Settings {
  if (options.epochs !== undefined && options.steps !== undefined) throw new InputError('--epochs and --steps both say how long to train; give one');
  return withLength(Object.fromEntries(Object.entries(options).filter(([key, value]) => [...KEYS, ...LENGTHS].includes(key) && value !== undefined)));
}

const LENGTHS: readonly string[] = ['epochs', 'steps'];

/** `epochs` and `steps` as the configuration has them. */
function withLength({ epochs, steps, ...settings }: Settings): Settings {
  if (epochs === undefined && steps === undefined) return settings;
  return { ...settings, length: steps === undefined ? { epochs } : { steps } };
}

/** The settings in the file of `--config`, YAML or JSON, and before it of `--preset`. Throws InputError that names the file and the line or key. */
export async function settingsFromFiles(data: string, { preset, config }: Origins): Promise<Settings> {
  return merged(await fileLayers(data, preset, config));
}

async function fileLayers(data: string, preset: string | undefined, config: string | undefined): Promise<Layer[]> {
  const files = [...(preset === undefined ? [] : [await presetFile(preset)]), ...(config === undefined ? [] : [config])];
  return Promise.all(files.map(async (file) => ({ settings: await readSettings(file, data), label: (key: string) => `${file}: ${key}` })));
}

const PRESETS = fileURLToPath(new URL('../../presets/', import.meta.url));

/** The names of the presets. */
export const presetNames = async (): Promise<string[]> => (await readdir(PRESETS)).map((file) => file.replace(/\.yaml$/, '')).sort();

async function presetFile(name: string): Promise<string> {
  const names = await presetNames();
  if (names.includes(name)) return `${PRESETS}${name}.yaml`;
  const nearest = nearestName(name, names);
  throw new InputError(`--preset ${name}: no such preset${nearest ? `, did you mean ${nearest}?` : ''} (there is ${names.join(', ')})`);
}

/** A run's config.json says as well what it was trained on: that may be there if the command line says the same. */
async function readSettings(file: string, wanted: string): Promise<Settings> {
  const text = await wrapReadErrors(file, () => readTextFile(file));
  const { data, ...settings } = parseSettings(text, file);
  if (data !== undefined && (typeof data !== 'string' || canonicalDataSpec(data) !== canonicalDataSpec(wanted))) {
    throw new InputError(`${file}: data: ${JSON.stringify(data)} there, but the command line says ${wanted}; leave it out of the file`);
  }
  for (const key of Object.keys(settings)) {
    if (KEYS.includes(key) || LENGTHS.includes(key)) continue;
    const nearest = nearestName(key, [...KEYS, ...LENGTHS]);
    throw new InputError(`${file}: ${key}: no such setting${nearest ? `, did you mean ${nearest}?` : ''}`);
  }
  if (settings.epochs !== undefined && settings.steps !== undefined) throw new InputError(`${file}: epochs and steps both say how long to train; give one`);
  return withLength(settings);
}

/** JSON is YAML as well. */
function parseSettings(text: string, file: string): Settings {
  let settings: unknown;
  try {
    const document = parseDocument(text, { logLevel: 'error' });
    const [error] = document.errors;
    if (error) throw error;
    // Aliases could make a short text a huge value.
    settings = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InputError(`${file}: not YAML or JSON (${yamlFailure(error)})`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) throw new InputError(`${file}: should hold settings, such as "width: 32"`);
  return settings as Settings;
}

/** The first line of what the parser reports. It recurses, so the depth that it can read has a limit. */
function yamlFailure(error: unknown): string {
  const [line] = String(error instanceof Error ? error.message : error).split('\n') as [string];
  return line.includes('call stack') ? 'it is nested too deeply' : line.replace(/:$/, '');
}

/** The options that say where settings come from. */
interface Origins extends Settings {
  readonly preset?: string | undefined;
  readonly config?: string | undefined;
  readonly initFrom?: string | undefined;
}

/**
 * Returns the configuration that options ask for, completed by the data's own format and the defaults.
 * @param onWarning receives a line if a setting of the other run loses something of the data
 * @throws {InputError} that says what is wrong where
 */
export async function resolveConfiguration(data: string, options: Origins, onWarning: (line: string) => void = () => undefined): Promise<Configuration> {
  const given: Layer = { settings: givenSettings(options), label: flagOf };
  const said = [...(await fileLayers(data, options.preset, options.config)), given];
  const layers = [...(await startLayer(merged(said).initFrom)), ...said];
  const label = (key: string, name = key) => layers.findLast((layer) => key in layer.settings)?.label(name) ?? flagOf(name);
  const configuration = await applyDefaults({ ...merged(layers), data }, label);
  if (configuration.initFrom !== undefined && !('channels' in merged(said))) {
    const warning = await colorWarning(data, configuration, configuration.initFrom);
    if (warning !== undefined) onWarning(warning);
  }
  return configuration;
}

/** Nobody asked for grayscale, and color that is lost shows only in the first images. */
async function colorWarning(data: string, { channels }: Configuration, from: string): Promise<string | undefined> {
  if (channels !== 1 || (await nativeFormat(data)).channels === 1) return undefined;
  return `warning: ${data} has RGB images, but the weights of ${from} are for grayscale: images are converted; --channels 1 accepts that, and color needs a new model without --init-from`;
}

const merged = (layers: readonly Layer[]): Settings => Object.assign({}, ...layers.map(({ settings }) => settings)) as Settings;

/** Of the run that training starts from everything but what belongs to that run alone. */
async function startLayer(from: unknown): Promise<Layer[]> {
  // What is no text is refused with the other settings.
  if (typeof from !== 'string') return [];
  const { data: _, initFrom: __, length: ___, seed: ____, ...settings } = (await readCheckpoint(from)).configuration;
  return [{ settings, label: (key) => `${from}: ${key}` }];
}
