import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { keepInputs, prepareOutput, writeJson, writeImage } from '../../src/cli/output.js';
import { readPicture } from '../../src/images/files.node.js';
import { npzArchive } from '../npzArchive.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { writeImages } from '../data/imageFiles.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { contentsOf, makeTinyRun } from './tinyRun.js';
import { expectBadInput, startShell } from './runCommand.js';

const pixel = { width: 1, height: 1, channels: 1, data: Uint8Array.of(7) } as const;

/** A file in a new folder. */
function fileOf(name: string, contents: string | Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, contents);
  return path;
}

describe('the output path', () => {
  it('is a new file, in folders that are created on writing', async () => {
    const out = join(temporaryFolder(), 'new', 'folder', 'sheet.png');
    expect(await prepareOutput({ out }, ['image', 'npz'])).toBe('image');
    expect(existsSync(join(out, '..'))).toBe(false);
    await writeImage(out, pixel);
    expect(readFileSync(out).subarray(1, 4).toString()).toBe('PNG');
  });

  it('is a .webp file for an image without loss, unless that is too large for WebP', async () => {
    const out = join(temporaryFolder(), 'sheet.WebP');
    expect(await prepareOutput({ out }, ['image', 'npz'])).toBe('image');
    expect(await prepareOutput({ out }, ['animation', 'image'])).toBe('animation');
    const image = { width: 3, height: 1, channels: 1, data: Uint8Array.of(7, 128, 255) } as const;
    await writeImage(out, image);
    expect(readFileSync(out).toString('latin1', 8, 12)).toBe('WEBP');
    expect((await readPicture(out)).data.filter((_, index) => index % 3 === 0)).toEqual(Buffer.from(image.data));
    const long = { ...image, width: 16_384, data: new Uint8Array(16_384) };
    await expectInputError(() => writeImage(out, long), '16384x1 pixels', '.png');
  });

  it('may be an earlier result, or an empty file', async () => {
    const folder = temporaryFolder();
    const [png, json, npz] = ['a.png', 'a.json', 'a.npz'].map((name) => join(folder, name)) as [string, string, string];
    await writeImage(png, pixel);
    await writeJson(json, { out: json, points: [] });
    writeFileSync(npz, npzArchive({ arr_0: { shape: [1], data: Uint8Array.of(1) } }));
    expect(await prepareOutput({ out: png }, ['image'])).toBe('image');
    expect(await prepareOutput({ out: json }, ['json'])).toBe('json');
    expect(await prepareOutput({ out: npz }, ['npz'])).toBe('npz');
    expect(await prepareOutput({ out: fileOf('empty.gif', '') }, ['animation'])).toBe('animation');
  });

  it.each([
    ['a.png', 'GIF89a'],
    ['a.gif', 'RIFF....WEBPVP8 '],
    ['a.webp', '\x89PNG'],
    ['a.npz', 'notes'],
    ['a.mp4', 'RIFF....WEBPVP8 '],
    ['package.json', '{"name": "mine"}'],
  ])('is not %s with other contents, unless --force is given', async (name, contents) => {
    // A video requires ffmpeg, which may not be installed.
    const programs = temporaryFolder();
    writeFileSync(join(programs, 'ffmpeg'), '#!/bin/sh\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${programs}:${process.env.PATH}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const out = fileOf(name, contents);
    const kinds = ['image', 'npz', 'animation', 'json'] as const;
    await expectInputError(() => prepareOutput({ out }, kinds), `out ${out}: exists, and`, 'force');
    await prepareOutput({ out, force: true }, kinds);
    expect(readFileSync(out, 'utf8')).toBe(contents);
  });

  it('is not a folder, a named pipe, or empty', async () => {
    const folder = temporaryFolder();
    const [inTheWay, pipe] = [join(folder, 'folder.png'), join(folder, 'pipe.png')];
    mkdirSync(inTheWay);
    execFileSync('mkfifo', [pipe]);
    await expectInputError(() => prepareOutput({ out: inTheWay, force: true }, ['image']), 'exists and is not a file');
    await expectInputError(() => prepareOutput({ out: pipe, force: true }, ['image']), 'exists and is not a file');
    await expectInputError(() => prepareOutput({ out: '' }, ['image', 'folder']), 'out: expected a path');
    await expectInputError(
      () => prepareOutput({ out: '--threads' }, ['folder']),
      'out --threads: expected a path but got an option',
    );
  });

  it('is not an input file, by any path', async () => {
    const input = fileOf('mine.png', '\x89PNG');
    const link = join(temporaryFolder(), 'link.png');
    symlinkSync(input, link);
    await expectInputError(
      () => prepareOutput({ out: link, force: true }, ['image'], ['other.png', input]),
      'is what the command reads',
    );
  });

  it('is not a file of an input folder or data set, but may be a new file there', async () => {
    const folder = temporaryFolder();
    for (const name of ['photo.png', 'images.npz'])
      writeFileSync(join(folder, name), name.endsWith('png') ? '\x89PNG' : 'PK', 'latin1');
    for (const data of [folder, `folder:${folder}`]) {
      await expectInputError(
        () => prepareOutput({ out: join(folder, 'photo.png'), force: true }, ['image'], [data]),
        `one of the files in ${data}`,
      );
      expect(await prepareOutput({ out: join(folder, 'sheet.png') }, ['image'], [data])).toBe('image');
    }
    const archive = join(folder, 'images.npz');
    await expectInputError(() => keepInputs(archive, [`npz:${archive}`]), 'is what the command reads');
    await keepInputs(join(folder, 'photo.png'), ['mnist', `npz:${archive}`]);
  });
});

describe('a command does not replace its own data:', () => {
  it.each([
    ['encode', ['encode', 'run', '--out', 'images.npz']],
    ['dataset', ['dataset', 'npz:images.npz', '--out', 'images.npz']],
    ['map', ['map', 'run', 'photos', '--out', 'photos/1.png']],
    ['search', ['search', 'run', 'photos', '--image', 'photos/2.png', '--out', 'photos/1.png']],
    ['reconstruct', ['reconstruct', 'run', 'photos', '--out', 'photos/1.png']],
  ])('%s', async (_, args) => {
    const cwd = temporaryFolder();
    const pixels = { shape: [20, 32, 32, 1], data: new Uint8Array(20 * 1024) };
    writeFileSync(join(cwd, 'images.npz'), npzArchive({ images: pixels }));
    await writeImages(
      join(cwd, 'photos'),
      Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}.png`, index])),
    );
    await makeTinyRun(join(cwd, 'run'), tinyConfiguration({ data: 'npz:images.npz' }));
    const before = contentsOf(cwd);
    await expectBadInput([...args, '--force'], cwd, '--out', 'the command reads');
    expect(contentsOf(cwd)).toEqual(before);
  });
});

describe('options that would have no effect are rejected:', () => {
  it.each([
    ['interpolate', ['one.png', 'two.png', '--rows', '3'], '--rows'],
    ['map', ['--out', 'map.json', '--cells', '3'], '--cells'],
    ['map', ['--out', 'map.json', '--scale', '3'], '--scale'],
    ['sample', ['--out', 'a.npz', '--captions'], '--captions'],
    ['evaluate', ['--features-mean', '0.5'], '--features-mean'],
    ['evaluate', ['--features-size', '32'], '--features-size'],
  ])('%s %s', async (command, args, flag) => {
    const cwd = temporaryFolder();
    await makeTinyRun(join(cwd, 'run'));
    await expectBadInput([command, 'run', ...args], cwd, flag);
  });

  it.each([
    ['--evaluate-metrics', 'fid'],
    ['--evaluate-samples', '10'],
    ['--save-best', 'fid'],
    ['--ema-start', '10', '--ema', '0'],
  ])('train %s', async (...args) => {
    await expectBadInput(['train', 'mnist', ...args], temporaryFolder(), args[0]);
  });
});

it('a result that standard output cannot accept is a failure with a reason', async () => {
  const { status, stderr } = await startShell('$AGENET doctor > /dev/full', temporaryFolder()).finished;
  expect([status, stderr]).toEqual([1, 'agenet: standard output: cannot be written (the disk is full)\n']);
});
