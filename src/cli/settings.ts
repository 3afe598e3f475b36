import { draftSettings, type Settings, settingKeys } from '../runs/settings.node.js';
import type { Configuration } from '../training/configuration.js';

/** Returns the flag of a setting, for messages: `--encoder-updates` for `encoderUpdates`. */
export const flagOf = (key: string, name = key): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Returns the settings among the options of a command. */
export async function givenSettings(options: Readonly<Record<string, unknown>>): Promise<Settings> {
  const keys = await settingKeys();
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => keys.includes(key) && value !== undefined));
}

/** Resolves the options of a command that trains on no particular data into a configuration with the image format of the given data. */
export const resolveConfiguration = async (data: string, options: Readonly<Record<string, unknown>>): Promise<Configuration> =>
  (await draftSettings({ ...(await givenSettings(options)), data }, flagOf)).draft;
