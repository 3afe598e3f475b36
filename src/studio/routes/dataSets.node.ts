/** Routes of data: data that runs can be started on, uploads, and the test images of a run. */
import { createRoute, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { every } from 'hono/combine';
import { HTTPException } from 'hono/http-exception';
import { openSource } from '../../data/open.node.js';
import { firstImages, type ImageSource } from '../../data/source.js';
import { InputError } from '../../errors.js';
import type { Configuration } from '../../training/configuration.js';
import { UPLOAD_LIMITS } from '../dataSets.node.js';
import { readConfiguration } from '../runRecord.node.js';
import { dataCounts, dataInfo, type DataInfo, dataSet, runName } from '../schemas.js';
import { isTraining } from '../states.js';
import { type AddRoutes, answers, PROBLEMS, requireRun, runParams } from './context.node.js';

const query = z.object({ data: z.string().max(500) });
const params = z.object({ name: runName });
const form = z.object({ images: z.any().optional() });

const list = createRoute({
  method: 'get',
  path: '/api/data',
  summary: 'The data that runs can be started on',
  responses: { 200: answers(z.array(dataSet), 'Data sets') },
});
const counts = createRoute({
  method: 'get',
  path: '/api/data/counts',
  summary: 'Numbers of images, as `agenet dataset` prints them',
  request: { query },
  responses: { 200: answers(dataCounts, 'Counts'), ...PROBLEMS },
});
const preview = createRoute({
  method: 'get',
  path: '/api/data/preview',
  summary: 'An image grid of the first images',
  request: { query },
  responses: { 200: { description: 'PNG' }, ...PROBLEMS },
});
const upload = createRoute({
  method: 'post',
  path: '/api/data/{name}/images',
  summary: 'Adds images to an uploaded data set, all or none',
  request: { params, body: { required: true, content: { 'multipart/form-data': { schema: form } } } },
  responses: { 200: answers(dataSet, 'The data set'), ...PROBLEMS },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/data/{name}',
  summary: 'Deletes an uploaded data set',
  request: { params },
  responses: { 204: { description: 'It is deleted' }, ...PROBLEMS },
});
const info = createRoute({
  method: 'get',
  path: '/api/runs/{run}/data',
  summary: 'The first test images of a run, if the studio offers its data',
  request: { params: runParams },
  responses: { 200: answers(dataInfo, 'Their number, shape and labels'), ...PROBLEMS },
});
const images = createRoute({
  method: 'get',
  path: '/api/runs/{run}/data/images',
  summary: 'The bytes [N, C, H, W] of these images',
  request: { params: runParams },
  responses: { 200: { description: 'Bytes' }, ...PROBLEMS },
});

/** Images of a run that a page explores. */
const EXPLORED = 1000;
/** Runs whose images are in memory. */
const MAX_KEPT = 4;

interface ExploredImages {
  readonly info: DataInfo;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export const addDataRoutes: AddRoutes = (app, studio) => {
  const { dataSets, library, queue } = studio;
  const explored = new Map<string, Promise<ExploredImages>>();
  const imagesOf = async (run: string): Promise<ExploredImages> => {
    const { folder } = await requireRun(studio, run);
    const configuration = await readConfiguration(folder);
    // The configuration of a foreign run may name any folder.
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
    const { preview: png } = await dataSets.describe(await dataSets.specOf(context.req.valid('query').data));
    return context.body(Uint8Array.from(png), 200, { 'content-type': 'image/png', 'cache-control': 'no-cache' });
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

/** Limits the bytes and parts of a form. Parsing hundreds of thousands of parts would block the server. */
const limitUpload = (): MiddlewareHandler =>
  every(
    bodyLimit({
      maxSize: UPLOAD_LIMITS.bytes,
      onError: (context) =>
        context.json(
          { message: `images: more than ${UPLOAD_LIMITS.bytes / 2 ** 20} MiB at a time; choose fewer files` },
          413,
        ),
    }),
    async (context, next) => {
      // One boundary without an escape, so that the parser reads the same one.
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
    },
  );

async function exploredImages({ data, testFraction, ...format }: Configuration): Promise<ExploredImages> {
  const source = await openSource(data, format, { testFraction, streaming: true });
  try {
    return await firstOf(source);
  } finally {
    source.close?.();
  }
}

async function firstOf({ test, channels, size: [height, width], classNames }: ImageSource): Promise<ExploredImages> {
  const count = Math.min(EXPLORED, test.count);
  await test.prepare?.(Array.from({ length: count }, (_, index) => index));
  const bytes = Uint8Array.from(firstImages(test, count, channels * height * width));
  const labels = test.labels && Array.from(test.labels.subarray(0, count));
  return {
    info: { count, shape: [channels, height, width], labels, classNames: classNames ? [...classNames] : null },
    bytes,
  };
}
