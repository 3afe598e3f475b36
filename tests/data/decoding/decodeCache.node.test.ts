import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { entriesOf, fileOf, Numbers, openWhole, pack, range } from '../numbers.js';
import { homedir } from 'node:os';
import { cacheLimit, defaultCacheFolder } from '../../../src/data/decoding/decodeCache.node.js';

const COUNT = 5;
const FILES = ['pixels', 'checksums', 'index.json'] as const;
type File = (typeof FILES)[number];

/** A cache with images of which number 2 is left out. */
async function filled(): Promise<string> {
  const cache = temporaryFolder();
  await pack(new Numbers(COUNT, { 2: 'torn' }), cache);
  return cache;
}

/** Expects the correct images without messages about the cache, and returns how many were decoded again. */
async function expectRight(cache: string): Promise<number> {
  const numbers = new Numbers(COUNT, { 2: 'torn' });
  const { bytes, warnings } = await pack(numbers, cache);
  expect(bytes).toEqual([0, 1, 3, 4]);
  expect(warnings).toEqual(['numbers: skipped 1 of 5 images: image-2 (torn)']);
  expect(entriesOf(cache)).toHaveLength(1);
  return numbers.decodings;
}

/** Inverts a bit of a file, with the time of change that it had. */
function flip(path: string, byte: number, bit: number): void {
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  bytes[byte]! ^= 1 << bit;
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
}

const DAMAGES: readonly (readonly [string, (path: string) => void])[] = [
  ['missing', (path) => rmSync(path)],
  ['empty', (path) => truncateSync(path, 0)],
  ['cut short', (path) => truncateSync(path, statSync(path).size - 1)],
  ['too long', (path) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.of(0)]))],
  ['zeros', (path) => writeFileSync(path, new Uint8Array(statSync(path).size))],
  ['a folder', (path) => (rmSync(path), mkdirSync(path))],
  ['a broken link', (path) => (rmSync(path), symlinkSync('nothing', path))],
  ['a link to itself', (path) => (rmSync(path), symlinkSync(path, path))],
  ['a link to another file', (path) => (rmSync(path), symlinkSync('/etc/passwd', path))],
  ['a named pipe', (path) => (rmSync(path), execFileSync('mkfifo', [path]))],
];

describe.each(FILES)('a cache entry whose %s', (file: File) => {
  it.each(DAMAGES)('is %s is recreated', async (_, damage) => {
    const cache = await filled();
    damage(fileOf(cache, file));
    expect(await expectRight(cache)).toBe(COUNT);
    expect(await expectRight(cache)).toBe(0);
  });

  it('has one wrong bit at any position is recreated', async () => {
    const cache = await filled();
    // An index that is written later holds times, and is longer.
    const size = () => statSync(fileOf(cache, file)).size;
    for (let byte = 0; byte < size(); byte += file === 'index.json' ? 5 : 1) {
      // The pixels of a skipped image are never read.
      const isHole = file === 'pixels' && Math.floor(byte / 4) === 2;
      flip(fileOf(cache, file), byte, byte % 8);
      expect([byte, await expectRight(cache)]).toEqual([byte, isHole ? 0 : COUNT]);
    }
  });
});

describe('a cache entry', () => {
  it.each(DAMAGES.filter(([name]) => name.startsWith('a ')))('that is %s is recreated', async (_, damage) => {
    const cache = await filled();
    const entry = join(cache, 'images', entriesOf(cache)[0]!);
    renameSync(entry, join(cache, 'moved'));
    writeFileSync(entry, '');
    damage(entry);
    expect(await expectRight(cache)).toBe(COUNT);
    expect(await expectRight(cache)).toBe(0);
  });

  it('is verified and kept if its files were copied or their times changed', async () => {
    const cache = await filled();
    const copy = temporaryFolder();
    cpSync(cache, copy, { recursive: true });
    expect(await expectRight(copy)).toBe(0);
    chmodSync(fileOf(copy, 'pixels'), 0o640);
    utimesSync(fileOf(copy, 'pixels'), 1, 1);
    expect(await expectRight(copy)).toBe(0);
    flip(fileOf(copy, 'pixels'), 7, 3);
    expect(await expectRight(copy)).toBe(COUNT);
  });

  it('consists of three files', async () => {
    const cache = await filled();
    // Late enough for its times to count.
    await new Promise((resolve) => setTimeout(resolve, 150));
    await expectRight(cache);
    expect(readdirSync(join(cache, 'images', entriesOf(cache)[0]!)).sort()).toEqual([...FILES].sort());
  });

  it('is read completely only if the times of its pixel file have changed', async () => {
    const cache = await filled();
    const noted = () =>
      (JSON.parse(readFileSync(fileOf(cache, 'index.json'), 'utf8')) as { body: { stamp: string | null } }).body.stamp;
    await new Promise((resolve) => setTimeout(resolve, 150));
    await expectRight(cache);
    const stamp = noted();
    expect(stamp).not.toBeNull();
    await expectRight(cache);
    expect(noted()).toBe(stamp);
    flip(fileOf(cache, 'pixels'), 5, 1);
    expect(await expectRight(cache)).toBe(COUNT);
  });

  it('that changes while open returns no wrong pixels and is recreated on the next use', async () => {
    const cache = await filled();
    const opened = await openWhole(new Numbers(COUNT, { 2: 'torn' }), { cacheFolder: cache });
    flip(fileOf(cache, 'pixels'), 4, 0);
    const target = new Uint8Array(4);
    opened.copyImage(0, target, 0);
    expect(Array.from(target)).toEqual([0, 0, 0, 0]);
    await expectInputError(() => opened.copyImage(1, target, 0), cache, 'changed on disk', 'run the command again');
    opened.close();
    expect(await expectRight(cache)).toBe(COUNT);
  });

  it('is repaired correctly by several concurrent users', async () => {
    const cache = await filled();
    flip(fileOf(cache, 'pixels'), 0, 0);
    const found = await Promise.all(Array.from({ length: 5 }, () => pack(new Numbers(COUNT, { 2: 'torn' }), cache)));
    for (const { bytes } of found) expect(bytes).toEqual(range(COUNT).filter((number) => number !== 2));
    expect(await expectRight(cache)).toBe(0);
  });
});

describe('the decode cache', () => {
  it('is in AGENET_CACHE, or in the cache folder of the user', () => {
    expect(defaultCacheFolder({ AGENET_CACHE: '/mine', XDG_CACHE_HOME: '/cache' })).toBe('/mine');
    expect(defaultCacheFolder({ AGENET_CACHE: '', XDG_CACHE_HOME: '/cache' })).toBe(join('/cache', 'agenet'));
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '' })).toBe(join(homedir(), '.cache', 'agenet'));
  });

  it('has the size limit of the environment variable in GB, or 20', async () => {
    expect(cacheLimit({})).toBe(20e9);
    expect(cacheLimit({ AGENET_CACHE_LIMIT: '0.5' })).toBe(5e8);
    expect(cacheLimit({ AGENET_CACHE_LIMIT: '0' })).toBe(0);
    for (const wrong of ['much', '-1', 'NaN'])
      await expectInputError(() => cacheLimit({ AGENET_CACHE_LIMIT: wrong }), `AGENET_CACHE_LIMIT="${wrong}"`, 'GB');
  });
});
