import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, type Refusal, resultOf } from '../runCommand.js';
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

interface Point {
  readonly index: number;
  readonly label?: number;
  readonly x: number;
  readonly y: number;
}

describe('agenet map', () => {
  it('draws images of labeled data with frames', async () => {
    const result = await map('npz:noise.npz', '--count', '40', '--cells', '9');
    expect(result).toMatchObject({ out: 'map.png', data: 'npz:noise.npz', split: 'train', count: 40, seed: 0, method: 'pca' });
    expect(result.drawn).toBeGreaterThanOrEqual(20);
    const { width, height, channels } = await sharp(join(cwd, 'map.png')).metadata();
    expect(Math.max(width, height)).toBe(9 * 34);
    expect(channels).toBe(3);
  });

  it('draws images of unlabeled data without frames', async () => {
    const result = await map('npz:plain.npz', '--cells', '5', '--out', 'plain.png');
    expect(result.count).toBeLessThan(30);
    const { width, height } = await sharp(join(cwd, 'plain.png')).metadata();
    expect(Math.max(width, height)).toBe(5 * 32);
  });

  it('draws the same image with UMAP for the same seed', async () => {
    for (const [file, seed] of Object.entries({ 'one.png': 1, 'same.png': 1, 'other.png': 2 })) {
      expect(await map('npz:noise.npz', '--method', 'umap', '--count', '40', '--seed', `${seed}`, '--out', file)).toMatchObject({ method: 'umap', count: 40 });
    }
    const { 'one.png': one, 'same.png': same, 'other.png': other } = contentsOf(cwd);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it('writes seeded coordinates with a description of each image', async () => {
    for (const [file, seed] of Object.entries({ 'a.json': 1, 'b.json': 1, 'c.json': 2 })) {
      await map('npz:noise.npz', '--count', '20', '--seed', `${seed}`, '--out', file);
    }
    const read = (file: string) => JSON.parse(readFileSync(join(cwd, file), 'utf8')) as { points: Point[]; explained_variance_ratio: [number, number] };
    const { points, explained_variance_ratio: ratio } = read('a.json');
    expect(points).toHaveLength(20);
    expect(new Set(points.map(({ index }) => index)).size).toBe(20);
    for (const { label } of points) expect(label).toBeLessThan(3);
    // Principal components: centered, uncorrelated, and with variances in the stated ratio.
    const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
    const [xx, yy] = [mean(({ x }) => x * x), mean(({ y }) => y * y)];
    expect(xx).toBeGreaterThan(0);
    for (const moment of [mean(({ x }) => x) ** 2, mean(({ y }) => y) ** 2, mean(({ x, y }) => x * y)]) expect(Math.abs(moment)).toBeLessThan(1e-9 * xx);
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
