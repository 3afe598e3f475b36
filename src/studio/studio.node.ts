import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer, upgradeWebSocket } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { except } from 'hono/combine';
import { HTTPException } from 'hono/http-exception';
import { WebSocketServer } from 'ws';
import { InputError, messageOf, setting } from '../errors.js';
import { describeSystemError, makeFolder, wrapWriteErrors } from '../files/atomic.node.js';
import { FolderLock, holderOf } from '../runs/lock.node.js';
import { OwnFolder } from '../runs/ownFolder.node.js';
import { VERSION } from '../version.node.js';
import { DataSets } from './dataSets.node.js';
import { LiveUpdates } from './liveUpdates.node.js';
import { STUDIO_FOLDER, withoutPaths } from './paths.node.js';
import { type Access, openToken, hostInUrl, pageHeaders, requireOwnPage, requireToken } from './protection.node.js';
import { refuseInvalid, requireRun, type Studio } from './routes/context.node.js';
import { addDataRoutes } from './routes/dataSets.node.js';
import { addQueueRoutes, argumentsOf } from './routes/queue.node.js';
import { addChangeRoutes, addRecordRoutes } from './routes/runs.node.js';
import { RunLibrary } from './runLibrary.node.js';
import { RunQueue } from './runQueue.node.js';
import { isTraining } from './states.js';
import { argumentsToResume, problemOf } from './trainingForm.node.js';

/** Bytes of a message from a page, and of a request without files. */
const [MAX_MESSAGE, MAX_BODY] = [10_000, 256 * 2 ** 10];
const PAGE = fileURLToPath(new URL('../../dist/pages/studio/', import.meta.url));
/** File names contain a hash of the contents. */
const ASSETS = join(PAGE, 'assets');

export interface StudioOptions extends Pick<Studio, 'folder' | 'program'>, Partial<Access> {
  /** 0 for any free port. */
  port: number;
  parallel: number;
  data?: readonly string[];
  /** Receives defects. */
  onFailure: (error: unknown) => void;
}

export type RunningStudio = Awaited<ReturnType<typeof startStudio>>;

/** @throws {InputError} if the folder is a run or cannot be used, or the address cannot be listened on */
export async function startStudio(options: StudioOptions) {
  const { host = '127.0.0.1', allowedHosts = [], port, onFailure } = options;
  if (host === '') throw new InputError(setting('host'), 'expected an address but got ""');
  const { studio, token, lock } = await openStudio(options);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE });
  let server: Server;
  try {
    const app = createApp(studio, { host, allowedHosts }, token, onFailure);
    // The types of both packages differ in optional properties only.
    server = createAdaptorServer({ fetch: app.fetch, websocket: { server: sockets as never } }) as Server;
    await listen(server, host, port);
  } catch (error) {
    studio.live.close();
    await lock.release();
    throw error;
  }
  const url = `http://${hostInUrl(namedHost(host))}:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    urlWithToken: `${url}?token=${token}`,
    unfinished: async () => {
      await studio.live.update();
      return studio.live.summaries.filter(({ state }) => isTraining(state) || state === 'queued');
    },
    /** Runs continue to train. */
    close: async () => {
      studio.live.close();
      const closed = once(server, 'close');
      server.close();
      sockets.close();
      // Keep-alive connections and downloads hold it open.
      server.closeAllConnections();
      await closed;
      await lock.release();
    },
  };
}

async function openStudio({ folder, data = [], program, parallel, onFailure }: StudioOptions) {
  const own = join(folder, STUDIO_FOLDER);
  if ((await stat(join(folder, 'config.json')).catch(() => undefined)) !== undefined)
    throw new InputError(folder, 'is a run', 'name the folder that contains it');
  await wrapWriteErrors(folder, () => makeFolder(own));
  const other = await holderOf(own);
  if (other)
    throw new InputError(
      folder,
      `process ${other.pid} on ${other.host} is a studio of this folder already`,
      'use it, or end it first',
    );
  const lock = await FolderLock.take(own);
  try {
    await removeTemporary(own);
    const root = await OwnFolder.at(folder);
    const token = await openToken(root);
    const dataSets = new DataSets(root, program, data);
    const library = new RunLibrary(root, (summary) => ({
      ...withoutPaths(summary, folder),
      data: dataSets.nameOf(summary.data),
    }));
    await library.refresh();
    const queue = await RunQueue.open({
      folder: root,
      program,
      argumentsOf: async (queued) => {
        const parts = { folder, library, dataSets };
        if (queued.kind === 'new') return argumentsOf(parts, queued.request);
        await requireRun(parts, queued.run);
        return argumentsToResume(folder, queued.run, queued.extension);
      },
      limit: parallel,
      stateOf: (id) => library.summaryOf(id)?.state,
      countTraining: () => library.summaries.filter(({ state }) => isTraining(state)).length,
      describe: (error) =>
        withoutPaths(error instanceof InputError ? problemOf(error).message : messageOf(error), folder),
    });
    const live = new LiveUpdates(library, queue, onFailure);
    return { studio: { folder, library, queue, live, dataSets, program }, token, lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function removeTemporary(folder: string) {
  for (const name of await readdir(folder))
    if (/^(?:upload|deleted|preview)-/u.test(name))
      await wrapWriteErrors(join(STUDIO_FOLDER, name), () => rm(join(folder, name), { recursive: true, force: true }));
}

function createApp(studio: Studio, access: Access, token: string, onFailure: StudioOptions['onFailure']) {
  if (!existsSync(join(PAGE, 'index.html')))
    throw new InputError('page of the studio', 'not found', 'run npm run build');
  const app = new OpenAPIHono({ defaultHook: refuseInvalid });
  app.use(pageHeaders(), requireOwnPage(access), requireToken(token));
  const limit = bodyLimit({
    maxSize: MAX_BODY,
    onError: (context) => context.json({ message: 'the request is too large' }, 413),
  });
  // Uploads have their own limit.
  app.use('/api/*', except('/api/data/*', limit));
  app.use('/api/*', async (context, next) => {
    await next();
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store');
  });
  app.get(
    '/api/live',
    upgradeWebSocket(() => studio.live.connect()),
  );
  for (const addRoutes of [addDataRoutes, addQueueRoutes, addRecordRoutes, addChangeRoutes]) addRoutes(app, studio);
  app.doc31('/api/openapi.json', { openapi: '3.1.0', info: { title: 'agenet studio', version: VERSION } });
  app.get(
    '/*',
    serveStatic({
      root: PAGE,
      onFound: (path, context) =>
        context.header('cache-control', path.startsWith(ASSETS) ? 'public, max-age=31536000, immutable' : 'no-cache'),
    }),
  );
  app.notFound((context) => context.json({ message: 'not found' }, 404));
  app.onError((error, context) => {
    if (error instanceof HTTPException)
      return context.json({ message: error.message || 'the request is invalid' }, error.status);
    if (error instanceof InputError) return context.json(withoutPaths(problemOf(error), studio.folder), 422);
    onFailure(error);
    return context.json({ message: 'internal error; see the terminal of the studio' }, 500);
  });
  return app;
}

const namedHost = (host: string) =>
  host === '127.0.0.1' ? 'localhost' : host === '0.0.0.0' || host === '::' ? hostname() : host;

async function listen(server: Server, host: string, port: number) {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new InputError(setting('port'), `${port} is in use`, 'choose another, or 0 for any');
    throw new InputError(setting('host'), `cannot listen on ${host} (${describeSystemError(error)})`);
  }
}
