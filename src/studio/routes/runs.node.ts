import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { InputError } from '../../errors.js';
import { betterDirection, metricNamed } from '../../metrics/registry.js';
import { readLatestEvaluation } from '../../runs/evaluationFile.node.js';
import type { OpenedFile } from '../../runs/ownFolder.node.js';
import { numbered } from '../../files/atomic.node.js';
import { readDataRecord } from '../../runs/dataRecord.node.js';
import { RunFolder } from '../../runs/runFolder.node.js';
import { resumedConfiguration } from '../../runs/settings.node.js';
import { readSteering, requestSteering } from '../../runs/steering.node.js';
import { changedSettings } from '../../training/settings.js';
import { oneAtATime } from '../../turns.js';
import { decimate } from '../decimation.js';
import { iterationsOf, readJournal, readStoredConfiguration } from '../runRecord.node.js';
import {
  curves,
  extension,
  listedRun,
  newName,
  newNote,
  type ListedRun,
  runDetail,
  type RunDetail,
  STEERING_ACTIONS,
  type SteeringAction,
} from '../schemas.js';
import { withoutPaths } from '../paths.node.js';
import { isTraining } from '../states.js';
import { shellCommand } from '../trainingForm.node.js';
import { type AddRoutes, answers, jsonBody, requireRun, route, runParams, type Studio } from './context.node.js';

const step = z.coerce.number().int().min(0);

const list = route('get', '/api/runs', 'All runs, including the queue', {
  200: answers(z.array(listedRun), 'Their summaries'),
});
const detail = route(
  'get',
  '/api/runs/{run}',
  'A run without its curves',
  { 200: answers(runDetail, 'The run') },
  { params: runParams },
);
const curvesOf = route(
  'get',
  '/api/runs/{run}/curves',
  'Curves of the log; of a long one, the minimum, maximum and mean of each stretch',
  { 200: answers(curves, 'Values by name') },
  {
    params: runParams,
    query: z.object({
      points: z.coerce.number().int().min(2).max(5000).default(1000),
      from: step.optional(),
      to: step.optional(),
    }),
  },
);
const file = route(
  'get',
  '/api/runs/{run}/{kind}/{step}',
  'An image grid, codes of test images (NumPy), or a checkpoint (safetensors)',
  { 200: { description: 'The file' }, 304: { description: 'It has not changed' } },
  { params: runParams.extend({ kind: z.enum(['samples', 'reconstructions', 'codes', 'checkpoints']), step }) },
);
const tagged = [
  { 200: answers(listedRun, 'The run') },
  { params: runParams.extend({ tag: z.string().trim().min(1).max(40) }) },
] as const;
const addTag = route('put', '/api/runs/{run}/tags/{tag}', 'Adds a tag to a run', ...tagged);
const removeTag = route('delete', '/api/runs/{run}/tags/{tag}', 'Removes a tag from a run', ...tagged);
const describeRun = route(
  'put',
  '/api/runs/{run}/note',
  'Replaces the note of a run',
  { 200: answers(listedRun, 'The run') },
  { params: runParams, body: jsonBody(newNote) },
);
const rename = route(
  'post',
  '/api/runs/{run}/name',
  'Renames the folder of a run that does not train',
  { 200: answers(z.object({ run: z.string() }), 'Its new ID') },
  { params: runParams, body: jsonBody(newName) },
);
const remove = route(
  'delete',
  '/api/runs/{run}',
  'Deletes the folder of a run',
  { 204: { description: 'It is deleted' } },
  { params: runParams },
);
const steer = route(
  'post',
  '/api/runs/{run}/steering',
  'Plays, pauses, steps or stops a run',
  { 202: { description: 'The run is asked to' } },
  { params: runParams, body: jsonBody(z.strictObject({ action: z.enum(STEERING_ACTIONS) })) },
);
const resume = route(
  'post',
  '/api/runs/{run}/resume',
  'Resumes a run from its last checkpoint, or extends it',
  { 202: { description: 'It starts, or waits in the queue' } },
  { params: runParams, body: jsonBody(extension) },
);

export const addRecordRoutes: AddRoutes = (app, studio) => {
  const { library, live } = studio;
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
    const { run } = context.req.valid('param');
    const log = library.logOf(run, (await requireRun(studio, run)).folder);
    await log.read();
    return context.json(decimate(log, points, from, to), 200);
  });
  app.openapi(file, async (context) => {
    const { run, kind, step: iteration } = context.req.valid('param');
    const [ending, type] = FILES[kind];
    const { folder } = await requireRun(studio, run);
    const opened = await folder.open(`${kind}/${numbered(iteration)}.${ending}`).catch(() => undefined);
    if (opened === undefined) throw new HTTPException(404, { message: 'there is no such file' });
    return serveFile(context, opened, type);
  });
};

