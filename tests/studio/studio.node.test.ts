import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunDetail, ListedRun } from '../../src/studio/schemas.js';
import { FolderLock } from '../../src/runs/lock.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { makeRun, type OpenedStudio, openStudio } from './openStudio.js';

const runsOf = async ({ send }: OpenedStudio) => (await send('/api/runs')).json as ListedRun[];
const journal = (run: string, ...events: readonly Record<string, unknown>[]) =>
  appendFileSync(
    join(run, 'journal.jsonl'),
    events.map((event) => `${JSON.stringify({ time: '2026-01-01T00:00:00.000Z', ...event })}\n`).join(''),
  );
const START = {
  type: 'start',
  step: 0,
  totalSteps: 40,
  batchesPerEpoch: 4,
  images: { train: 18, test: 5 },
  parameters: {},
  pid: 1,
};

describe('the list of runs', () => {
  it('has the state of each run, and why', async () => {
    const folder = temporaryFolder();
    const make = (name: string) => makeRun(join(folder, name));
    journal(await make('finished'), START, { type: 'trained', step: 40, interrupted: false, seconds: 1 });
    journal(await make('stopped'), START, { type: 'trained', step: 3, interrupted: true, seconds: 1 });
    journal(await make('failed'), START, { type: 'failed', message: 'training diverged: loss is NaN at iteration 4' });
    journal(await make('killed'), START);
    journal(await make('imported'), { type: 'imported', step: 3 });
    await make('old');
    const held = [await make('running'), await make('paused')];
    journal(held[0]!, START);
    journal(held[1]!, START, { type: 'paused', step: 3 });
    const locks = await Promise.all(held.map((run) => FolderLock.take(run)));
    const studio = await openStudio({ folder });
    const found = Object.fromEntries(
      (await runsOf(studio)).map(({ id, state, reason }) => [id, reason === null ? state : `${state}: ${reason}`]),
    );
    expect(found).toEqual({
      failed: 'failed: training diverged: loss is NaN at iteration 4',
      finished: 'finished',
      imported: 'imported',
      killed: 'interrupted: its process ended unexpectedly; the last checkpoint is of iteration 3',
      old: 'interrupted: its process ended unexpectedly; the last checkpoint is of iteration 3',
      paused: 'paused',
      running: 'running',
      stopped: 'stopped',
    });
    // The process of one ends.
    await locks[0]!.release();
    expect((await runsOf(studio)).find(({ id }) => id === 'running')!.state).toBe('interrupted');
    await locks[1]!.release();
  });

  it('follows what happens to folders', async () => {
    const studio = await openStudio();
    expect(await runsOf(studio)).toEqual([]);
    const run = await makeRun(join(studio.folder, 'sweep', 'a'));
    expect((await runsOf(studio)).map(({ id, step, checkpoint }) => [id, step, checkpoint])).toEqual([
      ['sweep/a', 3, 3],
    ]);
    expect(((await studio.send('/api/runs/sweep%2Fa')).json as RunDetail).configuration).toMatchObject({ width: 4 });
    rmSync(run, { recursive: true });
    expect(await runsOf(studio)).toEqual([]);
    expect((await studio.send('/api/runs/sweep%2Fa')).status).toBe(404);
  });

  it('is not needed for requests of a run: they find folders that are new, and miss those that are gone', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'tiny'));
    for (const path of ['', '/curves', '/checkpoints/3'])
      expect((await studio.send(`/api/runs/tiny${path}`)).status, path).toBe(200);
    rmSync(run, { recursive: true });
    for (const path of ['', '/curves', '/checkpoints/3'])
      expect((await studio.send(`/api/runs/tiny${path}`)).status, path).toBe(404);
  });

  it('has runs whose files are damaged', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'damaged'));
    writeFileSync(join(run, 'config.json'), '{"width":');
    writeFileSync(
      join(run, 'journal.jsonl'),
      'null\n{"type":1}\n{"time":"x","type":"evaluation"}\n{"time":"x","type":"warning","message":5}\n{"ti',
    );
    writeFileSync(join(run, 'tags.json'), '{');
    mkdirSync(join(run, 'log.jsonl'));
    writeFileSync(join(run, 'checkpoints', '.000009.safetensors.half.partial'), 'half');
    expect(await runsOf(studio)).toMatchObject([
      { id: 'damaged', model: 'config.json is missing or damaged', checkpoint: 3, tags: [] },
    ]);
    expect((await studio.send('/api/runs/damaged')).status).toBe(200);
    expect((await studio.send('/api/runs/damaged/curves')).json).toEqual({ steps: [], values: {} });
    expect(studio.failures).toEqual([]);
  });

  it('has runs whose files are pipes or links, without opening them', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'odd'));
    for (const name of ['log.jsonl', 'tags.json']) execFileSync('mkfifo', [join(run, name)]);
    writeFileSync(join(studio.folder, 'outside'), '{"time":"x","type":"failed","message":"read through a link"}\n');
    symlinkSync(join(studio.folder, 'outside'), join(run, 'journal.jsonl'));
    expect(await runsOf(studio)).toMatchObject([{ id: 'odd', state: 'interrupted', tags: [] }]);
    expect(((await studio.send('/api/runs/odd')).json as RunDetail).journal).toEqual([]);
    expect((await studio.send('/api/runs/odd/curves')).json).toEqual({ steps: [], values: {} });
  });

  it('has reasons without paths beyond the folder', async () => {
    const studio = await openStudio();
    journal(await makeRun(join(studio.folder, 'a')), START, {
      type: 'failed',
      message: `${studio.folder}/a/config.json and /etc/secret/photos/x.png: broken`,
    });
    expect((await runsOf(studio))[0]!.reason).toBe('a/config.json and x.png: broken');
    expect(JSON.stringify((await studio.send('/api/runs/a')).json)).not.toContain('/etc/secret');
    const file = join(studio.folder, 'a', 'config.json');
    const configuration = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    rmSync(file);
    writeFileSync(file, JSON.stringify({ ...configuration, data: '/etc/secret/photos', initFrom: '/etc/secret/x' }));
    const { json } = await studio.send('/api/runs/a');
    expect(json).toMatchObject({ summary: { data: 'photos' }, configuration: { data: 'photos', initFrom: 'x' } });
  });
});

