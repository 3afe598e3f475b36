import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { LiveMessage, ListedRun } from '../../src/studio/schemas.js';
import { OwnFolder } from '../../src/runs/ownFolder.node.js';
import { RunQueue } from '../../src/studio/runQueue.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { makeRun, type OpenedStudio, openStudio } from './openStudio.js';

/** A studio whose runs train until they are stopped. */
const open = (folder = temporaryFolder()) =>
  openStudio({
    folder,
    data: ['svhn:missing'],
    program: [process.execPath, fileURLToPath(new URL('fakeRun.mjs', import.meta.url))],
  });

const statesOf = async ({ send }: OpenedStudio) =>
  Object.fromEntries(
    ((await send('/api/runs')).json as ListedRun[]).map(({ id, state, reason }) => [
      id,
      reason === null ? state : `${state}: ${reason}`,
    ]),
  );

/** Waits until runs have these states. */
const expectStates = (studio: OpenedStudio, states: Record<string, string>) =>
  expect.poll(() => statesOf(studio), { timeout: 20_000, interval: 100 }).toEqual(states);

const start = (studio: OpenedStudio, name: string, data = 'mnist') => studio.post('/api/queue', { name, data });
const stop = (studio: OpenedStudio, name: string) => studio.post(`/api/runs/${name}/steering`, { action: 'stop' });