export const addChangeRoutes: AddRoutes = (app, studio) => {
  const { library, live, queue } = studio;
  for (const route of [addTag, removeTag])
    app.openapi(route, async (context) => {
      const { run, tag } = context.req.valid('param');
      const { folder } = await requireRun(studio, run);
      return context.json(await library.changeTag(run, folder, tag, route === addTag), 200);
    });
  app.openapi(describeRun, async (context) => {
    const { run } = context.req.valid('param');
    const { folder } = await requireRun(studio, run);
    return context.json(await library.writeNote(run, folder, context.req.valid('json').note), 200);
  });
  app.openapi(rename, async (context) => {
    const { run } = context.req.valid('param');
    const { name } = context.req.valid('json');
    requireUnqueued(studio, run);
    await library.rename(run, (await requireRun(studio, run)).folder, name);
    await live.update();
    return context.json({ run: [...run.split('/').slice(0, -1), name].join('/') }, 200);
  });
  app.openapi(remove, async (context) => {
    const { run } = context.req.valid('param');
    requireUnqueued(studio, run);
    await library.delete(run, (await requireRun(studio, run)).folder);
    // Also forget a failed restart of this run.
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
    const { state, data } = (await requireRun(studio, run)).summary;
    if (isTraining(state)) throw new InputError(run, 'the run is training already');
    const queued = { kind: 'resumed', added: Date.now(), run, data, extension: context.req.valid('json') } as const;
    queue.requireAbsent(queued);
    await resumedConfiguration(await RunFolder.open(join(studio.folder, run)), queued.extension);
    await queue.add(queued);
    await live.update();
    return context.body(null, 202);
  });
};

function requireUnqueued({ queue }: Studio, run: string) {
  if (queue.has(run)) throw new InputError(run, 'the run is in the queue', 'remove it there first');
}

const FILES = {
  samples: ['png', 'image/png'],
  reconstructions: ['png', 'image/png'],
  codes: ['npy', 'application/octet-stream'],
  checkpoints: ['safetensors', 'application/octet-stream'],
} as const;

async function detailOf(studio: Studio, run: string): Promise<RunDetail> {
  const { folder, summary } = await requireRun(studio, run);
  const [configuration, record, journal, previews, checkpoints, evaluation] = await Promise.all([
    readStoredConfiguration(folder),
    readDataRecord(folder).catch(() => undefined),
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
    changed: changedSettings(configuration ?? {}, record?.count),
    command: shellCommand(['train', '--resume', join(studio.folder, run)]),
    offer: studio.dataSets.isOffered(String(configuration?.data))
      ? null
      : shellCommand(['studio', studio.folder, `--data=${summary.data}`]),
    configuration: configuration && {
      ...withoutPaths(configuration, studio.folder),
      // A new run can name the same data.
      ...(typeof configuration.data === 'string' && { data: summary.data }),
    },
    ...withoutPaths({ journal, metrics }, studio.folder),
    ...{ previews, checkpoints },
    metricsStep: evaluation?.step ?? null,
  };
}

/** @throws {InputError} unless the run trains, or starts and is to stop */
async function steerRun(studio: Studio, run: string, action: SteeringAction) {
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
  const requests = { play: undefined, pause: { pauseAt: 0 }, stop: { stop: true } } as const;
  if (action === 'step') await stepRun(folder.path, summary);
  else await requestSteering(folder.path, requests[action]);
}

/** Three quick requests make three iterations. */
const inTurn = oneAtATime();

/** @throws {InputError} unless the run is paused, or will be after earlier steps */
const stepRun = (folder: string, { id, state, step }: ListedRun) =>
  inTurn(async () => {
    const request = readSteering(folder);
    const pauseAt = request && 'pauseAt' in request ? request.pauseAt : undefined;
    if (state !== 'paused' && pauseAt === undefined) throw new InputError(id, 'pause the run before a single step');
    await requestSteering(folder, { pauseAt: Math.max(step, pauseAt ?? 0) + 1 });
  });

/** It may be replaced under its name. */
async function serveFile(context: Context, { file, size, version }: OpenedFile, type: string) {
  const etag = `"${version}"`;
  const isKnown = context.req.header('if-none-match') === etag;
  const headers = {
    etag,
    'cache-control': 'no-cache',
    'content-type': type,
    ...(!isKnown && { 'content-length': String(size) }),
  };
  if (!isKnown && context.req.method === 'GET')
    return new Response(Readable.toWeb(file.createReadStream()) as ReadableStream, { headers });
  await file.close();
  return new Response(null, { status: isKnown ? 304 : 200, headers });
}
