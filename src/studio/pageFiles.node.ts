/** The files of the page, by the names in its build: no path of a request reaches the file system. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MiddlewareHandler } from 'hono';
import { InputError } from '../errors.js';

const PAGE = fileURLToPath(new URL('../../dist/pages/studio/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

/**
 * Serves the page. Names in `assets` contain a hash of their contents.
 * @throws {InputError} if the page was not built
 */
export function servePage(): MiddlewareHandler {
  const files = new Map(filesUnder(PAGE).map((file) => [`/${relative(PAGE, file).split(sep).join('/')}`, file]));
  if (!files.has('/index.html')) throw new InputError('page of the studio', 'not found', 'run npm run build');
  return async (context, next) => {
    const path = context.req.path === '/' ? '/index.html' : context.req.path;
    const file = files.get(path);
    if (file === undefined || !['GET', 'HEAD'].includes(context.req.method)) return next();
    context.header('cache-control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    return context.body(new Uint8Array(await readFile(file)), 200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    });
  };
}

function filesUnder(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