describe('runs', () => {
  it('wait in the queue until there is room, in their order', async () => {
    const studio = await open();
    expect((await start(studio, 'a')).json).toEqual({ command: `npx agenet train mnist --out ${studio.folder}/a` });
    await start(studio, 'b');
    await start(studio, 'c');
    expect((await start(studio, 'c')).json).toEqual({
      message: 'Name of the run: c is in the queue already; choose another name',
      fields: { name: 'c is in the queue already; choose another name' },
    });
    await expectStates(studio, {
      a: 'running',
      b: 'queued: number 1 in the queue',
      c: 'queued: number 2 in the queue',
    });
    expect((await studio.send('/api/queue/b', { method: 'DELETE' })).status).toBe(204);
    await stop(studio, 'a');
    await expectStates(studio, { a: 'stopped', c: 'running' });
    await stop(studio, 'c');
    await expectStates(studio, { a: 'stopped', c: 'stopped' });
  });

  it('and the queue survive the end of the studio', async () => {
    const studio = await open();
    await start(studio, 'a');
    await start(studio, 'b');
    await expectStates(studio, { a: 'running', b: 'queued: number 1 in the queue' });
    await studio.close();
    const next = await open(studio.folder);
    expect(await statesOf(next)).toEqual({ a: 'running', b: 'queued: number 1 in the queue' });
    await stop(next, 'a');
    await expectStates(next, { a: 'stopped', b: 'running' });
    await stop(next, 'b');
    await expectStates(next, { a: 'stopped', b: 'stopped' });
  });

  it('that fail before they begin say why', async () => {
    const studio = await open();
    await start(studio, 'a', 'svhn:missing');
    await expectStates(studio, { a: 'failed: data "missing": no such data set or folder' });
    expect((await studio.send('/api/queue/a', { method: 'DELETE' })).status).toBe(204);
    expect(await statesOf(studio)).toEqual({});
  });

  it('that are killed, or whose folder is deleted, are seen', async () => {
    const studio = await open();
    await start(studio, 'a');
    await expectStates(studio, { a: 'running' });
    const { pid } = JSON.parse(readFileSync(join(studio.folder, 'a', '.lock'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await expectStates(studio, { a: 'interrupted: its process ended unexpectedly; no checkpoint was saved' });
    await start(studio, 'b');
    await expectStates(studio, {
      a: 'interrupted: its process ended unexpectedly; no checkpoint was saved',
      b: 'running',
    });
    rmSync(join(studio.folder, 'a'), { recursive: true });
    await expectStates(studio, { b: 'running' });
    await stop(studio, 'b');
    await expectStates(studio, { b: 'stopped' });
  });

  it('are started once, however many pages ask', async () => {
    const studio = await open();
    const statuses = await Promise.all(Array.from({ length: 6 }, async () => (await start(studio, 'a')).status));
    expect(statuses.sort()).toEqual([202, 422, 422, 422, 422, 422]);
    await expectStates(studio, { a: 'running' });
    await stop(studio, 'a');
    await expectStates(studio, { a: 'stopped' });
    // A configuration that can be resumed.
    cpSync(join(await makeRun(join(temporaryFolder(), 'run')), 'config.json'), join(studio.folder, 'a', 'config.json'));
    const resumed = await Promise.all(
      Array.from({ length: 4 }, async () => (await studio.post('/api/runs/a/resume', {})).status),
    );
    expect(resumed.sort()).toEqual([202, 422, 422, 422]);
    await expectStates(studio, { a: 'running' });
    await stop(studio, 'a');
    await expectStates(studio, { a: 'stopped' });
  });

  it('end when their folder is deleted', async () => {
    const studio = await open();
    await start(studio, 'a');
    await expectStates(studio, { a: 'running' });
    const { pid } = JSON.parse(readFileSync(join(studio.folder, 'a', '.lock'), 'utf8')) as { pid: number };
    renameSync(join(studio.folder, 'a'), join(studio.folder, 'uploads'));
    const isAlive = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await expect.poll(isAlive, { timeout: 10_000 }).toBe(false);
    expect(await statesOf(studio)).toEqual({});
  });

  it('are not started from a damaged queue', async () => {
    const studio = await open();
    await studio.close();
    mkdirSync(join(studio.folder, '.studio'), { recursive: true });
    const command = [{ id: 'a', data: 'mnist', args: ['sample'] }];
    for (const text of ['{', '[{"id":1}]', 'null', JSON.stringify(command)]) {
      writeFileSync(join(studio.folder, '.studio', 'queue.json'), text);
      const next = await open(studio.folder);
      expect(await statesOf(next)).toEqual({});
      await next.close();
    }
  });
});

/** The file of a queue. */
const queueOf = ({ folder }: OpenedStudio) => join(folder, '.studio', 'queue.json');
const storedNames = (studio: OpenedStudio) =>
  (JSON.parse(readFileSync(queueOf(studio), 'utf8')) as { request: { name: string } }[]).map(
    ({ request }) => request.name,
  );

describe('the queue', () => {
  it('keeps every run that was accepted, however many are added and removed at once', async () => {
    const studio = await open();
    await start(studio, 'first');
    await expectStates(studio, { first: 'running' });
    const names = Array.from({ length: 12 }, (_, index) => `run-${index}`);
    const answers = await Promise.all(names.map((name) => start(studio, name)));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 202));
    expect(new Set(storedNames(studio))).toEqual(new Set(names));
    await Promise.all([
      ...names.slice(0, 6).map((name) => studio.send(`/api/queue/${name}`, { method: 'DELETE' })),
      ...names.map((name) => start(studio, `${name}b`)),
    ]);
    const left = [...names.slice(6), ...names.map((name) => `${name}b`)];
    expect(new Set(storedNames(studio))).toEqual(new Set(left));
    await studio.close();
    const next = await open(studio.folder);
    expect(new Set(Object.keys(await statesOf(next)))).toEqual(new Set(['first', ...left]));
    await Promise.all(left.map((name) => next.send(`/api/queue/${name}`, { method: 'DELETE' })));
    await stop(next, 'first');
    await expectStates(next, { first: 'stopped' });
  });

  it('loses no run if its file cannot be written, and accepts none', async () => {
    const studio = await open();
    await start(studio, 'a');
    await expectStates(studio, { a: 'running' });
    await start(studio, 'b');
    rmSync(queueOf(studio));
    // A folder in the place of the file.
    mkdirSync(join(queueOf(studio), 'x'), { recursive: true });
    expect((await start(studio, 'c')).status).toBe(422);
    await stop(studio, 'a');
    await expectStates(studio, { a: 'stopped', b: 'running' });
    rmSync(queueOf(studio), { recursive: true });
    await expect.poll(() => existsSync(queueOf(studio)), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => storedNames(studio)).toEqual([]);
    await stop(studio, 'b');
    await expectStates(studio, { a: 'stopped', b: 'stopped' });
  });

  const request = (name: string) => ({ kind: 'new', added: 0, request: { name, data: 'mnist', fields: {} } }) as const;

  /** A queue whose processes write a file with the name of their run. */
  async function openQueue(ready: Promise<void>) {
    const path = temporaryFolder();
    mkdirSync(join(path, '.studio'));
    const folder = await OwnFolder.at(path);
    const queue = await RunQueue.open({
      folder,
      program: [process.execPath, '-e', `require('node:fs').writeFileSync(process.argv[1], '')`],
      argumentsOf: async (queued) => {
        await ready;
        return [join(path, `ran-${queued.kind === 'new' ? queued.request.name : queued.run}`)];
      },
      limit: 1,
      stateOf: () => undefined,
      countTraining: () => 0,
      describe: String,
    });
    const stored = () => JSON.parse(readFileSync(join(path, '.studio', 'queue.json'), 'utf8')) as unknown[];
    return { queue, folder, stored };
  }

  it('writes its file one save after the other, so that an older one does not win', async () => {
    const { queue, folder, stored } = await openQueue(new Promise(() => undefined));
    const write = folder.write.bind(folder);
    vi.spyOn(folder, 'write').mockImplementationOnce(async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return write(...args);
    });
    void queue.add(request('a'));
    void queue.add(request('b'));
    await expect.poll(() => queue.isStarting('a')).toBe(true);
    await expect.poll(() => stored().length).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stored()).toEqual([request('a'), request('b')]);
  });

  it('knows a run at every moment of its start, and starts none that was removed', async () => {
    let proceed: () => void = () => undefined;
    const { queue, folder, stored } = await openQueue(new Promise((resolve) => (proceed = resolve)));
    const added = queue.add(request('a'));
    await expect.poll(() => queue.isStarting('a')).toBe(true);
    await expectInputError(() => queue.add(request('a')), 'a is in the queue already');
    expect(queue.summaries.map(({ id, state }) => [id, state])).toEqual([['a', 'starting']]);
    expect(await queue.remove('a')).toBe(true);
    proceed();
    await added;
    // The next one starts after it.
    await queue.add(request('b'));
    await expect.poll(() => existsSync(join(folder.path, 'ran-b')), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => queue.summaries).toEqual([]);
    expect(existsSync(join(folder.path, 'ran-a'))).toBe(false);
    await queue.advance();
    expect(stored()).toEqual([]);
    expect(queue.isEmpty).toBe(true);
  });

  it('tells a second request to resume a run to wait, and keeps names apart', async () => {
    const studio = await open();
    await makeRun(join(studio.folder, 'tiny'));
    await start(studio, 'a');
    await expectStates(studio, { a: 'running', tiny: expect.stringContaining('interrupted') as string });
    const resume = () => studio.post('/api/runs/tiny/resume', {});
    const answers = await Promise.all([resume(), resume()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 422]);
    const second = answers.find(({ status }) => status === 422)!;
    expect(second.json).toMatchObject({ message: 'tiny: in the queue already; wait until it trains' });
    await studio.send('/api/queue/tiny', { method: 'DELETE' });
    await stop(studio, 'a');
    await expect.poll(async () => (await statesOf(studio)).a, { timeout: 20_000 }).toBe('stopped');
  });

  it('starts no process in a folder that was replaced by a link', async () => {
    const studio = await open();
    const run = await makeRun(join(studio.folder, 'tiny'));
    await start(studio, 'a');
    await expectStates(studio, { a: 'running', tiny: expect.stringContaining('interrupted') as string });
    expect((await studio.post('/api/runs/tiny/resume', {})).status).toBe(202);
    const outside = temporaryFolder();
    cpSync(run, join(outside, 'tiny'), { recursive: true });
    rmSync(run, { recursive: true });
    symlinkSync(join(outside, 'tiny'), run);
    await stop(studio, 'a');
    await expectStates(studio, { a: 'stopped', tiny: 'failed: there is no such run' });
    expect(existsSync(join(outside, 'tiny', '.lock'))).toBe(false);
  });
});

