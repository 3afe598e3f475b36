import { once } from 'node:events';
import { createServer } from 'node:http';
import { InputError } from 'agenet';
import { loadModel } from 'agenet/node';

const MAX_BODY = 5_000_000; // bytes
const MAX_SAMPLES = 100;

const model = await loadModel(process.argv[2] ?? 'runs/library');

/** What the service offers. Each function returns JSON, or images. */
const ROUTES = {
  'GET /samples': async (request, query) => {
    const count = Number(query.get('count') ?? 16);
    if (count > MAX_SAMPLES) throw new InputError('count', `expected at most ${MAX_SAMPLES} but got ${count}`);
    return model.sample({ count, seed: Number(query.get('seed') ?? 0) });
  },
  'POST /codes': async (request) => ({ code: Array.from(await model.encode(await readBody(request))) }),
  'POST /reconstructions': async (request) => model.reconstruct(await readBody(request)),
};

class BodyTooLargeError extends Error {}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw new BodyTooLargeError(`expected at most ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function answer(request) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const name = `${request.method} ${pathname}`;
  if (!Object.hasOwn(ROUTES, name)) return { status: 404, body: { error: `not found: ${name}` } };
  try {
    return { status: 200, body: await ROUTES[name](request, searchParams) };
  } catch (error) {
    if (error instanceof InputError) return { status: 400, body: { error: error.message } };
    if (error instanceof BodyTooLargeError) return { status: 413, body: { error: error.message } };
    console.error(error);
    return { status: 500, body: { error: 'internal error' } };
  }
}

export const server = createServer({ requestTimeout: 30_000 }, async (request, response) => {
  const { status, body } = await answer(request);
  const isImage = status === 200 && 'toBuffer' in body;
  const bytes = isImage ? await body.toBuffer() : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': isImage ? 'image/png' : 'application/json',
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(bytes);
});
server.on('close', () => model.release());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${server.address().port}`);
