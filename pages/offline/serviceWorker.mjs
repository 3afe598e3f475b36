/** The service worker of a folder of static files. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const SCRIPT = readFileSync(new URL('offline.js', import.meta.url), 'utf8');

/**
 * Returns the script of a service worker that keeps files.
 * @param addresses of the files, relative to the script
 * @param contents of all files of the build, which make the version
 */
export function serviceWorkerOf(addresses, contents) {
  const hash = createHash('sha256');
  for (const [name, content] of contents) hash.update(name).update(content);
  return `const VERSION = '${hash.digest('hex').slice(0, 16)}';\nconst FILES = ${JSON.stringify([...addresses].sort())};\n${SCRIPT}`;
}