describe('a run', () => {
  it('has curves, files with a tag of their version, and tags', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'tiny'));
    writeFileSync(
      join(run, 'log.jsonl'),
      Array.from(
        { length: 500 },
        (_, index) => `${JSON.stringify({ step: index + 1, 'encoder.loss': index % 7 })}\n`,
      ).join(''),
    );
    await runsOf(studio);
    const curves = (await studio.send('/api/runs/tiny/curves?points=20')).json as {
      steps: number[];
      values: Record<string, number[]>;
    };
    expect(curves.steps).toHaveLength(20);
    expect(new Set(curves.values['encoder.loss'])).toEqual(new Set([0, 6]));
    expect(((await studio.send('/api/runs/tiny/curves?from=10&to=12')).json as { steps: number[] }).steps).toEqual([
      9, 10, 11, 12, 13,
    ]);
    expect((await studio.send('/api/runs/tiny/curves?points=1')).status).toBe(400);
    const file = await studio.send('/api/runs/tiny/checkpoints/3');
    expect(Buffer.from(file.text, 'latin1').equals(readFileSync(join(run, 'checkpoints', '000003.safetensors')))).toBe(
      true,
    );
    expect(
      (await studio.send('/api/runs/tiny/checkpoints/3', { headers: { 'if-none-match': String(file.headers.etag) } }))
        .status,
    ).toBe(304);
    const handles = () => readdirSync('/proc/self/fd').length;
    const before = handles();
    for (let count = 0; count < 20; count++)
      expect((await studio.send('/api/runs/tiny/checkpoints/3', { method: 'HEAD' })).status).toBe(200);
    expect(handles()).toBeLessThan(before + 10);
  });

  it('has tags, which several pages may change at once', async () => {
    const studio = await openStudio();
    await makeRun(join(studio.folder, 'tiny'));
    const tag = (name: string, method = 'PUT') =>
      studio.send(`/api/runs/tiny/tags/${encodeURIComponent(name)}`, { method });
    const names = Array.from({ length: 12 }, (_, index) => `tag ${index}`);
    await Promise.all([...names, ' tag 1 ', 'a/b'].map((name) => tag(name)));
    await Promise.all(names.slice(4).map((name) => tag(name, 'DELETE')));
    expect(new Set((await runsOf(studio))[0]!.tags)).toEqual(new Set([...names.slice(0, 4), 'a/b']));
    expect((await tag('x'.repeat(41))).json).toMatchObject({ message: expect.stringContaining('40') as string });
    await Promise.all(Array.from({ length: 30 }, (_, index) => tag(`${index}`)));
    expect((await runsOf(studio))[0]!.tags).toHaveLength(20);
  });

  it('has its settings and metrics, and a note', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'tiny'));
    journal(run, START, { type: 'scored', test: { reconstruction_l1: 0.25 } });
    const evaluation = {
      format: 'agenet evaluation 2',
      weights_digest: '',
      step: 3,
      metrics: { fid: 7.5, kid: null },
      protocol: {},
    };
    writeFileSync(join(run, 'evaluation-000003.json'), JSON.stringify(evaluation));
    const note = (text: string) =>
      studio.send('/api/runs/tiny/note', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ note: text }),
      });
    expect(await runsOf(studio)).toMatchObject([
      { settings: { width: 4, batch: 4, seed: 1 }, metrics: { reconstruction_l1: 0.25, fid: 7.5 }, note: '' },
    ]);
    expect((await note(' two lines\n<b>of text</b> ')).json).toMatchObject({ note: 'two lines\n<b>of text</b>' });
    expect((await runsOf(studio))[0]!.note).toBe('two lines\n<b>of text</b>');
    expect((await note('x'.repeat(2001))).status).toBe(400);
    await note('');
    expect((await runsOf(studio))[0]!.note).toBe('');
  });

  it('is renamed unless it trains, within its folder, to a free name', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'group', 'tiny'));
    await makeRun(join(studio.folder, 'group', 'other'));
    const rename = (name: string) => studio.post('/api/runs/group%2Ftiny/name', { name });
    const lock = await FolderLock.take(run);
    expect((await rename('better')).json).toMatchObject({
      message: 'group/tiny: the run is still training; stop it first',
    });
    await lock.release();
    expect((await rename('other')).json).toMatchObject({ message: 'other: exists; choose another name' });
    for (const name of ['../tiny', '.studio', 'a/b', 'uploads', '']) expect((await rename(name)).status).toBe(400);
    expect((await rename('better')).json).toEqual({ run: 'group/better' });
    expect(new Set((await runsOf(studio)).map(({ id }) => id))).toEqual(new Set(['group/better', 'group/other']));
    expect(existsSync(join(studio.folder, 'group', 'better', 'checkpoints', '000003.safetensors'))).toBe(true);
  });

  it('is deleted unless it trains', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'tiny'));
    await runsOf(studio);
    const lock = await FolderLock.take(run);
    expect(await studio.send('/api/runs/tiny', { method: 'DELETE' })).toMatchObject({
      status: 422,
      json: { message: 'tiny: the run is still training; stop it first' },
    });
    await lock.release();
    expect((await studio.send('/api/runs/tiny', { method: 'DELETE' })).status).toBe(204);
    expect(await runsOf(studio)).toEqual([]);
    expect((await studio.send('/api/runs/tiny', { method: 'DELETE' })).status).toBe(404);
  });

  it('is steered only while it trains', async () => {
    const studio = await openStudio();
    const run = await makeRun(join(studio.folder, 'tiny'));
    await runsOf(studio);
    const steer = async (action: string) => (await studio.post('/api/runs/tiny/steering', { action })).json;
    const requested = () => JSON.parse(readFileSync(join(run, 'steering.json'), 'utf8')) as unknown;
    expect(await steer('pause')).toMatchObject({ message: 'tiny: the run is not training; resume it first' });
    const lock = await FolderLock.take(run);
    expect(await steer('pause')).toMatchObject({ message: 'tiny: the run is still starting; try again in a moment' });
    journal(run, START);
    expect(await steer('step')).toMatchObject({ message: 'tiny: pause the run before a single step' });
    await steer('pause');
    expect(requested()).toEqual({ pauseAt: 0 });
    journal(run, { type: 'paused', step: 7 });
    await Promise.all([steer('step'), steer('step')]);
    // The run has begun to make these iterations.
    journal(run, { type: 'continued', step: 7 });
    await steer('step');
    expect(requested()).toEqual({ pauseAt: 10 });
    await steer('stop');
    expect(requested()).toEqual({ stop: true });
    expect(await steer('explode')).toMatchObject({ message: expect.stringContaining('action') as string });
    await lock.release();
  });
});

