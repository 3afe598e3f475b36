import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { importOnnx } from '../../src/engine/index.js';
import type * as node from '../../src/node.js';
import { resultOf } from '../cli/runCommand.js';
import { makePicture, makeTinyRun } from '../cli/tinyRun.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';

const cwd = sharedTemporaryFolder();
const tiny = { data: 'npz:noise.npz', width: 4, latent: 8, batch: 4, steps: 2 };

// Examples run as they are, except that training takes two iterations.
vi.mock('agenet/node', async (importOriginal) => {
  const original = await importOriginal<typeof node>();
  const shrink = (settings: node.Settings): node.Settings => ({ ...settings, ...tiny });
  return {
    ...original,
    trainingEvents: (settings: node.Settings, options: node.TrainOptions) =>
      original.trainingEvents(shrink(settings), { ...options, threads: 1 }),
    loadModel: (run: string) => original.loadModel(run, { threads: 1 }),
  };
});

const printed: string[] = [];
const folder = process.cwd();
const run = (name: string): Promise<Record<string, unknown>> =>
  import(`../../examples/${name}.mjs`) as Promise<Record<string, unknown>>;

beforeAll(async () => {
  await makeTinyRun(join(cwd, 'runs', 'library'));
  await makePicture(join(cwd, 'seven.png'), 0, 255);
  await makePicture(join(cwd, 'one.png'), 200, 40);
  writeNoiseArchive(join(cwd, 'noise.npz'), 40);
  await resultOf(
    [
      'probe',
      join('runs', 'library'),
      'npz:noise.npz',
      '--labels',
      '6',
      '--methods',
      'codes',
      '--save',
      'digits',
      '--threads',
      '1',
    ],
    cwd,
  );
});
beforeEach(() => {
  process.chdir(cwd);
  printed.length = 0;
  vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void printed.push(values.join(' ')));
});
afterEach(() => {
  process.chdir(folder);
  vi.restoreAllMocks();
});

describe('the example', () => {
  it('train trains into a new run folder and prints its losses', async () => {
    const elsewhere = join(cwd, 'elsewhere');
    await makePicture(join(elsewhere, 'unused.png'), 0, 1);
    writeNoiseArchive(join(elsewhere, 'noise.npz'), 40);
    process.chdir(elsewhere);
    await run('train');
    expect(printed).toEqual([
      expect.stringMatching(/^1 \d\.\d+$/),
      expect.stringMatching(/^2 \d\.\d+$/),
      `trained ${join('runs', 'library')}`,
    ]);
    expect(readdirSync(join(elsewhere, 'runs', 'library', 'checkpoints'))).toEqual(['000002.safetensors']);

    // A second time the folder has a run, which is said in one line.
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await import(`../../examples/train.mjs?${'again'}`);
    expect(errors.mock.calls).toEqual([
      [expect.stringMatching(/^runs.library: the run folder exists and is not empty; .*$/)],
    ]);
    expect(process.exitCode).toBe(2);
    process.exitCode = undefined;
  });

  it('sample writes samples and prints the size of codes', async () => {
    await run('sample');
    expect(printed).toEqual(['2 codes of 8 dimensions']);
    expect(await sharp('samples.png').metadata()).toMatchObject({ width: 4 * 34 + 2, height: 4 * 34 + 2 });
  });

  it('explore writes similar images, a rotated one and a path', async () => {
    await run('explore');
    expect(await sharp('similar.webp').metadata()).toMatchObject({ format: 'webp', width: 8 * 34 + 2 });
    expect(await sharp('rotated.png').metadata()).toMatchObject({ width: 256, height: 256 });
    expect(await sharp('path.png').metadata()).toMatchObject({ width: 16 * 34 + 2, height: 36 });
    expect(printed[0]).toMatch(/^32 32 1 \d+,/);
  });

  it('classify prints a class with its probability', async () => {
    await run('classify');
    expect(printed).toEqual([expect.stringMatching(/^[012] \(\d+%\)$/)]);
  });

  it('sampling draws the samples of the command', async () => {
    await run('sampling');
    await resultOf(
      [
        'sample',
        join('runs', 'library'),
        '--count',
        '16',
        '--seed',
        '7',
        '--out',
        'command.png',
        '--scale',
        '1',
        '--threads',
        '1',
      ],
      cwd,
    );
    const pixels = (file: string) => sharp(join(cwd, file)).raw().toBuffer();
    expect(await pixels('by-hand.png')).toEqual(await pixels('command.png'));
    expect(printed).toEqual([`${4 * 34 + 2}x36 pixels`]);
  });

  it('fineTune trains the head and then all layers of a network', async () => {
    await run('fineTune');
    const accuracies = printed.map((line) => Number(/^accuracy of the last 20 batches: (\d+\.\d)%$/u.exec(line)![1]));
    expect(accuracies).toHaveLength(2);
    expect(accuracies[0]).toBeGreaterThan(60);
    expect(accuracies[1]).toBeGreaterThan(80);
    const model = await importOnnx(readFileSync('digits.onnx'), { dimensions: { batch: 1 } });
    expect(model.outputs.logits!.shape).toEqual([1, 10]);
  });

  it('activate finds a picture of a class', async () => {
    await run('activate');
    const [first, last] = printed.map((line) => Number(line.split(' ').at(-1)));
    expect(last!).toBeGreaterThan(first! + 2);
    expect(await sharp('activation.png').metadata()).toMatchObject({ format: 'png' });
  });

  it('engine fits a line', async () => {
    await run('engine');
    expect(printed).toEqual(['w = 2.000']);
  });
});

