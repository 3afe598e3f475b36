import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OpenOptions } from '../../src/data/decoding/openCollection.node.js';
import { gatherImages, type ImageFormat, type ImageSource, type Split } from '../../src/data/source.js';
import { partitionByName } from '../../src/data/imageNames.js';
import { folder as folderDataset } from '../../src/data/datasets/folder.node.js';
import { findImages } from '../../src/data/imageFolder.node.js';
import { IMAGE_SIZES } from '../../src/imageSizes.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import { expectInputError } from '../rejection.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { colorPng, grayscalePng, writeImages } from './imageFiles.js';
import { execFileSync } from 'node:child_process';

const range = (count: number): number[] => [...Array(count).keys()];
/** The gray level of each image. */
const levelsOf = ({ count, copyImage }: Split, imageBytes: number): number[] =>
  range(count).map((index) => gatherImages({ copyImage }, [index], imageBytes)[0]!);
const opened = async (
  folder: string,
  { size = 4, channels, ...options }: OpenOptions & Partial<ImageFormat> & { name?: string } = {},
) => {
  const warnings: string[] = [];
  const format = { size, channels: channels ?? (await folderDataset.format(folder)).channels };
  const source = await folderDataset.open(folder, format, {
    name: folder,
    onWarning: (line) => warnings.push(line),
    ...options,
    cacheFolder: options.cacheFolder ?? temporaryFolder(),
  });
  return { source, warnings };
};

describe('a folder of classes', () => {
  const folder = sharedTemporaryFolder();
  const cache = sharedTemporaryFolder();
  let source: ImageSource;
  beforeAll(async () => {
    await writeImages(
      folder,
      Object.fromEntries(range(60).map((index) => [`${['dogs', 'cats', 'birds'][index % 3]}/${index}.png`, index])),
    );
    source = (await opened(folder, { cacheFolder: cache })).source;
  });

  it('is a data set with its classes in alphabetical order', () => {
    expect(source).toMatchObject({
      name: folder,
      size: [4, 4],
      channels: 1,
      classes: 3,
      classNames: ['birds', 'cats', 'dogs'],
      skipped: [],
    });
    for (const split of [source.train, source.test]) {
      expect(Array.from(split.labels!)).toEqual(levelsOf(split, 16).map((level) => 2 - (level % 3)));
    }
  });

  it('splits its images in the same way each time', async () => {
    const parts = [levelsOf(source.train, 16), levelsOf(source.test, 16)];
    expect(parts.flat().sort((a, b) => a - b)).toEqual(range(60));
    expect(parts[1]!.length).toBeGreaterThan(0);
    const again = (await opened(folder)).source;
    expect([levelsOf(again.train, 16), levelsOf(again.test, 16)]).toEqual(parts);
    const other = (await opened(folder, { splitSeed: 1, testFraction: 0.5 })).source;
    expect(other.test.count).toBeGreaterThan(15);
  });

  it('is decoded once', async () => {
    const cacheFolder = temporaryFolder();
    let decoded = 0;
    const onProgress = () => decoded++;
    (await opened(folder, { cacheFolder, onProgress })).source.close!();
    (await opened(folder, { cacheFolder, onProgress })).source.close!();
    expect(decoded).toBe(60);
    await writeImages(folder, { 'cats/new.png': 99 });
    const { source: changed } = await opened(folder, { cacheFolder, onProgress });
    expect([decoded, changed.train.count + changed.test.count]).toEqual([121, 61]);
  });
});

describe('a folder without classes', () => {
  it('has no labels', async () => {
    const folder = temporaryFolder();
    await writeImages(folder, { '1.png': 1, '2.png': 2 });
    const { source, warnings } = await opened(folder);
    expect([source.classes, source.classNames, source.train.labels, warnings]).toEqual([null, undefined, null, []]);
    expect([source.train.count, source.test.count]).toEqual([1, 1]);
  });

  it('reports why, if it seems to have some', async () => {
    const folder = temporaryFolder();
    await writeImages(folder, { 'a/1.png': 1, 'b/2.png': 2, '3.png': 3 });
    const { source, warnings } = await opened(folder, { name: 'mine' });
    expect([source.classes, source.name, warnings]).toEqual([
      null,
      'mine',
      ['mine: no labels: 1 of 3 images are outside of its 2 folders'],
    ]);
  });
});