describe('wrong requests', () => {
  it('get one line and the field, without paths beyond the folder', async () => {
    const studio = await openStudio();
    const start = (training: unknown) => studio.post('/api/queue', training);
    expect(await start({ name: '../x', data: 'mnist' })).toMatchObject({
      status: 400,
      json: { fields: { name: expect.any(String) as string } },
    });
    expect(await start({ name: 'a', data: '/etc' })).toMatchObject({
      status: 422,
      json: { message: 'Data: "/etc" is not offered by this studio; add it when you start the studio' },
    });
    expect(await start({ name: 'a', data: 'mnist', fields: { out: '/etc' } })).toMatchObject({
      status: 422,
      json: { message: 'Name of the run: no such setting' },
    });
    for (const name of ['uploads', 'config.json', 'CON', 'nul.txt', 'a.', 'é'.repeat(101), ''])
      expect(await start({ name, data: 'mnist' }), name).toMatchObject({
        status: 400,
        json: { fields: { name: expect.any(String) as string } },
      });
    expect(await start({ name: 'a', data: 'mnist', fields: { width: '4\0' } })).toMatchObject({ status: 400 });
    // The connection may end before all of it is sent.
    expect(await start({ name: 'a', data: 'x'.repeat(300_000) }).catch(() => ({ status: 413 }))).toMatchObject({
      status: 413,
    });
    expect(await start({ name: 'a', data: 'mnist', evil: 1 })).toMatchObject({ status: 400 });
    expect(
      await studio.send('/api/queue', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"name":',
      }),
    ).toMatchObject({
      status: 400,
    });
  });

  it('of the same options are refused as by the command line', async () => {
    const studio = await openStudio();
    const answer = await studio.post('/api/queue/check', { name: 'a', data: 'mnist', fields: { width: 0 } });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        command: null,
        problem: {
          message: 'Width: must be a whole number from 1 to 1024, not 0',
          fields: { width: 'must be a whole number from 1 to 1024, not 0' },
        },
      },
    });
    await makeRun(join(studio.folder, 'taken'));
    expect((await studio.post('/api/queue', { name: 'taken', data: 'mnist' })).json).toEqual({
      message: 'Name of the run: taken exists; choose another name',
      fields: { name: 'taken exists; choose another name' },
    });
  });
});

describe('starting a studio', () => {
  it('names a port that is in use, and a folder that is a run', async () => {
    const studio = await openStudio();
    const port = Number(studio.url.port);
    await expectInputError(() => openStudio({ port }), `port: ${port} is in use; choose another, or 0 for any`);
    const run = await makeRun(join(studio.folder, 'tiny'));
    await expectInputError(() => openStudio({ folder: run }), `${run}: is a run; name the folder that contains it`);
    await expectInputError(() => openStudio({ host: '203.0.113.1' }), 'host: cannot listen on 203.0.113.1');
  });

  it('names another studio of the folder', async () => {
    const { folder } = await openStudio();
    await expectInputError(
      () => openStudio({ folder }),
      `${folder}: process ${process.pid} on `,
      'is a studio of this folder already; use it, or end it first',
    );
  });

  it('describes its API', async () => {
    const { paths } = (await (await openStudio()).send('/api/openapi.json')).json as {
      paths: Record<string, Record<string, { summary: string }>>;
    };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/runs', '/api/runs/{run}/curves', '/api/queue', '/api/data/{name}/images']),
    );
    for (const [path, methods] of Object.entries(paths))
      for (const { summary } of Object.values(methods)) expect(summary, path).not.toBe('');
  });
});
