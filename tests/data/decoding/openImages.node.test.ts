import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DecodeCacheOptions, openImages } from '../../../src/data/decoding/openImages.node.js';
import { abandonedPath } from '../../files/abandoned.js';
import { errorOf, expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { entriesOf, fileOf, firstBytes, FORMAT, Numbers, openWhole, pack, range } from '../numbers.js';
import { InputError } from '../../../src/errors.js';
import { partialPath } from '../../../src/files/atomic.node.js';
import type { DecodeOptions } from '../../../src/images/preprocessing.js';

describe('decoded images', () => {
  it('are in list order, however long each takes to decode', async () => {
    const cache = temporaryFolder();
    const { bytes } = await pack(new Numbers(1500), cache);
    expect(bytes).toEqual(range(1500));
    expect(statSync(fileOf(cache, 'pixels')).size).toBe(6000);
  });

  it('omit corrupt images and name the first of them', async () => {
    const failures = { 1: 'torn', 3: 'wet', 4: 'burnt', 9: 'lost', 10: 'lost' };
    const { bytes, skipped, warnings } = await pack(new Numbers(12, failures), temporaryFolder());
    expect(bytes).toEqual([0, 2, 5, 6, 7, 8, 11]);
    expect(skipped.map(({ index, reason }) => [index, reason])).toEqual(
      Object.entries(failures).map(([index, reason]) => [Number(index), reason]),
    );
    expect(warnings).toEqual([
      'numbers: skipped 5 of 12 images: image-1 (torn), image-3 (wet), image-4 (burnt) and 2 more',
    ]);
  });

  it('are rejected under strict with the first corrupt image, even if a cache entry already records it', async () => {
    const cache = temporaryFolder();
    const numbers = new Numbers(900, { 700: 'torn', 800: 'wet' });
    const refused = () =>
      expectInputError(() => pack(numbers, cache, { strict: true }), 'numbers: image-700 cannot be decoded (torn)');
    await refused();
    expect(entriesOf(cache)).toEqual([]);
    await pack(numbers, cache);
    const { decodings } = numbers;
    await refused();
    expect(numbers.decodings).toBe(decodings);
  });

  it('are rejected if there are none', async () => {
    const cache = temporaryFolder();
    await expectInputError(
      () => pack(new Numbers(2, { 0: 'torn', 1: 'wet' }), cache),
      'none of its 2 images can be decoded',
      'image-0: torn',
    );
    await expectInputError(() => pack(new Numbers(0), cache), 'none of its 0 images');
    expect(existsSync(join(cache, 'images'))).toBe(false);
  });

  it('report each image when it is decoded', async () => {
    const reports: number[][] = [];
    await pack(new Numbers(600, { 5: 'torn' }), temporaryFolder(), { onProgress: (...report) => reports.push(report) });
    expect(reports.map(([done]) => done)).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    expect(reports.at(-1)).toEqual([600, 600, 1]);
  });

  it('leave nothing behind if stopped midway', async () => {
    const cache = temporaryFolder();
    const controller = new AbortController();
    const numbers = new Numbers(5000);
    const error = await errorOf(() =>
      pack(numbers, cache, { signal: controller.signal, onProgress: (done) => done === 2000 && controller.abort() }),
    );
    expect(error).toBe(controller.signal.reason);
    expect(numbers.decodings).toBeLessThan(2100);
    expect(entriesOf(cache)).toEqual([]);
    await expect(pack(numbers, cache, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });
});

describe('cached images', () => {
  it('are not decoded again, and skipped images are still reported', async () => {
    const cache = temporaryFolder();
    const first = await pack(new Numbers(20, { 7: 'torn' }), cache);
    const again = new Numbers(20, { 7: 'torn' });
    const second = await pack(again, cache);
    expect(again.decodings).toBe(0);
    expect(second).toEqual(first);
  });

  it('are decoded again if a file, the list or the format changes', async () => {
    const cache = temporaryFolder();
    await pack(new Numbers(5), cache);
    for (const changed of [new Numbers(5, {}, { version: '2' }), new Numbers(6)]) {
      await pack(changed, cache);
      expect(changed.decodings).toBe(changed.items.length);
    }
    const cropped = new Numbers(5);
    (await openWhole(cropped, { cacheFolder: cache }, { ...FORMAT, crop: 'stretch' })).close();
    expect(cropped.decodings).toBe(5);
    expect(entriesOf(cache)).toHaveLength(4);
  });

  it('are decoded again if a file that was unreadable becomes readable', async () => {
    const cache = temporaryFolder();
    await pack(new Numbers(5, { 2: 'permission denied' }, { unreadable: true }), cache);
    const still = new Numbers(5, { 2: 'permission denied' }, { unreadable: true });
    expect((await pack(still, cache)).bytes).toEqual([0, 1, 3, 4]);
    expect(still.decodings).toBe(1);
    const now = new Numbers(5);
    expect((await pack(now, cache)).bytes).toEqual([0, 1, 2, 3, 4]);
    expect(now.decodings).toBe(6);
    expect((await pack(new Numbers(5), cache)).warnings).toEqual([]);
  });

  it.each([
    ['cut short', (cache: string) => truncateSync(fileOf(cache, 'pixels'), 10)],
    ['too long', (cache: string) => writeFileSync(fileOf(cache, 'pixels'), new Uint8Array(21))],
    ['without pixels', (cache: string) => rmSync(fileOf(cache, 'pixels'))],
    ['without an index', (cache: string) => rmSync(fileOf(cache, 'index.json'))],
    ['with an index that is not JSON', (cache: string) => writeFileSync(fileOf(cache, 'index.json'), '{"version":1,')],
    [
      'with the index of different images',
      (cache: string) => writeFileSync(fileOf(cache, 'index.json'), '{"version":1,"key":"x","images":5,"leftOut":[]}'),
    ],
    [
      'of a different version',
      (cache: string) =>
        writeFileSync(fileOf(cache, 'index.json'), readFileSync(fileOf(cache, 'index.json'), 'utf8').replace('1', '0')),
    ],
  ])('are silently decoded again if the entry is %s', async (_, damage) => {
    const cache = temporaryFolder();
    await pack(new Numbers(5), cache);
    damage(cache);
    const numbers = new Numbers(5);
    const { bytes, warnings } = await pack(numbers, cache);
    expect([bytes, warnings, numbers.decodings]).toEqual([range(5), [], 5]);
    const last = new Numbers(5);
    await pack(last, cache);
    expect(last.decodings).toBe(0);
    expect(entriesOf(cache)).toHaveLength(1);
  });

  it('are the same for all concurrent users, who leave one entry', async () => {
    const cache = temporaryFolder();
    const results = await Promise.all(Array.from({ length: 6 }, () => pack(new Numbers(300, { 4: 'torn' }), cache)));
    for (const { bytes, warnings } of results)
      expect([bytes, warnings.length]).toEqual([range(300).filter((number, index) => index !== 4 && number >= 0), 1]);
    expect(entriesOf(cache)).toHaveLength(1);
    expect(entriesOf(cache)[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('name the file that was truncated while it was open', async () => {
    const cache = temporaryFolder();
    const packed = await openWhole(new Numbers(5), { cacheFolder: cache });
    truncateSync(fileOf(cache, 'pixels'), 10);
    const target = new Uint8Array(4);
    packed.copyImage(1, target, 0);
    expect(Array.from(target)).toEqual([1, 1, 1, 1]);
    await expectInputError(() => packed.copyImage(2, target, 0), fileOf(cache, 'pixels'), 'truncated');
    packed.close();
  });

  it('stay readable if the entry is removed while it is open', async () => {
    const cache = temporaryFolder();
    const packed = await openWhole(new Numbers(5), { cacheFolder: cache });
    rmSync(cache, { recursive: true });
    expect(firstBytes(packed, 5)).toEqual(range(5));
    packed.close();
  });
});

describe('a cache that cannot be written', () => {
  const fileIn = (folder: string): string => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    return path;
  };

  it('is replaced by memory, with a warning', async () => {
    const blocked = fileIn(temporaryFolder());
    const { bytes, warnings } = await pack(new Numbers(700, { 1: 'torn' }), blocked);
    expect(bytes).toHaveLength(699);
    expect(warnings[0]).toContain(`${blocked}: cannot write to the cache`);
    expect(warnings[0]).toContain('AGENET_CACHE');
  });

  it('is an error if the images exceed the memory limit', async () => {
    const blocked = fileIn(temporaryFolder());
    const large = () => openWhole(new Numbers(200), { cacheFolder: blocked }, { size: 2048, channels: 3 });
    await expectInputError(large, 'numbers: cannot write decoded images', '2517 MB', blocked, 'AGENET_CACHE');
  });
});

describe('the size of the cache', () => {
  const numbersOf = (version: string) => new Numbers(25, {}, { version });
  const decodedAgain = async (version: string, cache: string, options: DecodeCacheOptions): Promise<boolean> => {
    const numbers = numbersOf(version);
    await pack(numbers, cache, options);
    return numbers.decodings > 0;
  };

  it('stays below its limit: the least recently used entry is removed, but none that is open', async () => {
    const cache = temporaryFolder();
    // An entry has 100 bytes of pixels, 100 of checksums and an index of about 350.
    const options = { cacheLimit: 1300 };
    for (const version of ['a', 'b']) {
      await pack(numbersOf(version), cache, options);
      for (const entry of entriesOf(cache)) age(join(cache, 'images', entry), 60);
    }
    expect(await decodedAgain('a', cache, options)).toBe(false);
    await pack(numbersOf('c'), cache, options);
    expect(entriesOf(cache)).toHaveLength(2);
    expect(await decodedAgain('a', cache, options)).toBe(false);
    expect(await decodedAgain('c', cache, options)).toBe(false);
    expect(await decodedAgain('b', cache, options)).toBe(true);
    await pack(numbersOf('d'), cache, { cacheLimit: 0 });
    expect(entriesOf(cache)).toHaveLength(1);
    expect(await decodedAgain('d', cache, options)).toBe(false);
  });

  it('excludes entries of killed processes, and keeps those that others are writing', async () => {
    const cache = temporaryFolder();
    await pack(numbersOf('a'), cache);
    const [own, killed] = [partialPath, abandonedPath].map((path) => path(join(cache, 'images', 'entry'))) as [
      string,
      string,
    ];
    const others = ['.old.partial', '.new.partial', 'notes.txt'].map((name) => join(cache, 'images', name));
    for (const path of [own, killed]) mkdirSync(path);
    for (const path of others) writeFileSync(path, '');
    for (const path of [own, others[0]!, others[2]!]) age(path, 4000);
    writeFileSync(join(own, 'pixels'), '');
    await pack(numbersOf('b'), cache);
    const left = entriesOf(cache).filter((name) => name.length !== 64);
    expect(left).toEqual([basename(own), '.new.partial', 'notes.txt'].sort());
  });
});

/** Sets a file's time back. */
function age(path: string, seconds: number): void {
  const time = statSync(path).mtimeMs / 1000 - seconds;
  utimesSync(path, time, time);
}

describe('images during decoding', () => {
  /** Images that are decoded only when they are let go. */
  function held(count: number, failures: Record<number, string> = {}) {
    const numbers = new Numbers(count, failures);
    const begun: number[] = [];
    const waiting = new Map<number, () => void>();
    const items = numbers.items.map((item, index) => ({
      ...item,
      decode: async (format: DecodeOptions) => {
        begun.push(index);
        await new Promise<void>((resolve) => waiting.set(index, resolve));
        return item.decode(format);
      },
    }));
    return { items, begun, release: (index: number) => waiting.get(index)!() };
  }
  /** All that can happen without another image being let go. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('are available one by one, and prioritized when requested', async () => {
    const { items, begun, release } = held(200, { 150: 'torn' });
    const opened = await openImages(items, FORMAT, { name: 'numbers', cacheFolder: temporaryFolder() });
    await settled();
    const first = [...begun];
    const [needed, torn] = [opened.ensureDecoded([170]), opened.ensureDecoded([150])];
    await settled();
    expect(begun.slice(first.length)).toEqual([170, 150]);
    release(170);
    release(150);
    await Promise.all([needed, torn]);
    const target = new Uint8Array(4);
    opened.copyImage(170, target, 0);
    expect([target[0], opened.isSkipped(170), opened.isSkipped(150)]).toEqual([170, false, true]);
    expect(() => opened.copyImage(171, target, 0)).toThrow('image 171 is not decoded');
    opened.close();
  });

  it('are decoded once, however often they are requested', async () => {
    const numbers = new Numbers(50);
    const opened = await openImages(numbers.items, FORMAT, { name: 'numbers', cacheFolder: temporaryFolder() });
    await Promise.all([opened.ensureDecoded([40, 40, 3]), opened.ensureDecoded([40]), opened.finish()]);
    await opened.ensureDecoded([40]);
    expect(numbers.decodings).toBe(50);
    opened.close();
  });

  it('reject pending and later requests under strict if another image is corrupt', async () => {
    const { items, begun, release } = held(200, { 0: 'torn', 1: 'wet' });
    const opened = await openImages(items, FORMAT, { name: 'numbers', cacheFolder: temporaryFolder(), strict: true });
    const waiting = errorOf(() => opened.ensureDecoded([190]));
    const finished = errorOf(() => opened.finish());
    await settled();
    // Those that are under way are finished, in whatever order.
    for (const index of [...begun].reverse()) if (index !== 190) release(index);
    expect(await waiting).toBeInstanceOf(InputError);
    expect(await waiting).toEqual(await finished);
    await expectInputError(() => opened.ensureDecoded([195]), 'numbers: image-0 cannot be decoded (torn)');
    opened.close();
  });

  it('leave nothing behind if closed midway, and reject pending requests', async () => {
    const cache = temporaryFolder();
    const { items, begun, release } = held(100);
    const opened = await openImages(items, FORMAT, { name: 'numbers', cacheFolder: cache });
    const [one, all] = [errorOf(() => opened.ensureDecoded([99])), errorOf(() => opened.finish())];
    release(0);
    await opened.ensureDecoded([0]);
    opened.close();
    expect((await one) instanceof Error).toBe(true);
    for (const index of begun.slice(1)) release(index);
    expect((await all) instanceof Error).toBe(true);
    await expect(opened.ensureDecoded([98])).rejects.toThrow('closed');
    expect(entriesOf(cache)).toEqual([]);
  });
});