describe('the example server', () => {
  let server: Server;
  let address = '';
  beforeAll(async () => {
    vi.stubEnv('PORT', '0');
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    process.chdir(cwd);
    const argv = process.argv;
    process.argv = argv.slice(0, 2);
    server = (await run('server')).server as Server;
    process.argv = argv;
    const { port, address: host } = server.address() as AddressInfo;
    expect(host).toBe('127.0.0.1');
    address = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    server.close();
    await once(server, 'close');
  });
  const post = (path: string, body: Buffer) =>
    fetch(`${address}${path}`, { method: 'POST', body: Uint8Array.from(body) });
  const picture = () => sharp('seven.png').png().toBuffer();

  it('returns samples that depend on the seed', async () => {
    const responses = await Promise.all([1, 1, 2].map((seed) => fetch(`${address}/samples?count=4&seed=${seed}`)));
    expect(responses.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual(
      Array(3).fill([200, 'image/png']),
    );
    const [first, same, other] = await Promise.all(
      responses.map(async (response) => Buffer.from(await response.arrayBuffer())),
    );
    expect(first!.equals(same!)).toBe(true);
    expect(first!.equals(other!)).toBe(false);
    expect(await sharp(first).metadata()).toMatchObject({ format: 'png', width: 2 * 34 + 2 });
  });

  it('encodes and reconstructs posted images', async () => {
    const { code } = (await (await post('/codes', await picture())).json()) as { code: number[] };
    expect(Math.hypot(...code)).toBeCloseTo(1, 4);
    const reconstruction = Buffer.from(await (await post('/reconstructions', await picture())).arrayBuffer());
    expect(await sharp(reconstruction).metadata()).toMatchObject({ format: 'png', width: 36 });
  });

  it('rejects bad requests with one line, and stays available', async () => {
    const refusals: readonly [Promise<Response>, status: number, text: string][] = [
      [fetch(`${address}/samples?count=101`), 400, 'count: expected at most 100 but got 101'],
      [fetch(`${address}/samples?count=x`), 400, 'count: must be a whole number'],
      [fetch(`${address}/samples?seed=-1`), 400, 'seed: must be a whole number'],
      [post('/codes', Buffer.from('no image')), 400, 'image 0: cannot read the image'],
      [fetch(`${address}/nothing`), 404, 'not found: GET /nothing'],
      [fetch(`${address}/constructor`), 404, 'not found'],
    ];
    for (const [request, status, text] of refusals) {
      const response = await request;
      expect(response.status).toBe(status);
      expect(((await response.json()) as { error: string }).error).toContain(text);
    }
    expect((await fetch(`${address}/samples?count=1`)).status).toBe(200);
  });

  it('stops reading a body that is too large', async () => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('error', () => undefined);
    socket.write(`POST /codes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000000\r\n\r\n`);
    const block = Buffer.alloc(1_000_000);
    for (let sent = 0; sent < 6; sent++) socket.write(block);
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('expected at most 5000000 bytes');
  });
});

// tracking.test.ts runs tracking.mjs.
it('every example is run by a test', () => {
  // Those of pages are run in Chromium (tests/pages/examples.test.ts).
  const scripts = readdirSync(new URL('../../examples/', import.meta.url)).filter(
    (name) => name.endsWith('.mjs') && !name.startsWith('web'),
  );
  expect(scripts.sort()).toEqual([
    'activate.mjs',
    'classify.mjs',
    'engine.mjs',
    'explore.mjs',
    'fineTune.mjs',
    'sample.mjs',
    'sampling.mjs',
    'server.mjs',
    'tracking.mjs',
    'train.mjs',
  ]);
  expect(existsSync(join(cwd, 'samples.png'))).toBe(true);
});
