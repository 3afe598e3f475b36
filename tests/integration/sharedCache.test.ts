/** Several processes that fill the same cache, or find it damaged, at the same time. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { startCommand } from '../cli/runCommand.js';
import { bytesIn } from '../cli/tinyRun.js';

const COUNT = 400;
const cwd = sharedTemporaryFolder();
const cache = sharedTemporaryFolder();
const entries = () => readdirSync(join(cache, 'images'));

beforeAll(async () => {
  mkdirSync(join(cwd, 'photos'));
  for (let number = 0; number < COUNT; number++) {
    const level = number % 256;
    await sharp({
      create: { width: 20, height: 20, channels: 3, background: { r: level, g: 255 - level, b: 7 } },
    }).toFile(join(cwd, 'photos', `${number}.png`));
  }
});

/** Packs the photos in a process of its own; the first channel of the first pixel of each image. */
async function pack(out: string): Promise<number[]> {
  const args = ['dataset', 'photos', '--size', '16', '--out', out, '--json'];
  const { status, stdout, stderr } = await startCommand(args, cwd, { AGENET_CACHE: cache }).finished;
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ skipped: [] });
  const { shape, data } = bytesIn(unzipSync(readFileSync(join(cwd, out)))['images.npy']);
  return Array.from({ length: shape[0]! }, (_, image) => data[image * 16 * 16 * 3]!);
}

describe('two processes that decode the same images concurrently', () => {
  it('get the same correct pixels, and leave one entry', async () => {
    const [first, second] = await Promise.all([pack('a.npz'), pack('b.npz')]);
    expect(first).toEqual(second);
    expect(new Set(first).size).toBeGreaterThan(200);
    expect(entries()).toHaveLength(1);
  });

  it('get the correct pixels even if both find a damaged entry', async () => {
    const right = await pack('a.npz');
    const file = join(cache, 'images', entries()[0]!, 'pixels');
    const bytes = readFileSync(file);
    bytes[0]! ^= 1;
    writeFileSync(file, bytes);
    const [first, second] = await Promise.all([pack('b.npz'), pack('c.npz')]);
    expect([first, second]).toEqual([right, right]);
    expect(entries()).toHaveLength(1);
    expect(readFileSync(join(cache, 'images', entries()[0]!, 'pixels'))[0]).toBe(bytes[0]! ^ 1);
  });
});