describe('a folder with files that are not images', () => {
  async function damaged(): Promise<string> {
    const folder = temporaryFolder();
    await writeImages(folder, { 'a/1.png': 1, 'b/2.png': 2 });
    writeFileSync(join(folder, 'a', '0.png'), 'text');
    symlinkSync('nowhere', join(folder, 'link'));
    return folder;
  }

  it('contains the readable images and names the others', async () => {
    const { source, warnings } = await opened(await damaged());
    expect(source.skipped!.map(({ name }) => name)).toEqual(['link', 'a/0.png']);
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toContain('skipped 1 of 3 images: a/0.png (its content is not that of a PNG');
    expect([source.train, source.test].flatMap(({ labels }) => Array.from(labels!)).sort()).toEqual([0, 1]);
  });

  it('is rejected under strict', async () => {
    const folder = await damaged();
    await expectInputError(() => opened(folder, { strict: true }), folder, 'link cannot be decoded');
  });
});

describe('the format of a folder', () => {
  it('is grayscale if all images are, however they are stored', async () => {
    const folder = temporaryFolder();
    for (const index of range(5))
      writeFileSync(join(folder, `${index}.png`), await (index === 2 ? colorPng(9, 9, 9) : grayscalePng(index)));
    writeFileSync(join(folder, 'text.png'), 'text');
    expect(await folderDataset.format(folder)).toEqual({ size: 32, channels: 1 });
    writeFileSync(join(folder, '9.png'), await colorPng(9, 9, 30));
    expect(await folderDataset.format(folder)).toEqual({ size: 32, channels: 3 });
    expect((await opened(folder)).source.channels).toBe(3);
    expect((await opened(folder, { channels: 1 })).source.channels).toBe(1);
  });

  it('has the size of the architecture nearest to most images', async () => {
    const sizeOf = async (...sides: readonly (readonly [number, number])[]) => {
      const folder = temporaryFolder();
      for (const [index, [width, height]] of sides.entries()) {
        await sharp({ create: { width, height, channels: 3, background: 'white' } }).toFile(
          join(folder, `${index}.jpg`),
        );
      }
      return (await folderDataset.format(folder)).size;
    };
    expect(await sizeOf([28, 28], [500, 32], [640, 480])).toBe(32);
    expect(await sizeOf([48, 48], [28, 28], [640, 480])).toBe(64);
  });

  it('has one of the sizes of the architectures', () => {
    const sizes = Object.values(ARCHITECTURES).map(({ imageSize }) => imageSize);
    expect(IMAGE_SIZES.map(({ size }) => size)).toEqual([...new Set(sizes)].sort((a, b) => a - b));
  });

  it('is RGB if no image can be read', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'text.png'), 'text');
    expect(await folderDataset.format(folder)).toEqual({ size: 64, channels: 3 });
  });
});

