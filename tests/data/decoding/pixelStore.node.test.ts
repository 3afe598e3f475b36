import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DecodeCache, type UnfinishedEntry } from '../../../src/data/decoding/decodeCache.node.js';
import { createPixelStore, type PixelStore } from '../../../src/data/decoding/pixelStore.node.js';
import { expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';

const IMAGES = 30;
const shapeOf = (imageBytes = 2) => ({ key: 'a'.repeat(64), images: IMAGES, imageBytes });
const full = () => Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });

/** A cache on a disk that is full after a number of images. */
class SmallCache extends DecodeCache {
  constructor(
    path: string,
    private readonly space: number,
    private readonly refusesFlush = false,
  ) {
    super(path, 1e9);
  }

  override async begin(...parameters: Parameters<DecodeCache['begin']>): Promise<UnfinishedEntry> {
    const entry = await super.begin(...parameters);
    const write = entry.pixels.write.bind(entry.pixels);
    let written = 0;
    entry.pixels.write = (index, pixels) => {
      if (written++ >= this.space) throw full();
      write(index, pixels);
    };
    if (this.refusesFlush) entry.pixels.flush = () => Promise.reject(full());
    return entry;
  }
}

const numbers = Array.from({ length: IMAGES }, (_, index) => index);
const bytesIn = (store: PixelStore): number[] => {
  const target = new Uint8Array(2);
  return numbers.map((index) => {
    store.read(index, target, 0);
    expect(target[1]).toBe(target[0]);
    return target[0]!;
  });
};
const fill = (store: PixelStore) =>
  Promise.all([...numbers].reverse().map((index) => store.write(index, new Uint8Array(2).fill(index))));

describe('a pixel store', () => {
  it('publishes its cache entry if it has all images', async () => {
    const folder = temporaryFolder();
    const store = createPixelStore({ name: 'data', shape: shapeOf(), cache: new DecodeCache(folder, 1e9) });
    await fill(store);
    await store.publish([]);
    store.close();
    expect(readdirSync(join(folder, 'images'))).toEqual(['a'.repeat(64)]);
  });

  it('keeps further images in memory when the disk becomes full, warns once and leaves no files', async () => {
    const folder = temporaryFolder();
    const warnings: string[] = [];
    const store = createPixelStore({
      name: 'data',
      shape: shapeOf(),
      cache: new SmallCache(folder, 12),
      onWarning: (line) => warnings.push(line),
    });
    await fill(store);
    await store.publish([]);
    expect(bytesIn(store)).toEqual(numbers);
    expect(warnings).toEqual([expect.stringContaining(`${folder}: cannot write to the cache (the disk is full)`)]);
    store.close();
    expect(readdirSync(join(folder, 'images'))).toEqual([]);
  });

  it('keeps all images in memory if the cache cannot be written', async () => {
    const blocked = join(temporaryFolder(), 'file');
    writeFileSync(blocked, '');
    const store = createPixelStore({ name: 'data', shape: shapeOf(), cache: new DecodeCache(blocked, 1e9) });
    await fill(store);
    await store.publish([]);
    expect(bytesIn(store)).toEqual(numbers);
    store.close();
  });

  it('rejects images that exceed the memory limit', async () => {
    const folder = temporaryFolder();
    const store = createPixelStore({ name: 'data', shape: shapeOf(2 ** 27), cache: new SmallCache(folder, 0) });
    await expectInputError(
      () => store.write(3, Uint8Array.of(1)),
      'data: cannot write decoded images',
      folder,
      '4027 MB',
      'AGENET_CACHE',
    );
    store.close();
  });

  it('rejects images that the disk had accepted and then refuses', async () => {
    const store = createPixelStore({
      name: 'data',
      shape: shapeOf(),
      cache: new SmallCache(temporaryFolder(), 99, true),
    });
    await fill(store);
    await expectInputError(() => store.publish([]), 'data: cannot write decoded images', '1 MB');
    store.close();
  });

  it('writes nothing after it was closed', async () => {
    const folder = temporaryFolder();
    const store = createPixelStore({ name: 'data', shape: shapeOf(), cache: new DecodeCache(folder, 1e9) });
    const writing = store.write(0, Uint8Array.of(1, 1));
    store.close();
    await writing;
    await store.write(1, Uint8Array.of(1, 1));
    expect(existsSync(join(folder, 'images')) ? readdirSync(join(folder, 'images')) : []).toEqual([]);
  });
});
