/** Routes of data: what can be trained on, uploads, and the images that a run was tested on. */
import { createRoute, z } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { openSource } from '../../data/open.node.js';
import { firstImages, type ImageSource } from '../../data/source.js';
import { InputError } from '../../errors.js';
import { readStoredConfiguration } from '../runRecord.node.js';
import { dataCounts, dataInfo, type DataInfo, dataSet, runName } from '../schemas.js';
import { UPLOAD_LIMITS } from '../dataSets.node.js';
import { type AddRoutes, answers, PROBLEMS, requireRun } from './context.node.js';
import { checkConfiguration, type Configuration } from '../../training/configuration.js';

const params = z.object({ run: z.string().max(1000) });
const query = z.object({ data: z.string().max(500) });

const list = createRoute({
  ...{ method: 'get', path: '/api/data', summary: 'The data that runs can be started on' },
  responses: { 200: answers(z.array(dataSet), 'Data specs') },
});
const counts = createRoute({
  ...{ method: 'get', path: '/api/data/counts', summary: 'Numbers of images, as `agenet dataset` prints them' },
  request: { query },
  responses: { 200: answers(dataCounts, 'Counts'), ...PROBLEMS },
});
const preview = createRoute({
  ...{ method: 'get', path: '/api/data/preview', summary: 'An image grid of the first images' },
  request: { query },
  responses: { 200: { description: 'PNG' }, ...PROBLEMS },
});
const upload = createRoute({
  ...{ method: 'post', path: '/api/data/{name}/images', summary: 'Adds images to an uploaded data set' },
  request: {
    params: z.object({ name: runName }),
    body: { required: true, content: { 'multipart/form-data': { schema: z.object({ images: z.any().optional() }) } } },
  },
  responses: { 200: answers(dataSet, 'The data set'), ...PROBLEMS },
});
const info = createRoute({
  ...{ method: 'get', path: '/api/runs/{run}/data', summary: 'The first test images of the data of a run' },
  request: { params },
  responses: { 200: answers(dataInfo, 'Their number, shape and labels'), ...PROBLEMS },
});
const images = createRoute({
  ...{ method: 'get', path: '/api/runs/{run}/data/images', summary: 'The bytes [N, C, H, W] of these images' },
  request: { params },
  responses: { 200: { description: 'Bytes' }, ...PROBLEMS },
});

/** Images of a run that a page explores. */
const EXPLORED = 1000;
/** Runs whose images are kept in memory. */
const MAX_KEPT = 4;

interface ExploredImages {
  readonly info: DataInfo;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export const addDataRoutes: AddRoutes = (app, studio) => {
  const { dataSets } = studio;
  const explored = new Map<string, Promise<ExploredImages>>();
  const imagesOf = async (run: string): Promise<ExploredImages> => {
    const configuration = await configurationOf(requireRun(studio, run));
    // Another run may have had this name.
    const key = JSON.stringify(configuration);
    const found = explored.get(key) ?? exploredImages(configuration);
    explored.delete(key);
    explored.set(key, found);
    found.catch(() => explored.delete(key));
    for (const oldest of explored.keys()) if (explored.size > MAX_KEPT) explored.delete(oldest);
    return found;
  };
  app.openapi(list, async (context) => context.json(await dataSets.list(), 200));
  app.openapi(counts, async (context) => {
    const { data } = context.req.valid('query');
    await dataSets.require(data);
    return context.json((await dataSets.describe(data)).counts, 200);
  });
  app.openapi(preview, async (context) => {
    const { data } = context.req.valid('query');
    await dataSets.require(data);
    const { preview: png } = await dataSets.describe(data);
    return context.body(Uint8Array.from(png), 200, { 'content-type': 'image/png', 'cache-control': 'no-cache' });
  });
  // Before the body is read.
  app.use(
    '/api/data/:name/images',
    bodyLimit({
      maxSize: UPLOAD_LIMITS.bytes,
      onError: (context) =>
        context.json(
          { message: `images: more than ${UPLOAD_LIMITS.bytes / 2 ** 20} MiB at once; choose fewer files` },
          413,
        ),
    }),
  );
  app.openapi(upload, async (context) => {
    const files = (await context.req.formData()).getAll('images').filter((each) => each instanceof File);
    const name = await dataSets.upload(context.req.valid('param').name, files);
    return context.json({ name, uploaded: true }, 200);
  });
  app.openapi(info, async (context) => context.json((await imagesOf(context.req.valid('param').run)).info, 200));
  app.openapi(images, async (context) => {
    const { bytes } = await imagesOf(context.req.valid('param').run);
    return context.body(bytes, 200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-cache' });
  });
};

/** @throws {InputError} if it is missing, damaged or of another version */
async function configurationOf(folder: string): Promise<Configuration> {
  const stored = await readStoredConfiguration(folder);
  if (stored === null) throw new InputError('config.json', 'missing or damaged');
  const { version: _, ...settings } = stored;
  return checkConfiguration(settings);
}

/** Reads the first test images of the data that a run was trained on. */
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