describe('a folder that is opened before it is decoded', () => {
  const folder = sharedTemporaryFolder();
  beforeAll(async () => {
    await writeImages(
      folder,
      Object.fromEntries(range(80).map((index) => [`${index % 2 === 0 ? 'even' : 'odd'}/${index}.png`, 100 + index])),
    );
    for (const index of [7, 20, 33, 51])
      writeFileSync(join(folder, index % 2 === 0 ? 'even' : 'odd', `${index}.png`), 'torn');
  });
  const allOf = async ({ train, test }: ImageSource): Promise<number[][]> => {
    for (const split of [train, test]) await split.prepare?.(range(split.count));
    return [levelsOf(train, 16), levelsOf(test, 16)];
  };

  it('has the images of the list with substitutes for corrupt ones, as after decoding', async () => {
    const cacheFolder = temporaryFolder();
    const { source: first, warnings } = await opened(folder, { streaming: true, cacheFolder, testFraction: 0.3 });
    expect(first.train.count + first.test.count).toBe(80);
    const images = await allOf(first);
    expect(new Set(images.flat()).size).toBe(76);
    const { train, test } = await first.finishDecoding!();
    expect([train.count + test.count, warnings]).toEqual([
      76,
      [expect.stringContaining(`${folder}: skipped 4 of 80 images`)],
    ]);
    const levels = [levelsOf(train, 16), levelsOf(test, 16)];
    first.close!();

    const { source: again, warnings: told } = await opened(folder, { streaming: true, cacheFolder, testFraction: 0.3 });
    expect([await allOf(again), told]).toEqual([images, warnings]);
    const { source: whole } = await opened(folder, { cacheFolder, testFraction: 0.3 });
    expect(levels).toEqual([levelsOf(whole.train, 16), levelsOf(whole.test, 16)]);
    again.close!();
    whole.close!();
  });

  it('equals the decoded folder if no image is corrupt', async () => {
    const sound = temporaryFolder();
    await writeImages(sound, Object.fromEntries(range(30).map((index) => [`${index}.png`, index])));
    const [{ source: early }, { source: whole }] = [await opened(sound, { streaming: true }), await opened(sound)];
    expect(await allOf(early)).toEqual(await allOf(whole));
    early.close!();
    whole.close!();
  });

  it('is decoded first if all of its few test images may be corrupt', async () => {
    const few = temporaryFolder();
    const names = range(24).map((index) => `${index}.png`);
    const { test } = partitionByName(Uint32Array.from(names.keys()), (index) => names[index]!, 0.1, 0);
    const broken = Array.from(test, (index) => names[index]!);
    await writeImages(few, Object.fromEntries(names.map((name, index) => [name, index])));
    for (const name of broken) writeFileSync(join(few, name), 'torn');
    const { source } = await opened(few, { streaming: true });
    expect(source.test.count).toBe(1);
    expect(source.train.count + source.test.count).toBe(24 - broken.length);
    expect(new Set((await allOf(source)).flat()).size).toBe(24 - broken.length);
    source.close!();
  });

  it('is rejected immediately if no image can be decoded', async () => {
    const broken = temporaryFolder();
    for (const index of range(200)) writeFileSync(join(broken, `${index}.png`), 'torn');
    await expectInputError(
      () => opened(broken, { streaming: true, channels: 3 }),
      broken,
      'images of a split can be decoded',
    );
  });
});

/** Empty files, which the search does not look into. */
function folderOf(...names: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  return folder;
}

