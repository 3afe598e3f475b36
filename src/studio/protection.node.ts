/** Limits who may use the studio: requests with its token, to one of its names, and from its own page. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { html } from 'hono/html';
import { secureHeaders } from 'hono/secure-headers';
import { timingSafeEqual } from 'hono/utils/buffer';
import { wrapWriteErrors } from '../files/atomic.node.js';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { STUDIO_FOLDER } from './folders.js';

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/**
 * Returns the token of earlier studios of this folder, so that open pages survive a restart, or a new one of 256 random bits. Only its owner
 * can read the file.
 */
export async function openToken(folder: OwnFolder): Promise<string> {
  const stored = await folder.open(TOKEN_FILE).catch(() => undefined);
  if (stored) {
    const { uid, mode } = await stored.file.stat();
    const text = await stored.file.readFile('utf8').finally(() => stored.file.close());
    if (uid === process.getuid?.() && (mode & OTHERS) === 0 && /^[\w-]{43}$/u.test(text)) return text;
  }
  const token = randomBytes(32).toString('base64url');
  await folder.remove(TOKEN_FILE);
  const path = join(folder.path, TOKEN_FILE);
  await wrapWriteErrors(path, () => writeFile(path, token, { mode: 0o600, flag: 'wx' }));
  return token;
}

const TOKEN_FILE = `${STUDIO_FOLDER}/token`;
/** Permissions of other accounts. */
const OTHERS = 0o077;

/** URLs have IPv6 addresses in brackets. */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export interface Access {
  /** The address that the server listens on. */
  readonly host: string;
  /** Further names by which the server is reached, such as the name of a proxy. */
  readonly allowedHosts: readonly string[];
  /** Required of every request, in a cookie or as a bearer token. */
  readonly token: string;
}

/**
 * Rejects cross-site requests, and requests with an unknown `Host`, which a page sends if its own name points here (DNS rebinding). Tunnels and
 * proxies have ports of their own, so it accepts any.
 */
export function requireOwnPage({ host, allowedHosts }: Access): MiddlewareHandler {
  const own = LOOPBACK.includes(host) ? LOOPBACK : [...LOOPBACK, host, hostname(), ...interfaceAddresses()];
  const named = (names: readonly string[]) => new Set(names.map((name) => hostInUrl(name).toLowerCase()));
  const [known, proxied] = [named([...own, ...allowedHosts]), named(allowedHosts)];
  return async (context, next) => {
    const given = (context.req.header('host') ?? '').toLowerCase();
    const name = given.replace(/:\d+$/u, '');
    if (!known.has(name)) return context.json({ message: 'unknown host; start the studio with --allow-host' }, 421);
    const { origin, site } = { origin: context.req.header('origin'), site: context.req.header('sec-fetch-site') };
    // Only a proxy serves the studio over HTTPS.
    const origins = [`http://${given}`, ...(proxied.has(name) ? [`https://${given}`] : [])];
    const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
    // A link of another site may lead to the page.
    if ((origin !== undefined && !origins.includes(origin)) || (isForeign && context.req.path.startsWith('/api/')))
      return context.json({ message: 'cross-site request rejected' }, 403);
    await next();
  };
}

const interfaceAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));

/** Requires the token. The printed URL has it as `?token=`; a cookie takes its place, so that further addresses do not contain it. */
export function requireToken({ token }: Access): MiddlewareHandler {
  return async (context, next) => {
    // Cookies do not distinguish ports, and two tunnels may lead to two studios.
    const cookie = `agenet_studio_${/:(\d+)$/u.exec(context.req.header('host') ?? '')?.[1] ?? ''}`;
    const given = context.req.query('token');
    if (given !== undefined && context.req.path === '/' && (await timingSafeEqual(given, token))) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      // Not a redirect: after a link of another site, the browser would not send the cookie.
      return context.html(html`<meta http-equiv="refresh" content="0;url=/" />`);
    }
    const bearer = /^Bearer (.+)$/u.exec(context.req.header('authorization') ?? '')?.[1];
    if (await timingSafeEqual(getCookie(context, cookie) ?? bearer ?? '', token)) return next();
    const message = 'open the URL that the studio printed, which contains its token';
    return context.req.path.startsWith('/api/') ? context.json({ message }, 401) : context.text(message, 401);
  };
}

/** Headers of every answer: the page loads nothing from elsewhere, is in no frame, and has threads for ONNX Runtime. */
export const pageHeaders = (): MiddlewareHandler =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'blob:', 'data:'],
      connectSrc: ["'self'"],
      workerSrc: ["'self'", 'blob:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    crossOriginOpenerPolicy: 'same-origin',
    crossOriginEmbedderPolicy: 'require-corp',
    crossOriginResourcePolicy: 'same-origin',
    referrerPolicy: 'no-referrer',
    xFrameOptions: 'DENY',
    // It would concern other servers of this host as well.
    strictTransportSecurity: false,
  });
