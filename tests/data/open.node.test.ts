import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDataSpec, nativeFormat, openSource, canonicalDataSpec, DATASETS, specOf } from '../../src/data/open.node.js';
import type { OpenOptions } from '../../src/data/decoding/openCollection.node.js';
import type { ImageFormat } from '../../src/data/source.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { writeImages } from './imageFiles.js';

describe('a data set by name', () => {
  it('opens in its native format, which declares its padding', async () => {
    expect(await nativeFormat('mnist')).toEqual({
      size: 32,
      channels: 1,
      crop: 'center',
      padding: { inner: 28, border: 2, value: 0 },
    });
    expect(await openSource('mnist')).toMatchObject({ name: 'mnist', size: [32, 32], channels: 1 });
  });

  it('opens in the requested format', async () => {
    expect(await openSource('mnist', { size: 32, channels: 3 })).toMatchObject({ size: [32, 32], channels: 3 });
  });

  it('warns once if a test fraction has no effect, because there is a test split', async () => {
    const warningsFor = async (testFraction: number, size = 32) => {
      const warnings: string[] = [];
      const options = {
        testFraction,
        cacheFolder: temporaryFolder(),
        onWarning: (line: string) => warnings.push(line),
      };
      (await openSource('mnist', { size, channels: 1 }, { ...options, streaming: true })).close?.();
      return warnings;
    };
    expect(await warningsFor(0.1)).toEqual([]);
    expect(await warningsFor(0.2)).toEqual([expect.stringContaining('mnist: the test fraction 0.2 is ignored')]);
    expect(await warningsFor(0.2, 64)).toHaveLength(1);
  });

  it('is rejected in an unsupported format', async () => {
    await expectInputError(() => openSource('mnist', { size: 33, channels: 1 }), 'size 33');
  });

  it.each(['mnsit-digits', '', 'toString', '__proto__', 'MNIST2000', 'toString:x'])(
    'is rejected if unknown: "%s"',
    async (name) => {
      await expectInputError(() => openSource(name), `data "${name}"`, ...DATASETS.map(specOf));
      await expectInputError(() => nativeFormat(name), `data "${name}"`);
    },
  );

  it('is suggested for a typo', async () => {
    await expectInputError(() => openSource('mnis'), 'did you mean mnist?');
    await expectInputError(() => openSource('foldr:some/images'), 'did you mean folder:some/images?');
  });
});

describe('an image folder by path', () => {
  async function images(): Promise<string> {
    const folder = temporaryFolder();
    await writeImages(folder, { 'a.png': 1, 'b.png': 2, 'c.png': 3 });
    return folder;
  }

  it('opens with or without its kind as a prefix', async () => {
    const folder = await images();
    for (const data of [folder, `folder:${folder}`, `celeba:${folder}`]) {
      const [size, crop] = data.startsWith('celeba:') ? [64, 'celeba'] : [32, 'center'];
      expect(await nativeFormat(data)).toEqual({ size, channels: 1, crop, padding: null });
      const source = await openSource(data, undefined, { cacheFolder: temporaryFolder() });
      expect(source).toMatchObject({ name: data, size: [size, size], channels: 1 });
      expect(source.train.count + source.test.count).toBe(3);
    }
    expect(await openSource(folder, { size: 8, channels: 3 }, { cacheFolder: temporaryFolder() })).toMatchObject({
      size: [8, 8],
      channels: 3,
    });
  });

  it('is rejected before decoding if the format or the fraction is invalid', async () => {
    const folder = await images();
    const cacheFolder = temporaryFolder();
    const open = (format: ImageFormat, options: OpenOptions = {}) =>
      openSource(folder, format, { ...options, cacheFolder });
    await expectInputError(() => open({ size: 0, channels: 1 }), 'size: must be a whole number from 1 to 1024, not 0');
    await expectInputError(() => open({ size: 4, channels: 4 }), 'channels: must be 1');
    for (const testFraction of [0, 1])
      await expectInputError(
        () => open({ size: 4, channels: 1 }, { testFraction }),
        'testFraction: must be',
        'above 0',
      );
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  it('uses only the format of an object with further properties', async () => {
    const configuration = { size: 8, channels: 1, name: 'other', strict: true };
    const folder = await images();
    writeFileSync(join(folder, 'd.png'), 'text');
    expect(await openSource(folder, configuration, { cacheFolder: temporaryFolder() })).toMatchObject({
      name: folder,
      size: [8, 8],
    });
  });

  it('is rejected if the path is missing, does not exist, or is a file', async () => {
    const folder = await images();
    await expectInputError(() => openSource('folder:'), 'data "folder:"', 'the path is missing');
    await expectInputError(() => openSource(`folder:${folder}/missing`), 'missing: no such folder');
    await expectInputError(() => openSource(`${folder}/missing`), 'no such data set or folder');
    await expectInputError(
      () => openSource(join(folder, 'a.png')),
      'a.png: expected a folder of images but got a file',
    );
  });

  it('is recognized as data by its prefix', () => {
    expect(['mnist', 'folder:x', 'celeba:', 'x', 'folder', 'other:x', ':x', 'toString'].map(isDataSpec)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('is the same for every spelling of its path', () => {
    for (const same of ['./photos/', 'folder:photos', 'folder:other/../photos'])
      expect(canonicalDataSpec(same)).toBe(canonicalDataSpec('photos'));
    for (const other of ['celeba:photos', 'photo', 'mnist'])
      expect(canonicalDataSpec(other)).not.toBe(canonicalDataSpec('photos'));
    expect(canonicalDataSpec('npz:a.npz')).toBe(canonicalDataSpec('npz:./a.npz'));
    expect(canonicalDataSpec('mnist')).toBe('mnist');
  });
});