describe('the images of a folder', () => {
  it('are files at any depth with an image extension in either case, sorted by name', async () => {
    const folder = folderOf(
      'b.PNG',
      'a/x/y/z.jpeg',
      'a.webp',
      'B.gif',
      'ä.tif',
      'a/1.Tiff',
      'a/10.jpg',
      'a/2.avif',
      'notes.txt',
      'png',
      'a.png.bak',
      '.png',
    );
    const { names, skipped } = await findImages(folder);
    expect(names).toEqual(['B.gif', 'a.webp', 'a/1.Tiff', 'a/10.jpg', 'a/2.avif', 'a/x/y/z.jpeg', 'b.PNG', 'ä.tif']);
    expect(skipped).toEqual([]);
  });

  it('exclude hidden files and folders', async () => {
    expect((await findImages(folderOf('.hidden.png', '.git/a.png', 'seen.png', 'a/.thumbnails/b.png'))).names).toEqual([
      'seen.png',
    ]);
  });

  it('include linked files, each once', async () => {
    const folder = folderOf('real/a.png');
    const elsewhere = folderOf('b.png', 'inner/c.png');
    symlinkSync(join(folder, 'real', 'a.png'), join(folder, 'file.png'));
    symlinkSync(join(folder, 'real'), join(folder, 'again'));
    symlinkSync(elsewhere, join(folder, 'out'));
    symlinkSync(elsewhere, join(folder, 'out-again'));
    symlinkSync(join(folder, 'real', 'a.png'), join(folder, 'link.txt'));
    expect((await findImages(folder)).names).toEqual(['file.png', 'out/b.png', 'out/inner/c.png', 'real/a.png']);
  });

  it('are found once if links form a cycle', async () => {
    const above = folderOf('root/a/1.png', 'root/b/2.png', 'beside.png');
    const folder = join(above, 'root');
    symlinkSync('..', join(folder, 'a', 'up'));
    symlinkSync(join(folder, 'b'), join(folder, 'a', 'to-b'));
    symlinkSync(join(folder, 'a'), join(folder, 'b', 'to-a'));
    symlinkSync(above, join(folder, 'b', 'above'));
    symlinkSync('self', join(folder, 'self'));
    const { names, skipped } = await findImages(folder);
    expect(names).toEqual(['a/1.png', 'b/2.png', 'b/above/beside.png']);
    expect(skipped).toEqual([{ name: 'self', reason: 'the link cannot be followed: its links lead in a circle' }]);
  });

  it('exclude broken links and pipes, which are noted', async () => {
    const folder = folderOf('a.png');
    symlinkSync('missing.png', join(folder, 'z.png'));
    execFileSync('mkfifo', [join(folder, 'pipe.png')]);
    const { names, skipped } = await findImages(folder);
    expect(names).toEqual(['a.png']);
    expect(skipped).toEqual([
      { name: 'pipe.png', reason: 'it is not a file' },
      { name: 'z.png', reason: 'the link cannot be followed: no such file or folder' },
    ]);
  });

  // The superuser may read everything.
  it.skipIf(process.getuid?.() === 0)('exclude unreadable folders, which are noted', async () => {
    const folder = folderOf('a.png', 'closed/b.png');
    chmodSync(join(folder, 'closed'), 0);
    const { names, skipped } = await findImages(folder);
    chmodSync(join(folder, 'closed'), 0o700);
    expect(names).toEqual(['a.png']);
    expect(skipped).toEqual([{ name: 'closed', reason: 'permission denied' }]);
  });

  it('exclude unsupported formats, which are counted', async () => {
    const files = range(25).map((index) => `cats/${index}.HEIC`);
    const { names, unsupported } = await findImages(folderOf(...files, 'a.png', 'b.svg', 'more.zip', 'notes.txt'));
    expect([names, unsupported]).toEqual([['a.png'], '27 files in unsupported formats (.heic, .svg, .zip)']);
    await expectInputError(
      () => findImages(folderOf('a.heic')),
      'no images',
      '1 file in an unsupported format (.heic)',
    );
    const folder = folderOf('b.svg');
    await writeImages(folder, { '1.png': 1, '2.png': 2 });
    expect((await opened(folder, { name: 'mine' })).warnings).toEqual([
      'mine: ignored 1 file in an unsupported format (.svg)',
    ]);
  });

  it('are rejected immediately if there are none', async () => {
    const folder = folderOf('notes.txt', 'inner/notes.md');
    await expectInputError(() => findImages(folder), folder, 'no images', 'PNG, JPEG');
    await expectInputError(() => findImages(join(folder, 'missing')), 'missing: no such folder');
    await expectInputError(
      () => findImages(join(folder, 'notes.txt')),
      'notes.txt: expected a folder of images but got a file',
    );
  });

  it('are rejected with the first unreadable folder if there are no others', async () => {
    const folder = folderOf('notes.txt');
    symlinkSync('missing', join(folder, 'link'));
    await expectInputError(() => findImages(folder), 'no images', 'link cannot be read');
  });
});
