/** Errors as a page may see them: without paths beyond the studio's folder. */
import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';
import { InputError } from '../errors.js';

/** Absolute paths of at least two parts. */
const ABSOLUTE = /(?<![\w.])(?:\/[^\s/:;,"'()]+){2,}\/?/gu;

/** Returns the message of an error that the user can fix, with paths relative to the folder; undefined for any other error. */
export function shownMessage(error: unknown, folder: string): string | undefined {
  return error instanceof InputError ? withoutPaths(error.message, folder) : undefined;
}

/** Makes the paths in a message relative to the folder; of paths beyond it, only the last name is left. */
export function withoutPaths(message: string, folder: string): string {
  // Those that are known may contain spaces.
  const known = [resolve(folder), process.cwd(), homedir()].filter((path) => path !== '/');
  return known
    .reduce((text, path) => text.replaceAll(`${path}/`, ''), message)
    .replace(ABSOLUTE, (path) => basename(path));
}
