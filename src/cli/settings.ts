import { resolveSettings, type Settings, SETTINGS_KEYS } from '../runs/settings.node.js';
import type { Configuration } from '../training/configuration.js';

/** Returns the flag of a setting, for messages: `--encoder-updates` for `encoderUpdates`. */
export const flagOf = (key: string, name = key): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Returns the settings among the options of a command. */
export const givenSettings = (options: Readonly<Record<string, unknown>>): Settings =>
  Object.fromEntries(Object.entries(options).filter(([key, value]) => SETTINGS_KEYS.includes(key) && value !== undefined));

/** Resolves the options of a command into a configuration. */
export const resolveConfiguration = (data: string, options: Readonly<Record<string, unknown>>): Promise<Configuration> =>
  resolveSettings({ ...givenSettings(options), data }, flagOf);
