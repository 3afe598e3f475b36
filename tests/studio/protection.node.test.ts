import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { temporaryFolder } from '../temporaryFolder.js';
import { makeRun, openStudio } from './openStudio.js';

describe('requests from elsewhere', () => {
  it('are refused if they reach the server by another name', async () => {
    const { send, url } = await openStudio();
    for (const host of [
      'evil.example',
      `evil.example:${url.port}`,
      'localhost.evil.example',
      `127.0.0.1.evil.example:${url.port}`,
    ])
      expect((await send('/api/runs', { headers: { host } })).status, host).not.toBe(200);
    // A tunnel has a port of its own.
    for (const host of [`localhost:${url.port}`, '127.0.0.1:7000', `[::1]:${url.port}`, `LOCALHOST:${url.port}`])
      expect((await send('/api/runs', { headers: { host } })).status, host).toBe(200);
  });

  it('are refused if another site makes them', async () => {
    const { send, url } = await openStudio();
    const statusOf = async (headers: Record<string, string>, path = '/api/runs') =>
      (await send(path, { headers })).status;
    expect(await statusOf({ origin: 'http://evil.example' })).toBe(403);
    expect(await statusOf({ origin: 'null' })).toBe(403);
    expect(await statusOf({ origin: `https://localhost:${url.port}` })).toBe(403);
    expect(await statusOf({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await statusOf({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await statusOf({ origin: `http://localhost:${url.port}`, 'sec-fetch-site': 'same-origin' })).toBe(200);
    // A link may lead to the page.
    expect(await statusOf({ 'sec-fetch-site': 'cross-site' }, '/')).toBe(200);
  });

  it('cannot open a live connection', async () => {
    const { url, token } = await openStudio();
    const open = (origin: string, bearer = token) =>
      new Promise<string>((resolve) => {
        const headers = { authorization: `Bearer ${bearer}` };
        const socket = new WebSocket(`ws://localhost:${url.port}/api/live`, { origin, headers });
        socket.on('open', () => resolve('open')).on('error', () => resolve('refused'));
      });
    expect(await open('http://evil.example')).toBe('refused');
    expect(await open(`http://localhost:${url.port}`, 'wrong')).toBe('refused');
    expect(await open(`http://localhost:${url.port}`)).toBe('open');
  });

  it('get no permission to read answers', async () => {
    const { send } = await openStudio();
    const { headers } = await send('/api/runs', { method: 'OPTIONS' });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('every answer', () => {
  it.each(['/', '/api/runs', '/api/runs/none', '/nothing'])(
    'to %s has the headers that confine the page',
    async (path) => {
      const { headers } = await (await openStudio()).send(path);
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';.*frame-ancestors 'none'$/u,
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
    },
  );
});

describe('a studio', () => {
  it.each(['127.0.0.1', '127.0.0.2'])('at %s requires its token, in a cookie or as a bearer', async (host) => {
    const { send: sendWithToken, token } = await openStudio({ host });
    const send = (path: string, headers: Record<string, string> = {}) =>
      sendWithToken(path, { headers: { authorization: '', ...headers } });
    expect(token.length).toBeGreaterThanOrEqual(43);
    for (const path of ['/api/runs', '/api/live', '/', '/index.html', '/?token=wrong'])
      expect((await send(path)).status, path).toBe(401);
    // The browser opens the page itself: it would not send the cookie after a redirect from another site.
    const first = await send(`/?token=${token}`);
    expect(first).toMatchObject({ status: 200, text: '<meta http-equiv="refresh" content="0;url=/" />' });
    const cookie = String(first.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly/u);
    expect(cookie).toMatch(/SameSite=Strict/u);
    expect((await send('/api/runs', { cookie: cookie.split(';')[0]! })).status).toBe(200);
    expect((await send('/', { cookie: cookie.split(';')[0]! })).text).toContain('<html');
    expect((await send('/api/runs', { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await send('/api/runs', { authorization: `Bearer ${token}x` })).status).toBe(401);
    expect((await send(`/api/runs?token=${token}`)).status).toBe(401);
  });

  it('keeps its token for the pages that are open, unless others could read it', async () => {
    const first = await openStudio();
    await first.close();
    const second = await openStudio({ folder: first.folder });
    expect(second.token).toBe(first.token);
    await second.close();
    const file = join(first.folder, '.studio', 'token');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o640);
    const third = await openStudio({ folder: first.folder });
    expect(third.token).not.toBe(first.token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is reached by further names if they are allowed, also over HTTPS', async () => {
    const { send } = await openStudio({ allowedHosts: ['lab.example'] });
    const statusOf = async (host: string, origin: string) =>
      (await send('/api/runs', { headers: { host, origin } })).status;
    expect(await statusOf('lab.example', 'https://lab.example')).toBe(200);
    expect(await statusOf('lab.example:8443', 'https://lab.example:8443')).toBe(200);
    expect(await statusOf('lab.example', 'https://evil.example')).toBe(403);
    expect(await statusOf('other.example', 'https://other.example')).toBe(421);
  });
});

describe('no path of a request', () => {
  const SECRET = 'not for readers';
  /** A folder with a run, a file beside the folder, and links to it. */
  async function withSecret() {
    const around = temporaryFolder();
    const folder = join(around, 'runs');
    mkdirSync(folder);
    writeFileSync(join(around, 'secret.png'), SECRET);
    const run = await makeRun(join(folder, 'tiny'));
    mkdirSync(join(run, 'samples'), { recursive: true });
    symlinkSync(join(around, 'secret.png'), join(run, 'samples', '000007.png'));
    symlinkSync('/dev/zero', join(run, 'samples', '000008.png'));
    mkdirSync(join(around, 'elsewhere'));
    writeFileSync(join(around, 'elsewhere', '000009.npy'), SECRET);
    rmSync(join(run, 'codes'), { recursive: true });
    symlinkSync(join(around, 'elsewhere'), join(run, 'codes'));
    await makeRun(join(around, 'other'));
    symlinkSync(join(around, 'other'), join(folder, 'linked'));
    return openStudio({ folder });
  }

  it('leaves the folder', async () => {
    const { send } = await withSecret();
    const escapes = [
      '..%2fsecret.png',
      '%2e%2e%2fother',
      '..%5cother',
      '%2fetc%2fpasswd',
      'tiny%2f..%2f..%2fother',
      'linked',
      'tiny%00',
      'CON',
      '%ff',
    ];
    for (const run of escapes) {
      for (const path of ['', '/curves', '/samples/7', '/checkpoints/3', '/data/images']) {
        const answer = await send(`/api/runs/${run}${path}`);
        expect([400, 404], `${run}${path}`).toContain(answer.status);
      }
    }
    for (const path of [
      '/../package.json',
      '/assets/../../../package.json',
      '/%2e%2e/%2e%2e/package.json',
      '/..%2f..%2fpackage.json',
      '//etc/passwd',
      '/index.html%00.js',
    ])
      expect((await send(path)).status, path).toBe(404);
  });

  it('follows a link, opens a device, or names another file of a run', async () => {
    const { send } = await withSecret();
    for (const path of [
      'samples/7',
      'samples/8',
      'codes/9',
      'samples/..%2fconfig.json',
      'samples/-1',
      'samples/1.5',
      'config.json/1',
      'checkpoints/3%00',
    ]) {
      const answer = await send(`/api/runs/tiny/${path}`);
      expect([400, 404], path).toContain(answer.status);
      expect(answer.text).not.toContain(SECRET);
    }
    expect((await send('/api/runs/tiny/checkpoints/3')).status).toBe(200);
  });

  it('reads or writes through a folder that a link has replaced since the last refresh', async () => {
    const { folder, send, post, failures } = await withSecret();
    expect((await send('/api/runs/tiny')).status).toBe(200);
    const [run, outside] = [join(folder, 'tiny'), join(folder, '..', 'moved')];
    cpSync(run, outside, { recursive: true });
    writeFileSync(join(outside, 'samples', '000003.png'), SECRET);
    rmSync(run, { recursive: true });
    symlinkSync(outside, run);
    for (const path of ['', '/curves', '/samples/3', '/checkpoints/3', '/data', '/data/images'])
      expect((await send(`/api/runs/tiny${path}`)).status, path).toBe(404);
    expect((await send('/api/runs/tiny/tags/x', { method: 'PUT' })).status).toBe(404);
    expect((await send('/api/runs/tiny', { method: 'DELETE' })).status).toBe(404);
    expect((await post('/api/runs/tiny/steering', { action: 'pause' })).status).toBe(404);
    expect((await post('/api/runs/tiny/resume', {})).status).toBe(404);
    const fork = { name: 'a', data: 'mnist', fork: { run: 'tiny', step: 3 } };
    expect((await post('/api/queue', fork)).status).toBe(422);
    expect(existsSync(join(outside, 'tags.json'))).toBe(false);
    expect(failures).toEqual([]);
  });

  it('opens data that the studio does not offer, even if a configuration names it', async () => {
    const { folder, send, failures } = await withSecret();
    const file = join(folder, 'tiny', 'config.json');
    const configuration = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(join(folder, '..', 'elsewhere', 'image.png'), SECRET);
    for (const data of ['/etc', join(folder, '..', 'elsewhere'), `folder:${join(folder, '..')}`, 'npz:/etc/passwd']) {
      writeFileSync(file, JSON.stringify({ ...configuration, data }));
      const answer = await send('/api/runs/tiny/data');
      expect(answer.status, data).toBe(422);
      expect(answer.text).toContain('is not offered by this studio');
      expect(answer.text).not.toMatch(/image\.png|tmp|etc\//u);
    }
    // Settings of other kinds, at any depth.
    for (const damaged of [{ network: {}, width: [], data: 5, length: 7 }, { data: { x: '/etc/passwd/x' } }, []]) {
      writeFileSync(file, JSON.stringify(damaged));
      const [list, detail] = [await send('/api/runs'), await send('/api/runs/tiny')];
      expect([list.status, detail.status, (await send('/api/runs/tiny/data')).status]).toEqual([200, 200, 422]);
      expect(list.text + detail.text).not.toMatch(/\[object|\/etc/u);
    }
    expect(failures).toEqual([]);
  });

  it('lists a run behind a link', async () => {
    const { send } = await withSecret();
    expect(((await send('/api/runs')).json as { id: string }[]).map(({ id }) => id)).toEqual(['tiny']);
  });
});
