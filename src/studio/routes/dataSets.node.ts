import { z } from '@hono/zod-openapi';
import type { Context, Next } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { every } from 'hono/combine';
import { HTTPException } from 'hono/http-exception';
import { openSource } from '../../data/open.node.js';
import { firstImages } from '../../data/source.js';
import { InputError } from '../../errors.js';
import type { Configuration } from '../../training/configuration.js';
import { UPLOAD_LIMITS } from '../dataSets.node.js';
import { readConfiguration } from '../runRecord.node.js';
import { dataCounts, dataInfo, type DataInfo, dataSet, runName } from '../schemas.js';
import { isTraining } from '../states.js';
import { type AddRoutes, answers, requireRun, route, runParams } from './context.node.js';

const query = z.object({ data: z.string().max(500) });
const params = z.object({ name: runName });
const form = z.object({ images: z.any().optional() });

const list = route('get', '/api/data', 'The data that runs can be started on', {
  200: answers(z.array(dataSet), 'Data sets'),
});
const counts = route(
  'get',
  '/api/data/counts',
  'Numbers of images, as `agenet dataset` prints them',
  { 200: answers(dataCounts, 'Counts') },
  { query },
);
const preview = route(
  'get',
  '/api/data/preview',
  'An image grid of the first images',
  { 200: { description: 'PNG' } },
  { query },
);
const upload = route(
  'post',
  '/api/data/{name}/images',
  'Adds images to an uploaded data set, all or none',
  { 200: answers(dataSet, 'The data set') },
  { params, body: { required: true, content: { 'multipart/form-data': { schema: form } } } },
);
const remove = route(
  'delete',
  '/api/data/{name}',
  'Deletes an uploaded data set',
  { 204: { description: 'It is deleted' } },
  { params },
);
const info = route(
  'get',
  '/api/runs/{run}/data',
  'The first test images of a run, if the studio offers its data',
  { 200: answers(dataInfo, 'Their number, shape and labels') },
  { params: runParams },
);
const images = route(
  'get',
  '/api/runs/{run}/data/images',
  'The bytes [N, C, H, W] of these images',
  { 200: { description: 'Bytes' } },
  { params: runParams },
);

/** Images of a run. */
const EXPLORED = 1000;
/** Runs whose images are in memory. */
const MAX_KEPT = 4;

export const addDataRoutes: AddRoutes = (app, studio) => {
  const { dataSets, library, queue } = studio;
  const explored = new Map<string, ReturnType<typeof exploredImages>>();
  const imagesOf = async (run: string) => {
    const { folder } = await requireRun(studio, run);
    const configuration = await readConfiguration(folder);
    // A configuration may name any folder.
    const data = await dataSets.requireOffered(configuration.data);
    // Another run may have had this name.
    const key = JSON.stringify(configuration);
    const found = explored.get(key) ?? exploredImages({ ...configuration, data });
    explored.delete(key);
    explored.set(key, found);
    found.catch(() => explored.delete(key));
    for (const oldest of explored.keys()) if (explored.size > MAX_KEPT) explored.delete(oldest);
    return found;
  };
  app.openapi(list, async (context) => context.json(await dataSets.list(), 200));
  app.openapi(counts, async (context) => {
    const spec = await dataSets.specOf(context.req.valid('query').data);
    return context.json((await dataSets.describe(spec)).counts, 200);
  });
  app.openapi(preview, async (context) => {
    const spec = await dataSets.specOf(context.req.valid('query').data);
    const png = Uint8Array.from((await dataSets.describe(spec)).preview);
    return context.body(png, 200, { 'content-type': 'image/png', 'cache-control': 'no-cache' });
  });
  // Before the body is parsed.
  app.use('/api/data/:name/images', limitUpload());
  app.openapi(upload, async (context) => {
    const files = (await context.req.formData()).getAll('images').filter((each) => each instanceof File);
    return context.json(await dataSets.upload(context.req.valid('param').name, files), 200);
  });
  app.openapi(remove, async (context) => {
    const { name } = context.req.valid('param');
    const data = `uploads/${name}`;
    const user = library.summaries.find((run) => run.data === data && isTraining(run.state))?.id;
    if (user !== undefined) throw new InputError(data, `${user} trains on it`, 'stop that run first');
    if (queue.summaries.some((run) => run.data === data && run.state !== 'failed'))
      throw new InputError(data, 'a run in the queue uses it', 'remove that run first');
    if (!(await dataSets.delete(name))) throw new HTTPException(404, { message: 'there is no such data set' });
    return context.body(null, 204);
  });
  app.openapi(info, async (context) => context.json((await imagesOf(context.req.valid('param').run)).info, 200));
  app.openapi(images, async (context) => {
    const { bytes } = await imagesOf(context.req.valid('param').run);
    return context.body(bytes, 200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-cache' });
  });
};

/** Parsing hundreds of thousands of parts would block the server. */
const limitUpload = () => {
  const message = `images: more than ${UPLOAD_LIMITS.bytes / 2 ** 20} MiB at a time; choose fewer files`;
  const limit = bodyLimit({ maxSize: UPLOAD_LIMITS.bytes, onError: (context) => context.json({ message }, 413) });
  return every(limit, async (context: Context, next: Next) => {
    // Unambiguous, so that the parser reads the same boundary.
    const type = context.req.header('content-type') ?? '';
    const boundary = /^multipart\/form-data; ?boundary=("?)([\w'()+,./:=?-]{1,70})\1$/iu.exec(type)?.[2];
    if (boundary === undefined) throw new InputError('images', 'expected multipart/form-data with one boundary');
    const bytes = Buffer.from(await context.req.arrayBuffer());
    let parts = -1;
    for (let at = bytes.indexOf(`--${boundary}`); at >= 0; at = bytes.indexOf(`--${boundary}`, at + 1)) {
      if (++parts > UPLOAD_LIMITS.images)
        throw new InputError('images', `more than ${UPLOAD_LIMITS.images} at a time`, 'choose fewer files');
    }
    await next();
  });
};

async function exploredImages({ data, testFraction, ...format }: Configuration) {
  const source = await openSource(data, format, { testFraction, streaming: true });
  try {
    const { test, channels, classNames } = source;
    const [height, width] = source.size;
    const count = Math.min(EXPLORED, test.count);
    await test.prepare?.(Array.from({ length: count }, (_, index) => index));
    const bytes = Uint8Array.from(firstImages(test, count, channels * height * width));
    const info: DataInfo = {
      count,
      shape: [channels, height, width],
      labels: test.labels && Array.from(test.labels.subarray(0, count)),
      classNames: classNames ? [...classNames] : null,
    };
    return { info, bytes };
  } finally {
    source.close?.();
  }
}
