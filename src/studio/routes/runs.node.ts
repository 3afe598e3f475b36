/** Routes of runs: list, records, curves and files; tags, steering, resumption and deletion. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { InputError } from '../../errors.js';
import { betterDirection, metricNamed } from '../../metrics/registry.js';
import { readLatestEvaluation } from '../../runs/evaluationFile.node.js';
import type { OpenedFile } from '../../runs/ownFolder.node.js';
import { numbered } from '../../files/atomic.node.js';
import { RunFolder } from '../../runs/runFolder.node.js';
import { resumedConfiguration } from '../../runs/settings.node.js';
import { readSteering, requestSteering } from '../../runs/steering.node.js';
import { decimate } from '../decimation.js';
import type { KnownRun } from '../runLibrary.node.js';
import { inQueueAlready, type QueuedRun } from '../runQueue.node.js';
import { iterationsOf, readJournal, readStoredConfiguration } from '../runRecord.node.js';
import {
  curves,
  extension,
  listedRun,
  type ListedRun,
  runDetail,
  type RunDetail,
  STEERING_ACTIONS,
  type SteeringAction,
} from '../schemas.js';
import { withoutPaths } from '../shownPaths.node.js';
import { isTraining } from '../states.js';
import { shellCommand } from '../trainingForm.node.js';
import { type AddRoutes, answers, jsonBody, PROBLEMS, requireRun, runParams, type Studio } from './context.node.js';

const step = z.coerce.number().int().min(0);

const list = createRoute({
  method: 'get',
  path: '/api/runs',
  summary: 'All runs, including the queue',
  responses: { 200: answers(z.array(listedRun), 'Their summaries') },
});
const detail = createRoute({
  method: 'get',
  path: '/api/runs/{run}',
  summary: 'A run without its curves',
  request: { params: runParams },
  responses: { 200: answers(runDetail, 'The run'), ...PROBLEMS },
});
const curvesOf = createRoute({
  method: 'get',
  path: '/api/runs/{run}/curves',
  summary: 'Curves of the log; of a long one, the minimum, maximum and mean of each stretch',
  request: {
    params: runParams,
    query: z.object({
      points: z.coerce.number().int().min(2).max(5000).default(1000),
      from: step.optional(),
      to: step.optional(),
    }),
  },
  responses: { 200: answers(curves, 'Values by name'), ...PROBLEMS },
});
const file = createRoute({
  method: 'get',
  path: '/api/runs/{run}/{kind}/{step}',
  summary: 'An image grid, codes of test images (NumPy), or a checkpoint (safetensors)',
  request: { params: runParams.extend({ kind: z.enum(['samples', 'reconstructions', 'codes', 'checkpoints']), step }) },
  responses: { 200: { description: 'The file' }, 304: { description: 'It has not changed' }, ...PROBLEMS },
});
const tagParams = runParams.extend({ tag: z.string().trim().min(1).max(40) });
const tagged = { 200: answers(listedRun, 'The run'), ...PROBLEMS };
const addTag = createRoute({
  method: 'put',
  path: '/api/runs/{run}/tags/{tag}',
  summary: 'Adds a tag to a run',
  request: { params: tagParams },
  responses: tagged,
});
const removeTag = createRoute({
  method: 'delete',
  path: '/api/runs/{run}/tags/{tag}',
  summary: 'Removes a tag from a run',
  request: { params: tagParams },
  responses: tagged,
});
const remove = createRoute({
  method: 'delete',
  path: '/api/runs/{run}',
  summary: 'Deletes the folder of a run',
  request: { params: runParams },
  responses: { 204: { description: 'It is deleted' }, ...PROBLEMS },
});
const steer = createRoute({
  method: 'post',
  path: '/api/runs/{run}/steering',
  summary: 'Plays, pauses, steps or stops a run',
  request: { params: runParams, body: jsonBody(z.strictObject({ action: z.enum(STEERING_ACTIONS) })) },
  responses: { 202: { description: 'The run is asked to' }, ...PROBLEMS },
});
const resume = createRoute({
  method: 'post',
  path: '/api/runs/{run}/resume',
  summary: 'Resumes a run from its last checkpoint, or extends it',
  request: { params: runParams, body: jsonBody(extension) },
  responses: { 202: { description: 'It starts, or waits in the queue' }, ...PROBLEMS },
});

export const addRunRoutes: AddRoutes = (app, studio) => {
  addRecordRoutes(app, studio);
  addChangeRoutes(app, studio);
};

const addRecordRoutes: AddRoutes = (app, studio) => {
  const { library, live } = studio;
  app.openapi(list, async (context) => {
    await live.update();
    return context.json(live.summaries, 200);
  });
  app.openapi(detail, async (context) => {
    const { run } = context.req.valid('param');
    return context.json(await detailOf(studio, run, await requireRun(studio, run)), 200);
  });
  app.openapi(curvesOf, async (context) => {
    const { points, from, to } = context.req.valid('query');
    const { run } = context.req.valid('param');
    const log = library.logOf(run, (await requireRun(studio, run)).folder);
    await log.read();
    return context.json(decimate(log, points, from, to), 200);
  });
  app.openapi(file, async (context) => {
    const { run, kind, step: iteration } = context.req.valid('param');
    const { extension: ending, type } = FILES[kind];
    const { folder } = await requireRun(studio, run);
    const opened = await folder.open(`${kind}/${numbered(iteration)}.${ending}`).catch(() => undefined);
    if (opened === undefined) throw new HTTPException(404, { message: 'there is no such file' });
    return serveFile(context, opened, type);
  });
};

const addChangeRoutes: AddRoutes = (app, studio) => {
  const { library, live, queue } = studio;
  for (const route of [addTag, removeTag])
    app.openapi(route, async (context) => {
      const { run, tag } = context.req.valid('param');
      const { folder } = await requireRun(studio, run);
      return context.json(await library.changeTag(run, folder, tag, route === addTag), 200);
    });
  app.openapi(remove, async (context) => {
    const { run } = context.req.valid('param');
    if (queue.has(run)) throw new InputError(run, 'the run is in the queue', 'remove it there first');
    const { folder } = await requireRun(studio, run);
    await library.delete(run, folder);
    // A failure to start it again is forgotten as well.
    await queue.remove(run);
    await live.update();
    return context.body(null, 204);
  });
  app.openapi(steer, async (context) => {
    await steerRun(studio, context.req.valid('param').run, context.req.valid('json').action);
    return context.body(null, 202);
  });
  app.openapi(resume, async (context) => {
    const { run } = context.req.valid('param');
    const { summary } = await requireRun(studio, run);
    if (isTraining(summary.state)) throw new InputError(run, 'the run is training already');
    const queued: QueuedRun = {
      kind: 'resumed',
      added: Date.now(),
      run,
      data: summary.data,
      extension: context.req.valid('json'),
    };
    if (queue.has(run)) throw inQueueAlready(queued);
    await resumedConfiguration(await RunFolder.open(join(studio.folder, run)), queued.extension);
    await queue.add(queued);
    await live.update();
    return context.body(null, 202);
  });
};

const FILES = {
  samples: { extension: 'png', type: 'image/png' },
  reconstructions: { extension: 'png', type: 'image/png' },
  codes: { extension: 'npy', type: 'application/octet-stream' },
  checkpoints: { extension: 'safetensors', type: 'application/octet-stream' },
} as const;

async function detailOf(studio: Studio, run: string, { folder, summary }: KnownRun): Promise<RunDetail> {
  const [configuration, journal, previews, checkpoints, evaluation] = await Promise.all([
    readStoredConfiguration(folder),
    readJournal(folder),
    iterationsOf(folder, 'samples'),
    iterationsOf(folder, 'checkpoints'),
    readLatestEvaluation(folder.path).catch(() => undefined),
  ]);
  const scored = journal.findLast((entry) => entry.type === 'scored');
  const metrics = Object.entries({ ...scored?.test, ...evaluation?.metrics }).map(([name, value]) => ({
    name,
    value,
    description: metricNamed(name)?.meaning ?? '',
    better: betterDirection(name) ?? null,
  }));
  return {
    summary: studio.live.summaries.find(({ id }) => id === run) ?? summary,
    command: shellCommand(['train', '--resume', join(studio.folder, run)]),
    configuration: configuration && {
      ...withoutPaths(configuration, studio.folder),
      // As in the summary, so that a new run can name the same data.
      ...(typeof configuration.data === 'string' ? { data: summary.data } : {}),
    },
    ...withoutPaths({ journal, metrics }, studio.folder),
    previews,
    checkpoints,
    metricsStep: evaluation?.step ?? null,
  };
}

/** @throws {InputError} unless the run trains, or starts and is to stop */
async function steerRun(studio: Studio, run: string, action: SteeringAction): Promise<void> {
  const { queue, live } = studio;
  if (action === 'stop' && queue.isStarting(run)) {
    await queue.remove(run);
    return live.update();
  }
  const { folder, summary } = await requireRun(studio, run);
  const { state } = summary;
  if (state === 'starting' || (!isTraining(state) && queue.isStarting(run)))
    throw new InputError(run, 'the run is still starting', 'try again in a moment');
  if (!isTraining(state)) throw new InputError(run, 'the run is not training', 'resume it first');
  if (action === 'step') await stepRun(run, folder.path, summary);
  else
    await requestSteering(
      folder.path,
      { play: undefined, pause: { pauseAt: 0 }, stop: { stop: true } as const }[action],
    );
}