describe('a page', () => {
  /** A live connection and the messages that it has received. */
  async function connect({ url, token }: OpenedStudio, follow: readonly string[]) {
    const messages: LiveMessage[] = [];
    const socket = new WebSocket(`ws://localhost:${url.port}/api/live`, {
      headers: { authorization: `Bearer ${token}` },
    });
    socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as LiveMessage));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ follow }));
    await expect.poll(() => messages.some(({ type }) => type === 'following')).toBe(true);
    return { messages, socket };
  }

  it('is sent what changes, and each entry of the runs that it follows once', async () => {
    const studio = await open();
    await start(studio, 'a');
    await expectStates(studio, { a: 'running' });
    const { messages } = await connect(studio, ['a']);
    const read = ((await studio.send('/api/runs/a/curves')).json as { steps: number[] }).steps;
    const entries = () =>
      messages.flatMap((message) => (message.type === 'entries' ? message.entries.map(({ step }) => step!) : []));
    await expect.poll(() => entries().length, { timeout: 10_000 }).toBeGreaterThan(20);
    const after = entries().filter((step) => step > read.at(-1)!);
    expect(after).toEqual(Array.from(after, (_, index) => read.at(-1)! + 1 + index));
    await stop(studio, 'a');
    const states = () =>
      messages.flatMap((message) => (message.type === 'runs' ? message.changed.map(({ state }) => state) : []));
    await expect.poll(states, { timeout: 10_000 }).toContain('stopped');
    rmSync(join(studio.folder, 'a'), { recursive: true });
    await expect
      .poll(() => messages.some((message) => message.type === 'runs' && message.removed.includes('a')), {
        timeout: 10_000,
      })
      .toBe(true);
  });

  it('reads curves again when the log was cut', async () => {
    const studio = await open();
    const run = await makeRun(join(studio.folder, 'tiny'));
    const log = join(run, 'log.jsonl');
    writeFileSync(log, '{"step":1}\n{"step":2}\n');
    await statesOf(studio);
    const { messages } = await connect(studio, ['tiny']);
    rmSync(log);
    writeFileSync(log, '{"step":1}\n');
    await expect.poll(() => messages.map(({ type }) => type), { timeout: 10_000 }).toContain('rewritten');
  });

  it('that does not read is disconnected', async () => {
    const studio = await open();
    const run = await makeRun(join(studio.folder, 'tiny'));
    await statesOf(studio);
    const { socket } = await connect(studio, ['tiny']);
    const terminate = vi.spyOn(WebSocket.prototype, 'terminate');
    socket.pause();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // The connection may be reset.
    socket.on('error', () => undefined);
    let step = 1000;
    const append = (lines: number, name: string) => {
      const entries = Array.from({ length: lines }, () => `{"step":${++step},"${name}":0.5}\n`);
      writeFileSync(join(run, 'log.jsonl'), entries.join(''), { flag: 'a' });
    };
    // 40 MB, more than the buffers of the system take, and less than a message may have.
    append(40_000, 'x'.repeat(1000));
    const sendOne = () => {
      append(1, 'a');
      return terminate.mock.calls.length;
    };
    await expect.poll(sendOne, { timeout: 30_000, interval: 200 }).toBe(1);
    socket.resume();
    await closed;
    expect(await statesOf(studio)).toHaveProperty('tiny');
  });
});
