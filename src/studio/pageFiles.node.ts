/** The files of the page. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import type { MiddlewareHandler } from 'hono';
import { InputError } from '../errors.js';

const PAGE = fileURLToPath(new URL('../../dist/pages/studio/', import.meta.url));
/** Names of files there contain a hash of their contents. */
const ASSETS = join(PAGE, 'assets');

/**
 * Serves the page.
 * @throws {InputError} if the page was not built
 */
export function servePage(): MiddlewareHandler {
  if (!existsSync(join(PAGE, 'index.html')))
    throw new InputError('page of the studio', 'not found', 'run npm run build');
  return serveStatic({
    root: PAGE,
    onFound: (path, context) =>
      context.header('cache-control', path.startsWith(ASSETS) ? 'public, max-age=31536000, immutable' : 'no-cache'),
  });
}