/** Steps of a run wait for each other, so that three quick requests make three iterations. */
let stepping: Promise<unknown> = Promise.resolve();

/** @throws {InputError} unless the run is paused, or will be after the steps that were requested before */
function stepRun(run: string, folder: string, { state, step }: ListedRun): Promise<void> {
  const stepped = stepping.then(async () => {
    const request = readSteering(folder);
    const pauseAt = request && 'pauseAt' in request ? request.pauseAt : undefined;
    if (state !== 'paused' && pauseAt === undefined) throw new InputError(run, 'pause the run before a single step');
    await requestSteering(folder, { pauseAt: Math.max(step, pauseAt ?? 0) + 1 });
  });
  stepping = stepped.catch(() => undefined);
  return stepped;
}

/** Serves a file that may be replaced under its name. */
async function serveFile(context: Context, { file, size, version }: OpenedFile, type: string): Promise<Response> {
  const etag = `"${version}"`;
  const isKnown = context.req.header('if-none-match') === etag;
  const headers = {
    etag,
    'cache-control': 'no-cache',
    'content-type': type,
    ...(isKnown ? {} : { 'content-length': String(size) }),
  };
  if (!isKnown && context.req.method === 'GET')
    return new Response(Readable.toWeb(file.createReadStream()) as ReadableStream, { headers });
  await file.close();
  return new Response(null, { status: isKnown ? 304 : 200, headers });
}
