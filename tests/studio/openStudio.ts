/** A studio of a folder, with requests as a browser or an attacker sends them. */
import { request } from 'node:http';
import { afterEach } from 'vitest';
import { type RunningStudio, startStudio, type StudioOptions } from '../../src/studio/studio.node.js';
import { makeTinyRun } from '../cli/tinyRun.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** Makes a run folder with a checkpoint of iteration 3, and returns its path. */
export async function makeRun(path: string): Promise<string> {
  await makeTinyRun(path);
  return path;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
}

export interface OpenedStudio {
  folder: string;
  /** Its address with the token. */
  url: URL;
  token: string;
  failures: unknown[];
  /** Sends a request with the token, whose path is not changed in any way. */
  send: (
    path: string,
    options?: {
      method?: string;
      headers?: Record<string, string>;
      body?: string | Uint8Array;
    },
  ) => Promise<Answer>;
  post: (path: string, value: unknown) => Promise<Answer>;
  close: () => Promise<void>;
}

const opened: RunningStudio[] = [];
afterEach(async () => {
  for (const studio of opened.splice(0)) await studio.close();
});

/** A program that ends at once. */
const PROGRAM: StudioOptions['program'] = [process.execPath, '-e', '0'];

/** Opens a studio that ends with the test. */
export async function openStudio(options: Partial<StudioOptions> = {}): Promise<OpenedStudio> {
  const failures: unknown[] = [];
  const folder = options.folder ?? temporaryFolder();
  const studio = await startStudio({
    folder,
    port: 0,
    parallel: 1,
    program: PROGRAM,
    onFailure: (error) => failures.push(error),
    ...options,
  });
  opened.push(studio);
  const url = new URL(studio.urlWithToken);
  const token = url.searchParams.get('token')!;
  const send: OpenedStudio['send'] = (path, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const host = options.host ?? '127.0.0.1';
      const sent = request(
        {
          host,
          port: url.port,
          path,
          method,
          agent: false,
          headers: {
            host: `${options.host ?? 'localhost'}:${url.port}`,
            authorization: `Bearer ${token}`,
            ...headers,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () => {
            const text = Buffer.concat(pieces).toString('latin1');
            const isJson = response.headers['content-type']?.includes('json') ?? false;
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text,
              json: isJson ? JSON.parse(Buffer.concat(pieces).toString('utf8')) : undefined,
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const post = (path: string, value: unknown) =>
    send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });
  const close = async () => {
    opened.splice(opened.indexOf(studio), 1);
    await studio.close();
  };
  return { folder, url, token, failures, send, post, close };
}
