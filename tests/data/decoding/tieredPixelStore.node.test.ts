import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DecodeCache } from '../../../src/data/decoding/decodeCache.node.js';
import { TieredPixelStore } from '../../../src/data/decoding/tieredPixelStore.node.js';
import type { PixelSink } from '../../../src/data/decoding/pixelStore.node.js';
import { expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';

const IMAGES = 30;
const shapeOf = (imageBytes = 2) => ({ key: 'a'.repeat(64), images: IMAGES, imageBytes });
const full = () => Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });

/** A cache on a disk that is full after so many images. */
class SmallCache extends DecodeCache {
  constructor(
    path: string,
    private readonly room: number,
    private readonly refusesFlush = false,
  ) {
    super(path, 1e9);
  }

  override async begin(...parameters: Parameters<DecodeCache['begin']>): Promise<PixelSink> {
    const sink = await super.begin(...parameters);
    const { room, refusesFlush } = this;
    let written = 0;
    return {
      read: sink.read.bind(sink),
      close: sink.close.bind(sink),
      keep: sink.keep.bind(sink),
      flush: () => (refusesFlush ? Promise.reject(full()) : sink.flush()),
      write: (index, pixels) => {
        if (written++ >= room) throw full();
        sink.write(index, pixels);
      },
    };
  }
}

const numbers = Array.from({ length: IMAGES }, (_, index) => index);
const bytesIn = (rooms: TieredPixelStore): number[] => {
  const target = new Uint8Array(2);
  return numbers.map((index) => {
    rooms.read(index, target, 0);
    expect(target[1]).toBe(target[0]);
    return target[0]!;
  });
};
const fill = (rooms: TieredPixelStore) => Promise.all([...numbers].reverse().map((index) => rooms.write(index, new Uint8Array(2).fill(index))));

describe('a disk that fills up while images are decoded', () => {
  it('keeps what it has; the others go to the temporary folder, which is said once, and nothing stays', async () => {
    const [folder, temporary] = [temporaryFolder(), temporaryFolder()];
    const warnings: string[] = [];
    const cache = new SmallCache(folder, 12);
    const rooms = new TieredPixelStore({ name: 'data', shape: shapeOf(), cache, temporaryFolder: temporary, onWarning: (line) => warnings.push(line) });
    await fill(rooms);
    await rooms.keep([]);
    expect(bytesIn(rooms)).toEqual(numbers);
    expect(warnings).toEqual([expect.stringContaining(`${folder}: decoded images cannot be kept there`)]);
    rooms.close();
    expect([readdirSync(join(folder, 'images')), readdirSync(temporary)]).toEqual([[], []]);
  });

  it('is helped by memory where there is no temporary folder', async () => {
    const rooms = new TieredPixelStore({
      name: 'data',
      shape: shapeOf(),
      cache: new SmallCache(temporaryFolder(), 12),
      temporaryFolder: join(temporaryFolder(), 'none'),
    });
    await fill(rooms);
    expect(bytesIn(rooms)).toEqual(numbers);
    rooms.close();
  });

  it('is an error where memory would not do', async () => {
    const folder = temporaryFolder();
    const rooms = new TieredPixelStore({
      name: 'data',
      shape: shapeOf(2 ** 25),
      cache: new SmallCache(folder, 0),
      temporaryFolder: join(temporaryFolder(), 'none'),
    });
    await expectInputError(() => rooms.write(3, Uint8Array.of(1)), 'data: 1007 MB of decoded images fit neither into the cache', folder, 'AGENET_CACHE');
    rooms.close();
  });

  it('is an error where it takes back what it had taken', async () => {
    const rooms = new TieredPixelStore({ name: 'data', shape: shapeOf(), cache: new SmallCache(temporaryFolder(), 99, true) });
    await fill(rooms);
    await expectInputError(() => rooms.keep([]), 'data: 1 MB of decoded images fit neither');
    rooms.close();
  });
});

describe('room for images', () => {
  it('is taken in the cache, and kept where all of them are in it', async () => {
    const folder = temporaryFolder();
    const rooms = new TieredPixelStore({ name: 'data', shape: shapeOf(), cache: new DecodeCache(folder, 1e9) });
    await fill(rooms);
    await rooms.keep([]);
    rooms.close();
    expect(readdirSync(join(folder, 'images'))).toEqual(['a'.repeat(64)]);
  });

  it('is not taken any more after it was given back', async () => {
    const folder = temporaryFolder();
    const rooms = new TieredPixelStore({ name: 'data', shape: shapeOf(), cache: new DecodeCache(folder, 1e9) });
    const writing = rooms.write(0, Uint8Array.of(1, 1));
    rooms.close();
    await writing;
    await rooms.write(1, Uint8Array.of(1, 1));
    expect(existsSync(join(folder, 'images')) ? readdirSync(join(folder, 'images')) : []).toEqual([]);
  });
});
