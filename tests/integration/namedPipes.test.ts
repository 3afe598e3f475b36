/**
 * Only regular files are read: a named pipe, which would keep a command waiting for ever, is refused wherever a path is
 * given.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { npzArchive } from '../npzArchive.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { startCommand } from '../cli/runCommand.js';
import { makePicture, makeTinyRun } from '../cli/tinyRun.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PATIENCE_MS = 20_000;
const cwd = sharedTemporaryFolder();
const makePipe = (...path: readonly string[]) => execFileSync('mkfifo', [join(cwd, ...path)]);

beforeAll(async () => {
  for (const name of ['pipe', 'pipe.png', 'pipe.npz', 'pipe.yaml', 'pipe.onnx', 'pipe.safetensors']) makePipe(name);
  symlinkSync('pipe.png', join(cwd, 'link.png'));
  for (const folder of [
    'idx',
    'svhn',
    'cifar',
    'celeba',
    'config',
    'latest',
    'log',
    'best',
    'previews',
    'attribute',
    'probe',
    'photos',
  ])
    mkdirSync(join(cwd, folder));
  makePipe('idx', 'train-images-idx3-ubyte');
  makePipe('svhn', 'train_32x32.mat');
  for (const name of ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch'])
    makePipe('cifar', `${name}.bin`);
  await makePicture(join(cwd, 'celeba', '1.png'), 0, 255);
  makePipe('celeba', 'list_eval_partition.txt');
  await makePicture(join(cwd, 'one.png'), 0, 255);
  const checkpoint = await makeTinyRun(join(cwd, 'run'));
  for (const run of ['config', 'latest', 'log', 'previews', 'attribute', 'probe', 'evaluated'])
    await makeTinyRun(join(cwd, run));
  rmSync(join(cwd, 'config', 'config.json'));
  makePipe('config', 'config.json');
  makePipe('latest', 'checkpoints', '000004.safetensors');
  makePipe('log', 'log.jsonl');
  makePipe('previews', 'samples', '000001.png');
  for (const [run, folder] of [
    ['attribute', 'attributes'],
    ['probe', 'probes'],
  ] as const) {
    mkdirSync(join(cwd, run, folder));
    makePipe(run, folder, 'x.safetensors');
  }
  makePipe('evaluated', 'evaluation-000003.json');
  copyFileSync(checkpoint, join(cwd, 'copy.safetensors'));
  writeFileSync(join(cwd, 'x.npz'), npzArchive({ images: { shape: [20, 32, 32], data: new Uint8Array(20 * 1024) } }));
});

/** Runs a command that must end by itself. */
async function finish(args: readonly string[]): Promise<{ status: number | null; stderr: string }> {
  const { child, finished } = startCommand(args, cwd);
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const result = await finished;
  clearTimeout(timer);
  return result;
}

const PIPE = 'expected a regular file but got a named pipe';

describe('a named pipe is rejected in one line, without waiting for its content:', () => {
  it.concurrent.each<readonly [title: string, args: readonly string[], file: string]>([
    ['an archive to train on', ['train', 'npz:pipe.npz', '--out', 'new'], 'pipe.npz'],
    ['IDX files', ['dataset', 'idx:idx'], 'train-images-idx3-ubyte'],
    ['SVHN', ['dataset', 'svhn:svhn'], 'train_32x32.mat'],
    ['CIFAR-10', ['dataset', 'cifar10:cifar'], 'data_batch_'],
    ["CelebA's partition", ['dataset', 'celeba:celeba'], 'list_eval_partition.txt'],
    ['settings', ['train', 'mnist', '--config', 'pipe.yaml', '--out', 'new'], 'pipe.yaml'],
    ['initial weights', ['train', 'mnist', '--init-from', 'pipe.safetensors', '--out', 'new'], 'pipe.safetensors'],
    ['an image to reconstruct', ['reconstruct', 'run', 'pipe.png'], 'pipe.png'],
    ['a link to one', ['reconstruct', 'run', 'link.png'], 'link.png'],
    ['an image among others', ['reconstruct', 'run', 'one.png', 'pipe'], 'pipe'],
    ['an image to search', ['search', 'run', '--image', 'pipe.png'], 'pipe.png'],
    ['an image to sample around', ['sample', 'run', '--like', 'pipe.png'], 'pipe.png'],
    ['an image to interpolate through', ['interpolate', 'run', 'one.png', 'pipe.png'], 'pipe.png'],
    ['data to encode', ['encode', 'run', 'npz:pipe.npz'], 'pipe.npz'],
    ['a checkpoint', ['sample', 'pipe.safetensors'], 'pipe.safetensors'],
    ['the latest checkpoint of a run', ['sample', 'latest'], '000004.safetensors'],
    ['the configuration of a run', ['train', 'mnist', '--resume', '--out', 'config'], 'config.json'],
    ['the log of a run', ['train', 'mnist', '--resume', '--out', 'log'], 'log.jsonl'],
    ['a preview', ['timelapse', 'previews'], '000001.png'],
    ['an attribute', ['sample', 'attribute', '--along', 'x'], 'x.safetensors'],
    ['a probe', ['classify', 'probe', 'one.png'], 'x.safetensors'],
    ['an image model', ['evaluate', 'run', '--metrics', 'fid', '--features', 'pipe.onnx'], 'pipe.onnx'],
    ['a golden file', ['verify', 'pipe.safetensors'], 'pipe.safetensors'],
  ])('%s', { timeout: 120_000 }, async (_, args, file) => {
    const { status, stderr } = await finish(args);
    expect(stderr).toMatch(/^agenet: [^\n]+\n$/);
    expect(stderr).toContain(file);
    expect([status, stderr]).toEqual([2, expect.stringContaining(PIPE)]);
  });

  it('an evaluation', { timeout: 120_000 }, async () => {
    expect(await finish(['compare', 'evaluated'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('evaluation-000003.json') as string,
    });
  });
});

it('a socket is rejected', async () => {
  const path = join(temporaryFolder(), 'socket');
  const server = createServer().listen(path);
  await new Promise((resolve) => server.on('listening', resolve));
  const { status, stderr } = await finish(['sample', path]);
  server.close();
  expect([status, stderr]).toEqual([2, expect.stringContaining('expected a regular file but got a socket')]);
});

it('a device is rejected', async () => {
  expect(await finish(['encode', 'run', 'npz:/dev/zero'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('regular file but got a device') as string,
  });
});

describe('/dev/stdin', () => {
  const config = (input: string) =>
    new Promise<{ status: number | null; stderr: string }>((resolve) => {
      const child = spawn(
        'sh',
        [
          '-c',
          `${input} "${process.execPath}" "${MAIN}" train npz:x.npz --config /dev/stdin --out stdin --dry-run --threads 1`,
        ],
        {
          cwd,
        },
      );
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('close', (status) => resolve({ status, stderr }));
    });

  it('is rejected if it is a pipe', async () => {
    expect(await config('echo "width: 4" |')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`/dev/stdin: cannot be read (${PIPE})`) as string,
    });
  });

  it('is read if it is a file', async () => {
    writeFileSync(join(cwd, 'small.yaml'), 'width: 4\nbatch: 4\nlatent: 8\n');
    const { status, stderr } = await config('< small.yaml');
    expect(status, stderr).toBe(0);
  });
});
