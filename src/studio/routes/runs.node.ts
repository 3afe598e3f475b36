/** Routes of runs: what they are, their curves, files and tags, and how they are steered. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { InputError } from '../../errors.js';
import { readLatestEvaluation } from '../../runs/evaluationFile.node.js';
import { metricNamed } from '../../metrics/registry.js';
import { numbered, RunFolder } from '../../runs/runFolder.node.js';
import { resumedConfiguration } from '../../runs/settings.node.js';
import { requestSteering } from '../../runs/steering.node.js';
import { decimate } from '../decimation.js';
import { openOwnFile, type OpenedFile } from '../ownFiles.node.js';
import { iterationsOf, readJournal, readStoredConfiguration } from '../runRecord.node.js';
import {
  curves,
  extension,
  runDetail,
  type RunDetail,
  runSummary,
  STEERING_ACTIONS,
  type SteeringAction,
} from '../schemas.js';
import { isTraining } from '../states.js';
import { shellCommand } from '../trainingForm.node.js';
import { withoutPaths } from '../shownErrors.node.js';
import { type AddRoutes, answers, PROBLEMS, requireRun, type Studio } from './context.node.js';

const params = z.object({ run: z.string().max(1000) });
const step = z.coerce.number().int().min(0);

const list = createRoute({
  ...{ method: 'get', path: '/api/runs', summary: 'All runs, and trainings in the queue' },
  responses: { 200: answers(z.array(runSummary), 'Their summaries') },
});
const detail = createRoute({
  ...{ method: 'get', path: '/api/runs/{run}', summary: 'Everything about a run but its curves' },
  request: { params },
  responses: { 200: answers(runDetail, 'The run'), ...PROBLEMS },
});
const curvesOf = createRoute({
  ...{
    method: 'get',
    path: '/api/runs/{run}/curves',
    summary: 'Curves of the log; of a long one, the minimum, maximum and mean of each stretch',
  },
  request: {
    params,
    query: z.object({
      points: z.coerce.number().int().min(2).max(5000).default(1000),
      from: step.optional(),
      to: step.optional(),
    }),
  },
  responses: { 200: answers(curves, 'Values by name'), ...PROBLEMS },
});
const file = createRoute({
  ...{
    method: 'get',
    path: '/api/runs/{run}/{kind}/{step}',
    summary: 'An image grid, codes of test images (NumPy), or a checkpoint (safetensors)',
  },
  request: { params: params.extend({ kind: z.enum(['samples', 'reconstructions', 'codes', 'checkpoints']), step }) },
  responses: { 200: { description: 'The file' }, 304: { description: 'It has not changed' }, ...PROBLEMS },
});
const tag = createRoute({
  ...{ method: 'put', path: '/api/runs/{run}/tags', summary: 'Replaces the tags of a run' },
  request: {
    params,
    body: {
      required: true,
      content: { 'application/json': { schema: z.array(z.string().trim().min(1).max(40)).max(20) } },
    },
  },
  responses: { 200: answers(runSummary, 'The run'), ...PROBLEMS },
});
const remove = createRoute({
  ...{ method: 'delete', path: '/api/runs/{run}', summary: 'Deletes the folder of a run' },
  request: { params },
  responses: { 204: { description: 'It is deleted' }, ...PROBLEMS },
});
const steer = createRoute({
  ...{
    method: 'post',
    path: '/api/runs/{run}/steering',
    summary: 'Plays, pauses, steps or stops the training of a run',
  },
  request: {
    params,
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ action: z.enum(STEERING_ACTIONS) }) } },
    },
  },
  responses: { 202: { description: 'The training is asked to' }, ...PROBLEMS },
});
const resume = createRoute({
  ...{
    method: 'post',
    path: '/api/runs/{run}/resume',
    summary: 'Resumes a run from its last checkpoint, or extends it',
  },
  request: {
    params,
    body: {
      required: true,
      content: { 'application/json': { schema: extension } },
    },
  },
  responses: { 202: { description: 'The training starts, or waits in the queue' }, ...PROBLEMS },
});

export const addRunRoutes: AddRoutes = (app, studio) => {
  const { library, live, queue } = studio;
  app.openapi(list, async (context) => {
    await live.update();
    return context.json(live.summaries, 200);
  });
  app.openapi(detail, async (context) => {
    const { run } = context.req.valid('param');
    return context.json(await detailOf(studio, run), 200);
  });
  app.openapi(curvesOf, async (context) => {
    const { points, from, to } = context.req.valid('query');
    requireRun(studio, context.req.valid('param').run);
    const log = library.logOf(context.req.valid('param').run)!;
    await log.read();
    return context.json(decimate(log, points, from, to), 200);
  });
  app.openapi(file, async (context) => {
    const { run, kind, step: iteration } = context.req.valid('param');
    const { ending, type } = FILES[kind];
    const opened = await openOwnFile(requireRun(studio, run), kind, `${numbered(iteration)}.${ending}`);
    if (opened === undefined) throw new HTTPException(404, { message: 'there is no such file' });
    return serveFile(context, opened, type);
  });
  app.openapi(tag, async (context) => {
    const { run } = context.req.valid('param');
    requireRun(studio, run);
    return context.json(await library.writeTags(run, [...new Set(context.req.valid('json'))]), 200);
  });
  app.openapi(remove, async (context) => {
    const { run } = context.req.valid('param');
    if (queue.isStarting(run)) throw new InputError(run, 'the training is starting', 'stop it first');
    requireRun(studio, run);
    await library.delete(run);
    // A failure to begin again has lost its run.
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
    requireRun(studio, run);
    const { data, state } = library.summaryOf(run)!;
    if (queue.has(run) || isTraining(state))
      throw new InputError(run, 'the run is training already, or waits in the queue');
    const extension = context.req.valid('json');
    await resumedConfiguration(await RunFolder.open(join(studio.folder, run)), extension);
    await queue.add({ kind: 'resumed', added: Date.now(), run, data, extension });
    await live.update();
    return context.body(null, 202);
  });
};

const FILES = {
  samples: { ending: 'png', type: 'image/png' },
  reconstructions: { ending: 'png', type: 'image/png' },
  codes: { ending: 'npy', type: 'application/octet-stream' },
  checkpoints: { ending: 'safetensors', type: 'application/octet-stream' },
} as const;

async function detailOf(studio: Studio, run: string): Promise<RunDetail> {
  const folder = requireRun(studio, run);
  const [configuration, journal, previews, checkpoints, evaluation] = await Promise.all([
    readStoredConfiguration(folder),
    readJournal(folder),
    iterationsOf(folder, 'samples'),
    iterationsOf(folder, 'checkpoints'),
    readLatestEvaluation(folder).catch(() => undefined),
  ]);
  const scored = journal.findLast((entry) => entry.type === 'scored');
  const metrics = Object.entries({ ...scored?.test, ...evaluation?.metrics }).map(([name, value]) => {
    const known = metricNamed(name);
    return {
      name,
      value,
      description: known?.meaning ?? '',
      better: known?.better === 'lower' || known?.better === 'higher' ? known.better : null,
    };
  });
  const shown = journal.map((entry) =>
    'message' in entry ? { ...entry, message: withoutPaths(entry.message, studio.folder) } : entry,
  );
  return {
    summary: studio.live.summaries.find(({ id }) => id === run)!,
    configuration,
    command: shellCommand(['train', '--resume', join(studio.folder, run)]),
    ...{ previews, checkpoints, journal: shown, metrics, metricsStep: evaluation?.step ?? null },
  };
}

/** @throws {InputError} unless the run trains in a process that has begun, or starts and is to stop */
async function steerRun(studio: Studio, run: string, action: SteeringAction): Promise<void> {
  const { queue, library, live } = studio;
  if (action === 'stop' && queue.isStarting(run)) {
    await queue.remove(run);
    return live.update();
  }
  const folder = requireRun(studio, run);
  await live.update();
  const { state, step: done } = library.summaryOf(run)!;
  if (state === 'starting' || queue.isStarting(run))
    throw new InputError(run, 'the training is still starting', 'try again in a moment');
  if (!isTraining(state)) throw new InputError(run, 'the run is not training', 'resume it first');
  if (action === 'step' && state !== 'paused') throw new InputError(run, 'pause the training before a single step');
  const requests = {
    play: undefined,
    pause: { pauseAt: 0 },
    step: { pauseAt: done + 1 },
    stop: { stop: true },
  } as const;
  await requestSteering(folder, requests[action]);
}

/** Serves a file, which may be replaced under the same name. */
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
