/** The studio accepts requests with its token, to one of its names, and from its own page. */
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
import { STUDIO_FOLDER } from './paths.node.js';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Only its owner can read the file. */
const TOKEN_FILE = `${STUDIO_FOLDER}/token`;
/** Permissions of other accounts. */
const OTHERS = 0o077;

/** Reuses a stored token, so that open pages survive a restart. */
export async function openToken(folder: OwnFolder) {
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

export const hostInUrl = (host: string) => (host.includes(':') ? `[${host}]` : host);

export interface Access {
  host: string;
  /** Names of proxies. */
  allowedHosts: readonly string[];
}

/** A page sends an unknown `Host` if its own name points here (DNS rebinding). Tunnels and proxies have any port. */
export function requireOwnPage({ host, allowedHosts }: Access): MiddlewareHandler {
  const own = LOOPBACK.includes(host) ? LOOPBACK : [...LOOPBACK, host, hostname(), ...interfaceAddresses()];
  const named = (names: readonly string[]) => new Set(names.map((name) => hostInUrl(name).toLowerCase()));
  const [known, proxied] = [named([...own, ...allowedHosts]), named(allowedHosts)];
  return async (context, next) => {
    const given = (context.req.header('host') ?? '').toLowerCase();
    const name = given.replace(/:\d+$/u, '');
    if (!known.has(name)) return context.json({ message: 'unknown host; start the studio with --allow-host' }, 421);
    const { origin, 'sec-fetch-site': site = 'none' } = context.req.header();
    // Only a proxy serves the studio over HTTPS.
    const isOwn = origin === `http://${given}` || (origin === `https://${given}` && proxied.has(name));
    const isForeign = site !== 'same-origin' && site !== 'none';
    // Other sites may link to the page.
    if ((origin !== undefined && !isOwn) || (isForeign && context.req.path.startsWith('/api/')))
      return context.json({ message: 'cross-site request rejected' }, 403);
    await next();
  };
}

const interfaceAddresses = () =>
  Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));

/** A cookie takes the place of `?token=` in the printed URL. */
export function requireToken(token: string): MiddlewareHandler {
  return async (context, next) => {
    // Cookies ignore ports, and two tunnels may lead to two studios.
    const cookie = `agenet_studio_${/:(\d+)$/u.exec(context.req.header('host') ?? '')?.[1] ?? ''}`;
    const given = context.req.query('token');
    if (given !== undefined && context.req.path === '/' && (await timingSafeEqual(given, token))) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      // After a link of another site, a redirect would not send the cookie.
      return context.html(html`<meta http-equiv="refresh" content="0;url=/" />`);
    }
    const bearer = /^Bearer (.+)$/u.exec(context.req.header('authorization') ?? '')?.[1];
    if (await timingSafeEqual(getCookie(context, cookie) ?? bearer ?? '', token)) return next();
    const message = 'open the URL that the studio printed, which contains its token';
    return context.req.path.startsWith('/api/') ? context.json({ message }, 401) : context.text(message, 401);
  };
}

/** No other sites and no frames; `crossOrigin` headers give ONNX Runtime threads. */
export const pageHeaders = () =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'blob:', 'data:'],
      fontSrc: ["'self'"],
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
    // It would also apply to other servers of this host.
    strictTransportSecurity: false,
  });
