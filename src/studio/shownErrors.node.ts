/** Errors as a page may see them: without paths beyond the studio's folder. */
import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';
import { InputError } from '../errors.js';
import type { Problem } from './schemas.js';
import { problemOf } from './trainingForm.node.js';

/** Absolute paths of at least two parts. */
const ABSOLUTE = /(?<![\w.])(?:\/[^\s/:;,"'()]+){2,}\/?/gu;

/** Returns the problem that an error of the user describes, with paths relative to the folder; undefined for any other error. */
export function shownProblem(error: unknown, folder: string): Problem | undefined {
  if (!(error instanceof InputError)) return undefined;
  const { message, fields } = problemOf(error);
  const shown = Object.entries(fields).map(([name, problem]) => [name, withoutPaths(problem, folder)]);
  return { message: withoutPaths(message, folder), fields: Object.fromEntries(shown) as Record<string, string> };
}

/** Makes the paths in a message relative to the folder; of paths beyond it, only the last name is left. */
export function withoutPaths(message: string, folder: string): string {
  // Those that are known may contain spaces.
  const known = [resolve(folder), process.cwd(), homedir()].filter((path) => path !== '/');
  return known
    .reduce((text, path) => text.replaceAll(`${path}/`, ''), message)
    .replace(ABSOLUTE, (path) => basename(path));
}
