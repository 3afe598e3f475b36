import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';

/** In the studio's folder: its own files, and uploaded data sets. */
export const [STUDIO_FOLDER, UPLOADS] = ['.studio', 'uploads'];

/** Absolute paths of at least two parts. */
const ABSOLUTE = /(?<![\w.])(?:\/[^\s/:;,"'()]+){2,}\/?/gu;
/** Levels of a damaged or foreign file that a page receives. */
const MAX_LEVELS = 20;

/** Makes paths in all strings relative to the folder, or cuts them to their last name. */
export function withoutPaths<T>(value: T, folder: string, levels = MAX_LEVELS): T {
  const shown = (part: unknown): unknown => withoutPaths(part, folder, levels - 1);
  if (typeof value === 'string') return shorten(value, folder) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…' as T;
  if (Array.isArray(value)) return value.map(shown) as T;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part)])) as T;
}

function shorten(text: string, folder: string) {
  // Known paths may contain spaces.
  const known = [resolve(folder), process.cwd(), homedir()].filter((path) => path !== '/');
  return known
    .reduce((shorter, path) => shorter.replaceAll(`${path}/`, ''), text)
    .replace(ABSOLUTE, (path) => basename(path));
}
