/** Who may use the studio: requests to its own address, from its own page, and with its token if the address is not that of this machine alone. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import type { MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { secureHeaders } from 'hono/secure-headers';

const HTTP_PORT = 80;
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** Whether an address is reached from this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.includes(host);

/** Returns a new token of 256 random bits. */
export const createToken = (): string => randomBytes(32).toString('base64url');

/** The name or address in a URL: IPv6 addresses are in brackets there. */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export interface Access {
  /** The address that the server listens on. */
  readonly host: string;
  /** Read after the server listens. */
  readonly port: () => number;
  /** Required of every request, in a cookie or as a bearer token; undefined on loopback. */
  readonly token: string | undefined;
}

/**
 * Refuses requests whose `Host` is not an address of this server, which a page gets through a name that it lets point here (DNS rebinding), and
 * requests that a page of another site has made.
 */
export function requireOwnPage({ host, port }: Access): MiddlewareHandler {
  const names = new Set(
    [...LOOPBACK, ...(isLoopback(host) ? [] : [host, hostname(), ...interfaceAddresses()])].map((name) =>
      hostInUrl(name).toLowerCase(),
    ),
  );
  return async (context, next) => {
    const given = (context.req.header('host') ?? '').toLowerCase();
    const name = given.replace(/:\d+$/u, '');
    // Browsers leave out the port of the protocol.
    const isPort = given === `${name}:${port()}` || (port() === HTTP_PORT && given === name);
    if (!names.has(name) || !isPort) return context.json({ message: 'this server is not reached by this name' }, 421);
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${given}`)
      return context.json({ message: 'requests of other sites are refused' }, 403);
    const site = context.req.header('sec-fetch-site');
    const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
    // A link of another site may lead to the page.
    if (isForeign && context.req.path.startsWith('/api/'))
      return context.json({ message: 'requests of other sites are refused' }, 403);
    await next();
  };
}

const interfaceAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));

/** Requires the token, if there is one. The printed URL has it as `?token=`; a cookie takes its place, so that it is not in further addresses. */
export function requireToken({ port, token }: Access): MiddlewareHandler {
  return async (context, next) => {
    if (token === undefined) return next();
    const cookie = `agenet_studio_${port()}`;
    const given = context.req.query('token');
    if (given !== undefined && context.req.path === '/' && isSame(given, token)) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      return context.redirect('/');
    }
    const bearer = /^Bearer (.+)$/u.exec(context.req.header('authorization') ?? '')?.[1];
    if (isSame(getCookie(context, cookie) ?? bearer ?? '', token)) return next();
    return context.json({ message: 'open the URL that the server printed, which contains its token' }, 401);
  };
}

/** Compares in constant time. Digests have one length. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** Headers of every response: the page loads nothing from elsewhere, is in no frame, and has threads for ONNX Runtime. */
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
