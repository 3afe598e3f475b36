import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type Split, splitInMemory, subset } from '../../src/data/source.js';
import { allIndices, encodeSplit } from '../../src/model/chunks.js';
import { CodeCache } from '../../src/runs/codeCache.node.js';
import { randomStream } from '../../src/random.js';
import { tinyModel } from '../metrics/tinyClassifier.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { errorOf } from '../rejection.js';

const IMAGES = 500;
const { model, weights } = tinyModel();
const noise = randomStream(3, 'images');
const pixels = Uint8Array.from({ length: IMAGES * 1024 }, () => noise.below(256));
const split = splitInMemory(pixels, 1024, null);
const expected = await encodeSplit(model, split);
afterAll(() => model.release());

/** A process of its own, which remembers nothing of earlier requests. */
const open = (cacheFolder: string, changes: Partial<ConstructorParameters<typeof CodeCache>[1]> = {}) =>
  new CodeCache(model, { device: 'cpu', cacheFolder, limit: 1e6, ...changes });

/** Requests codes and expects the right ones; returns how many images were encoded for that. */
async function encodedFor(cache: CodeCache, images: Split = split, indices?: Uint32Array): Promise<number> {
  const encode = vi.spyOn(model, 'encode');
  const codes = await cache.codes(images, indices);
  const encoded = encode.mock.calls.reduce((sum, [{ x }]) => sum + x.length / 1024, 0);
  encode.mockRestore();
  if (images === split) expect(codes).toEqual(indices ? gather(indices) : expected);
  return encoded;
}

const gather = (indices: Uint32Array): Float32Array =>
  Float32Array.from(Array.from(indices).flatMap((index) => Array.from(expected.subarray(index * 8, index * 8 + 8))));
const filesIn = (cache: string): string[] =>
  readdirSync(join(cache, 'codes')).map((name) => join(cache, 'codes', name));

async function filled(): Promise<string> {
  const cache = temporaryFolder();
  expect(await encodedFor(open(cache))).toBe(IMAGES);
  return cache;
}

describe('the code cache', () => {
  it('encodes a split once, also for images of different names', async () => {
    const cache = await filled();
    expect(await encodedFor(open(cache))).toBe(0);
    expect(await encodedFor(open(cache), { ...split, nameOf: String })).toBe(0);
    expect(filesIn(cache)).toHaveLength(1);
  });

  it('serves some images from stored codes, and encodes only these if there are none', async () => {
    const some = Uint32Array.of(7, 3, 499);
    expect(await encodedFor(open(await filled()), split, some)).toBe(0);
    const empty = temporaryFolder();
    expect(await encodedFor(open(empty), split, some)).toBe(3);
    expect(readdirSync(empty)).toEqual([]);
  });

  it('stores all codes if most of them are requested', async () => {
    const cache = temporaryFolder();
    expect(await encodedFor(open(cache), split, allIndices(IMAGES).slice(0, 300))).toBe(IMAGES);
    expect(await encodedFor(open(cache))).toBe(0);
  });

  it.each<readonly [string, (file: string) => void]>([
    ['is empty', (file) => truncateSync(file, 0)],
    ['is truncated', (file) => truncateSync(file, statSync(file).size - 4)],
    [
      'has a wrong byte',
      (file) =>
        writeFileSync(
          file,
          readFileSync(file).map((byte, index, { length }) => (index === length - 2 ? byte ^ 1 : byte)),
        ),
    ],
    ['is a folder', (file) => (rmSync(file), mkdirSync(join(file, 'below'), { recursive: true }))],
  ])('encodes again, once, if the file %s', async (_, damage) => {
    const cache = await filled();
    damage(filesIn(cache)[0]!);
    expect(await encodedFor(open(cache))).toBe(IMAGES);
    expect(await encodedFor(open(cache))).toBe(0);
  });

  it('encodes again for a changed image, weight or device', async () => {
    const cache = await filled();
    const changed = splitInMemory(
      pixels.map((pixel, index) => (index === 12_345 ? pixel ^ 1 : pixel)),
      1024,
      null,
    );
    expect(await encodedFor(open(cache), changed)).toBe(IMAGES);
    const moved = {
      ...weights,
      'encoder.parameters': weights['encoder.parameters'].map((value, index) => (index === 3 ? value + 1 : value)),
    };
    const other = new CodeCache(model.withWeights(moved), { device: 'cpu', cacheFolder: cache, limit: 1e6 });
    await other.codes(split);
    expect(filesIn(cache)).toHaveLength(3);
    expect(await encodedFor(open(cache, { device: 'webgpu' }))).toBe(IMAGES);
    expect(await encodedFor(open(cache))).toBe(0);
  });

  it('removes the least recently used files beyond its limit, and stores nothing larger than that', async () => {
    const cache = await filled();
    const [first] = filesIn(cache) as [string];
    utimesSync(first, new Date(0), new Date(0));
    await encodedFor(open(cache, { device: 'webgpu', limit: 1.5 * statSync(first).size }));
    expect(filesIn(cache)).not.toContain(first);
    expect(filesIn(cache)).toHaveLength(1);
    const other = temporaryFolder();
    expect(await encodedFor(open(other, { limit: 1000 }))).toBe(IMAGES);
    expect(readdirSync(other)).toEqual([]);
  });

  it('does not store the codes of few images', async () => {
    const cache = temporaryFolder();
    await open(cache).codes(subset(split, allIndices(100)));
    expect(readdirSync(cache)).toEqual([]);
  });

  it('reports progress, and stores nothing if it is aborted', async () => {
    const cache = temporaryFolder();
    const onProgress = vi.fn();
    await encodedFor(open(cache, { onProgress }));
    expect(onProgress).toHaveBeenLastCalledWith(IMAGES, IMAGES);
    const aborted = temporaryFolder();
    expect(await errorOf(() => open(aborted, { signal: AbortSignal.abort('stop') }).codes(split))).toBe('stop');
    expect(readdirSync(aborted)).toEqual([]);
  });
});
