/** Carries out a case for the studio, and returns the rules that it breaks. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { encodeConfiguration } from '../dist/training/checkpoint.js';
import { parseConfiguration } from '../dist/training/configurationSchema.js';
import { startStudio } from '../dist/studio/studio.node.js';
import { makeFifo } from './files.mjs';
import { RUNS } from './studioCases.mjs';

const PROGRAM = fileURLToPath(new URL('studioProgram.sh', import.meta.url));
/** Contents of files beside the studio's folder, which no answer may contain. */
const SECRET = 'not for readers';
/** An answer that takes longer is a hang. */
const LIMIT_MS = 20_000;
/** Milliseconds after which every process of a case has ended. */
const SETTLING_MS = 5000;

const IMAGE = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
  .png()
  .toBuffer();
const CONTENTS = { image: IMAGE, empty: Buffer.alloc(0), text: Buffer.from('no image') };
const CONFIGURATION = Buffer.from(
  encodeConfiguration(
    parseConfiguration({
      data: 'svhn:missing',
      network: 'dcgan32',
      size: 32,
      channels: 1,
      width: 4,
      latent: 8,
      batch: 4,
      length: { steps: 4 },
    }),
  ),
);

/** Runs a case in a new folder. */
export class StudioSession {
  broken = [];
  /** Names that the queue has accepted, and neither removed nor had changed beneath it. */
  #accepted = new Set();
  /** Tags of runs as acknowledged; undefined if their files were changed. */
  #tags = new Map(RUNS.map((run) => [run, new Set()]));
  /** Number of files of uploaded data sets as acknowledged. */
  #files = new Map();
  #studio;
  #port;
  #token;

  /** @param {string} root an empty folder */
  constructor(root) {
    this.root = realpathSync(root);
    this.folder = join(this.root, 'runs');
    this.outside = join(this.root, 'outside');
    for (const run of RUNS) writeRun(join(this.folder, run));
    writeRun(this.outside);
    writeFileSync(join(this.outside, 'tags.json'), JSON.stringify([SECRET]));
    writeFileSync(join(this.outside, 'samples', '000003.png'), SECRET);
  }

  /**
   * @param {import('./studioCases.mjs').Step[]} steps
   * @returns {Promise<string[]>} the rules that the case breaks, one line each
   */
  async run(steps) {
    const before = snapshot(this.outside);
    await this.#open();
    for (const step of steps) {
      if (step.change) {
        // The program that stands for `agenet` writes through links.
        await this.#settle();
        this.#change(step.change);
      } else if (step.restart) await this.#restart();
      else await this.#sendAll(step.requests);
    }
    await this.#restart();
    await this.#checkAcknowledged();
    await this.#settle();
    await this.#studio.close();
    if (snapshot(this.outside) !== before) this.broken.push('a file outside the folder was changed');
    const beside = readdirSync(this.root).filter((name) => name !== 'runs' && name !== 'outside');
    if (beside.length > 0) this.broken.push(`${beside.join(', ')} appeared outside the folder`);
    return this.broken;
  }

