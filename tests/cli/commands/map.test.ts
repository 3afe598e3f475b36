import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { openSource } from '../../../src/data/open.node.js';
import { gatherImages } from '../../../src/data/source.js';
import { classColors } from '../../../src/images/legend.js';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { contentsOf, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
const cache = sharedTemporaryFolder();
beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', cache);
  await makeTinyRun(join(cwd, 'run'));
  writeNoiseArchive(join(cwd, 'noise.npz'), 60);
  writeNoiseArchive(join(cwd, 'plain.npz'), 30, { labelled: false });
});
const map = (...args: readonly string[]) => resultOf(['map', 'run', ...args, '--threads', '1'], cwd);

/** The tiles of a map of framed 32x32 images, by cell: their pixels, and the color of their frame. */
async function tilesOf(file: string) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3);
  const cells = Array.from({ length: Math.floor(info.width / 36) * Math.floor(info.height / 36) }, (_, cell) => cell);
  return cells.map((cell) => {
    const [column, row] = [cell % Math.floor(info.width / 36), Math.floor(cell / Math.floor(info.width / 36))];
    const pixels = Uint8Array.from(
      { length: 1024 },
      (_, pixel) => at(column * 36 + 2 + (pixel % 32), row * 36 + 2 + Math.floor(pixel / 32))[0]!,
    );
    return {
      column,
      row,
      frame: Array.from(at(column * 36, row * 36)),
      pixels: Buffer.from(pixels).toString('base64'),
    };
  });
}

interface Point {
  index: number;
  label?: number;
  x: number;
  y: number;
}

describe('agenet map', () => {
  it('frames images of labeled data', async () => {
    const result = await map('npz:noise.npz', '--count', '40', '--cells', '9', '--scale', '1');
    expect(result).toMatchObject({
      out: 'map.png',
      data: 'npz:noise.npz',
      split: 'train',
      count: 40,
      seed: 0,
      method: 'pca',
    });
    expect(result.drawn).toBeGreaterThanOrEqual(20);
    const { width, channels } = await sharp(join(cwd, 'map.png')).metadata();
    expect([width, channels]).toEqual([9 * 36, 3]);
  });

  it('draws images of unlabeled data without frames', async () => {
    const result = await map('npz:plain.npz', '--cells', '5', '--scale', '1', '--out', 'plain.png');
    expect(result.count).toBeLessThan(30);
    expect((await sharp(join(cwd, 'plain.png')).metadata()).width).toBe(5 * 32);
  });

  it('draws each image, framed in the color of its class, where its coordinates are', async () => {
    const args = ['npz:noise.npz', '--count', '30'];
    const { drawn } = await map(...args, '--cells', '12', '--scale', '1', '--out', 'placed.png');
    await map(...args, '--out', 'placed.json');
    const { points } = JSON.parse(readFileSync(join(cwd, 'placed.json'), 'utf8')) as { points: Point[] };
    const tiles = await tilesOf(join(cwd, 'placed.png'));
    const { train } = await openSource(`npz:${join(cwd, 'noise.npz')}`);
    const placed = points.flatMap((point) => {
      const pixels = Buffer.from(gatherImages(train, [point.index], 1024)).toString('base64');
      const tile = tiles.find((each) => each.pixels === pixels);
      return tile ? [{ ...point, ...tile }] : [];
    });
    expect(placed).toHaveLength(drawn as number);
    for (const { frame, label } of placed) expect(frame).toEqual(classColors(3)[label!]);
    const range = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
    const unit = Math.max(range(points.map(({ x }) => x)), range(points.map(({ y }) => y))) / 12;
    // Images are moved by at most two cells.
    let compared = 0;
    for (const a of placed) {
      for (const b of placed) {
        if (a.x - b.x > 5 * unit) expect(a.column).toBeGreaterThan(b.column);
        if (a.y - b.y > 5 * unit) expect(a.row).toBeLessThan(b.row);
        compared += Number(a.x - b.x > 5 * unit || a.y - b.y > 5 * unit);
      }
    }
    expect(compared).toBeGreaterThan(20);
  });

  it('draws all images, as points if there is no room for a picture', async () => {
    const { train } = await openSource(`npz:${join(cwd, 'noise.npz')}`);
    const args = ['map', 'run', 'npz:noise.npz', '--cells', '4', '--threads', '1', '--out', 'full.png', '--scale', '1'];
    const { status, stdout } = await runCommand(args, cwd);
    expect(status).toBe(0);
    const [, all, count, drawn, points] =
      /^Wrote a map of (\d+) images to full\.png\n(\d+) images: (\d+) as pictures, and (\d+) as points/
        .exec(stdout)!
        .map(Number);
    expect([all, count]).toEqual([train.count, train.count]);
    expect(drawn).toBeLessThanOrEqual(16);
    expect(drawn! + points!).toBe(train.count);
  });

  it('draws the same image with UMAP for the same seed', async () => {
    for (const [file, seed] of Object.entries({ 'one.png': 1, 'same.png': 1, 'other.png': 2 })) {
      expect(
        await map('npz:noise.npz', '--method', 'umap', '--count', '40', '--seed', `${seed}`, '--out', file),
      ).toMatchObject({ method: 'umap', count: 40 });
    }
    const { 'one.png': one, 'same.png': same, 'other.png': other } = contentsOf(cwd);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it('writes seeded coordinates with a description of each image', async () => {
    for (const [file, seed] of Object.entries({ 'a.json': 1, 'b.json': 1, 'c.json': 2 })) {
      await map('npz:noise.npz', '--count', '20', '--seed', `${seed}`, '--out', file);
    }
    const read = (file: string) =>
      JSON.parse(readFileSync(join(cwd, file), 'utf8')) as {
        points: Point[];
        explained_variance_ratio: [number, number];
      };
    const { points, explained_variance_ratio: ratio } = read('a.json');
    expect(points).toHaveLength(20);
    expect(new Set(points.map(({ index }) => index)).size).toBe(20);
    for (const { label } of points) expect(label).toBeLessThan(3);
    // Principal components: centered, uncorrelated, and with variances in the stated ratio.
    const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
    const [xx, yy] = [mean(({ x }) => x * x), mean(({ y }) => y * y)];
    expect(xx).toBeGreaterThan(0);
    for (const moment of [mean(({ x }) => x) ** 2, mean(({ y }) => y) ** 2, mean(({ x, y }) => x * y)])
      expect(Math.abs(moment)).toBeLessThan(1e-9 * xx);
    expect(yy / xx).toBeCloseTo(ratio[1] / ratio[0], 6);
    expect(ratio[0] + ratio[1]).toBeLessThanOrEqual(1);
    expect(read('b.json').points).toEqual(points);
    expect(read('c.json').points).not.toEqual(points);
  });
});

const REFUSED: readonly Refusal[] = [
  ['an unknown method', ['run', 'npz:noise.npz', '--method', 'tsne'], ['--method', 'pca']],
  ['one image', ['run', 'npz:noise.npz', '--count', '1'], ['--count', 'from 2']],
  ['an unsupported extension', ['run', 'npz:noise.npz', '--out', 'map.gif'], ['--out map.gif', '.png', '.json']],
];

describe('agenet map rejects in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(() => {
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['map', ...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
