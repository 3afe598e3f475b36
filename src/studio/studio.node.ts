/** The server of the studio: a page with the runs under a folder, and the API behind it. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { createAdaptorServer, upgradeWebSocket } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { except } from 'hono/combine';
import { HTTPException } from 'hono/http-exception';
import { WebSocketServer } from 'ws';
import { InputError, setting } from '../errors.js';
import { describeSystemError, makeFolder, wrapWriteErrors } from '../files/atomic.node.js';
import { FolderLock, holderOf } from '../runs/lock.node.js';
import { refuseInvalid, type Studio } from './routes/context.node.js';
import { addDataRoutes } from './routes/dataSets.node.js';
import { addRunRoutes } from './routes/runs.node.js';
import { addTrainingRoutes, argumentsOf } from './routes/trainings.node.js';
import { DataSets } from './dataSets.node.js';
import { STUDIO_FOLDER } from './ownFiles.node.js';
import { LiveUpdates } from './liveUpdates.node.js';
import { servePage } from './pageFiles.node.js';
import {
  type Access,
  createToken,
  hostInUrl,
  isLoopback,
  pageHeaders,
  requireOwnPage,
  requireToken,
} from './protection.node.js';
import { RunLibrary } from './runLibrary.node.js';
import { type RunSummary } from './schemas.js';
import { isTraining } from './states.js';
import { shownProblem } from './shownErrors.node.js';
import { argumentsToResume } from './trainingForm.node.js';
import { TrainingQueue } from './trainingQueue.node.js';
import { VERSION } from '../version.node.js';

/** Bytes of a message of a page, larger ones of which end its connection, and of a request without files. */
const [MAX_MESSAGE, MAX_BODY] = [10_000, 256 * 2 ** 10];

export interface StudioOptions {
  /** The folder of the runs, created if it does not exist. */
  readonly folder: string;
  /** The address to listen on (default: 127.0.0.1). Any but those of loopback requires a token. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Trainings at a time; more wait in the queue. */
  readonly trainings: number;
  /** Data specs that runs can be started on, besides the data sets known by name. */
  readonly data?: readonly string[];
  /** The program and its first arguments, such as `node main.js`. */
  readonly program: readonly [string, ...string[]];
  /** Receives errors that are defects, with their stack. */
  readonly onFailure: (error: unknown) => void;
}

export interface RunningStudio {
  /** The address of the page. */
  readonly url: string;
  /** The same with the token, if there is one. */
  readonly urlWithToken: string;
  /** Runs that train, and trainings that wait. */
  readonly unfinished: () => Promise<readonly RunSummary[]>;
  /** Closes all connections. Trainings go on. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the studio.
 * @throws {InputError} if the folder is a run or cannot be used, or the address cannot be listened on
 */
export async function startStudio(options: StudioOptions): Promise<RunningStudio> {
  const { host = '127.0.0.1', port, onFailure } = options;
  if (host === '') throw new InputError(setting('host'), 'expected an address but got ""');
  const { studio, lock } = await openStudio(options);
  const access: Access = { host, port: () => portOf(server), token: isLoopback(host) ? undefined : createToken() };
  const app = createApp(studio, access, onFailure);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE });
  // The types of both packages differ in optional properties only.
  const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: sockets as never } }) as Server;
  try {
    await listen(server, host, port);
  } catch (error) {
    studio.live.close();
    await lock.release();
    throw error;
  }
  const url = `http://${hostInUrl(namedHost(host))}:${portOf(server)}/`;
  return {
    url,
    urlWithToken: access.token === undefined ? url : `${url}?token=${access.token}`,
    unfinished: async () => {
      await studio.live.update();
      return studio.live.summaries.filter(({ state }) => isTraining(state) || state === 'queued');
    },
    close: async () => {
      studio.live.close();
      const closed = once(server, 'close');
      server.close();
      sockets.close();
      // Keep-alive connections and downloads would hold it open.
      server.closeAllConnections();
      await closed;
      await lock.release();
    },
  };
}

/** @throws {InputError} if the folder is a run, cannot be written, or another studio serves it */
async function openStudio(options: StudioOptions): Promise<{ readonly studio: Studio; readonly lock: FolderLock }> {
  const { folder, data = [], program, onFailure } = options;
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
    const library = new RunLibrary(resolve(folder));
    const dataSets = new DataSets({ folder, program, given: data });
    const queue = await openQueue(options, library, dataSets);
    const live = new LiveUpdates(library, queue, onFailure);
    await library.refresh();
    return { studio: { folder, library, queue, live, dataSets, program }, lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function openQueue(
  { folder, trainings, program }: StudioOptions,
  library: RunLibrary,
  dataSets: DataSets,
): Promise<TrainingQueue> {
  return TrainingQueue.open({
    folder,
    program,
    argumentsOf: async (training) =>
      training.kind === 'resumed'
        ? argumentsToResume(folder, training.run, training.extension)
        : argumentsOf({ folder, library, dataSets }, training.request),
    limit: trainings,
    stateOf: (id) => library.summaryOf(id)?.state,
    countTraining: () => library.summaries.filter(({ state }) => isTraining(state)).length,
  });
}

/** Returns the routes, each behind the same protection. */
function createApp(studio: Studio, access: Access, onFailure: (error: unknown) => void): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: refuseInvalid });
  app.use(pageHeaders(), requireOwnPage(access), requireToken(access));
  const limit = bodyLimit({
    maxSize: MAX_BODY,
    onError: (context) => context.json({ message: 'the request is too large' }, 413),
  });
  // Uploads have a limit of their own.
  app.use('/api/*', except('/api/data/*', limit));
  app.use('/api/*', async (context, next) => {
    await next();
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store');
  });
  app.get(
    '/api/live',
    upgradeWebSocket(() => studio.live.connect()),
  );
  for (const addRoutes of [addDataRoutes, addTrainingRoutes, addRunRoutes]) addRoutes(app, studio);
  app.doc31('/api/openapi.json', { openapi: '3.1.0', info: { title: 'agenet studio', version: VERSION } });
  app.use(servePage());
  app.notFound((context) => context.json({ message: 'not found' }, 404));
  app.onError((error, context) => {
    if (error instanceof HTTPException)
      return context.json({ message: error.message || 'the request is invalid' }, error.status);
    const problem = shownProblem(error, studio.folder);
    if (problem !== undefined) return context.json(problem, 422);
    onFailure(error);
    return context.json({ message: 'internal error; see the terminal of the studio' }, 500);
  });
  return app;
}

/** A name for an address: the one of this machine if it listens on all of them. */
const namedHost = (host: string): string =>
  host === '127.0.0.1' ? 'localhost' : host === '0.0.0.0' || host === '::' ? hostname() : host;

/** The port that a server listens on, which the system chose if 0 was requested. */
function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** @throws {InputError} if the address is in use or not one of this machine */
async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new InputError(setting('port'), `${port} is in use`, 'choose another, or 0 for any');
    throw new InputError(setting('host'), `cannot listen on ${host} (${describeSystemError(error)})`);
  }
}