  async #open() {
    this.#studio = await startStudio({
      folder: this.folder,
      port: 0,
      parallel: 1,
      data: ['svhn:missing'],
      program: ['/bin/sh', PROGRAM],
      onFailure: (error) => this.broken.push(`a defect: ${error instanceof Error ? error.stack : String(error)}`),
    });
    const url = new URL(this.#studio.urlWithToken);
    this.#port = url.port;
    this.#token = url.searchParams.get('token');
  }

  async #restart() {
    await this.#checkAcknowledged();
    await this.#studio.close();
    await this.#open();
  }

  /**
   * Sends requests at once. Their answers do not tell which of them came first, so that a run they add and remove no
   * longer counts.
   */
  async #sendAll(requests) {
    await Promise.all(requests.map((each) => this.#send(each)));
    if (requests.length === 1) return;
    for (const name of this.#accepted)
      if (requests.some(({ method, path }) => method !== 'GET' && path.split('/').includes(name)))
        this.#accepted.delete(name);
  }

  async #send(each) {
    const upload = typeof each.body === 'object' ? each.body : undefined;
    const answer = await this.#request(
      each.method,
      each.path,
      {
        ...(upload
          ? { 'content-type': `multipart/form-data; boundary=${upload.boundary}` }
          : each.type
            ? { 'content-type': each.type }
            : {}),
      },
      upload ? formOf(upload) : each.body,
    ).catch((error) => ({ error }));
    const line = `${each.method} ${each.path}`;
    if (answer.error) {
      this.broken.push(`${line}: ${answer.error.message}`);
      return;
    }
    this.#checkAnswer(line, answer);
    this.#note(each, answer);
  }

  #request(method, path, headers = {}, body = undefined) {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          method,
          path,
          agent: false,
          timeout: LIMIT_MS,
          headers: { host: `localhost:${this.#port}`, authorization: `Bearer ${this.#token}`, ...headers },
        },
        (response) => {
          const pieces = [];
          response.on('data', (piece) => pieces.push(piece));
          response.on('end', () =>
            resolve({
              status: response.statusCode,
              type: response.headers['content-type'] ?? '',
              text: Buffer.concat(pieces).toString(),
            }),
          );
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${LIMIT_MS} ms`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }

  #checkAnswer(line, { status, type, text }) {
    if (status >= 500) this.broken.push(`${line}: status ${status} ${text.slice(0, 200)}`);
    if (text.includes(SECRET) || text.includes(this.outside))
      this.broken.push(`${line}: the answer has something from outside the folder`);
    if (!type.includes('json') || status < 400) return;
    const { message } = parsed(text) ?? {};
    if (typeof message !== 'string' || message.trim() === '' || /[\n\r]|\[object/u.test(message))
      this.broken.push(`${line}: the message ${JSON.stringify(message)}`);
  }

  /** Notes what an answer acknowledges. */
  #note({ method, path, body }, { status, text }) {
    if (method === 'POST' && path === '/api/queue' && status === 202) this.#accepted.add(JSON.parse(body).name);
    const [, queued] = /^\/api\/queue\/([^/]+)$/u.exec(path) ?? [];
    if (method === 'DELETE' && queued !== undefined && status === 204)
      this.#accepted.delete(decodeURIComponent(queued));
    const [, deleted] = /^\/api\/runs\/([^/]+)$/u.exec(path) ?? [];
    if (method === 'DELETE' && deleted !== undefined && status === 204) {
      this.#tags.delete(decodeURIComponent(deleted));
      this.#accepted.delete(decodeURIComponent(deleted));
    }
    const [, stopped] = /^\/api\/runs\/([^/]+)\/steering$/u.exec(path) ?? [];
    if (stopped !== undefined && status === 202) this.#accepted.delete(decodeURIComponent(stopped));
    const [, run, tag] = /^\/api\/runs\/([^/]+)\/tags\/(.+)$/u.exec(path) ?? [];
    const tags = run === undefined ? undefined : this.#tags.get(decodeURIComponent(run));
    if (tags && status === 200) tags[method === 'PUT' ? 'add' : 'delete'](decodeURIComponent(tag).trim());
    const set = /^\/api\/data\/([^/]+)/u.exec(path)?.[1];
    if (method === 'POST' && set !== undefined && status === 200)
      this.#files.set(
        decodeURIComponent(set),
        Math.max(this.#files.get(decodeURIComponent(set)) ?? 0, JSON.parse(text).upload.images),
      );
    if (method === 'DELETE' && set !== undefined && status === 204) this.#files.delete(decodeURIComponent(set));
  }

  /** Changes the folder beneath the studio. What was acknowledged about the changed path no longer counts. */
  #change({ action, path, bytes }) {
    const target = join(this.folder, path);
    // Through a link of an earlier change, this would be outside.
    if (existsSync(dirname(target)) && realpathSync(dirname(target)) !== dirname(target)) return;
    const first = path.split('/')[0];
    for (const run of [...RUNS, 'sweep']) if (run.split('/')[0] === first) this.#tags.delete(run);
    this.#accepted.delete(first);
    if (first === 'uploads') this.#files.clear();
    if (first === '.studio') this.#accepted.clear();
    try {
      if (action !== 'restore') rmSync(target, { recursive: true, force: true });
      if (action === 'remove') return;
      mkdirSync(dirname(target), { recursive: true });
      if (action === 'link') symlinkSync(this.outside, target);
      else if (action === 'pipe') makeFifo(target);
      else if (action === 'folder') mkdirSync(target, { recursive: true });
      else if (action === 'bytes') writeFileSync(target, Buffer.from(bytes));
      else if (RUNS.includes(path)) {
        rmSync(target, { recursive: true, force: true });
        writeRun(target);
      }
    } catch (error) {
      // An earlier change has put a file or a link in the place of a folder.
      if (!['ENOTDIR', 'EEXIST', 'ENOENT'].includes(error.code)) throw error;
    }
  }

  /** Compares the disk with what was acknowledged. */
  async #checkAcknowledged() {
    const listed = parsed((await this.#request('GET', '/api/runs')).text);
    if (!Array.isArray(listed)) {
      this.broken.push('the list of runs is no list');
      return;
    }
    for (const name of this.#accepted) {
      const run = listed.find(({ id }) => id === name);
      if (!run && !existsSync(join(this.folder, name))) this.broken.push(`${name} was accepted, and is gone`);
      // Failures are in memory only.
      if (run?.state === 'failed') this.#accepted.delete(name);
    }
    for (const [run, tags] of this.#tags) {
      const found = listed.find(({ id }) => id === run);
      if (found && [...tags].sort().join() !== [...found.tags].sort().join())
        this.broken.push(`${run} has the tags ${found.tags} instead of ${[...tags]}`);
    }
    for (const [set, count] of this.#files) {
      const files = readdirSync(join(this.folder, 'uploads', set)).length;
      if (files < count) this.broken.push(`${set} has ${files} of ${count} files`);
    }
  }

  /** Waits until no process of the case writes any more. */
  async #settle() {
    const end = performance.now() + SETTLING_MS;
    while (performance.now() < end) {
      const runs = parsed((await this.#request('GET', '/api/runs')).text) ?? [];
      if (!runs.some(({ state }) => state === 'starting' || state === 'queued')) return;
      await setTimeout(20);
    }
  }
}

function writeRun(path) {
  for (const name of ['samples', 'reconstructions', 'codes', 'checkpoints'])
    mkdirSync(join(path, name), { recursive: true });
  writeFileSync(join(path, 'config.json'), CONFIGURATION);
  writeFileSync(join(path, 'log.jsonl'), '{"step":1,"encoder.match_x":1}\n{"step":2,"encoder.match_x":0.5}\n');
  writeFileSync(join(path, 'checkpoints', '000003.safetensors'), 'a checkpoint');
  writeFileSync(join(path, 'samples', '000003.png'), 'an image');
}

const formOf = ({ boundary, parts }) =>
  Buffer.concat([
    ...parts.flatMap(({ name, file, content }) => [
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"; filename="${file}"\r\n\r\n`),
      CONTENTS[content],
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The files below a folder with their contents, as text. */
const snapshot = (folder) =>
  JSON.stringify(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const found = lstatSync(path);
        return [
          path,
          found.mode,
          found.isFile() ? readFileSync(path, 'latin1') : found.isSymbolicLink() ? readlinkSync(path) : '',
        ];
      })
      .sort(),
  );
