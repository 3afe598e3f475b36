import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalDataSpec, isDataSpec, nativeFormat, openSource } from '../../../src/data/open.node.js';
import { gatherImages, type ImageSource } from '../../../src/data/source.js';
import { expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { zipBytes, type ZipPart } from '../formats/zipBytes.js';
import { grayscalePng } from '../imageFiles.js';

const FORMAT = { size: 4, channels: 1 };

const imagesIn = (paths: readonly string[]): Promise<ZipPart[]> =>
  Promise.all(
    paths.map(async (path, index) => ({ path, contents: await grayscalePng(10 * index), deflate: index % 2 === 0 })),
  );

function archiveOf(parts: readonly ZipPart[]): string {
  const file = join(temporaryFolder(), 'photos.zip');
  writeFileSync(file, zipBytes(parts));
  return file;
}

async function opened(data: string) {
  const warnings: string[] = [];
  const onWarning = (line: string) => warnings.push(line);
  const source = await openSource(data, FORMAT, { cacheFolder: temporaryFolder(), onWarning });
  return { source, warnings };
}

/** The level, name and label of each image, by name. */
const contentOf = ({ train, test }: ImageSource) =>
  [train, test]
    .flatMap((split) =>
      Array.from({ length: split.count }, (_, index) => [
        split.nameOf!(index),
        gatherImages(split, [index], 16)[0],
        split.labels?.[index],
      ]),
    )
    .sort();

describe('a zip archive of images', () => {
  const PATHS = ['photos/cats/a.png', 'photos/cats/b.PNG', 'photos/dogs/c.png', 'photos/dogs/deep/d.png'];

  it('is the same data as the folder that it unpacks to', async () => {
    const parts = await imagesIn(PATHS);
    const { source, warnings } = await opened(archiveOf(parts));
    expect(source).toMatchObject({ channels: 1, size: [4, 4], classNames: ['cats', 'dogs'] });
    expect(contentOf(source)).toEqual([
      ['cats/a.png', 0, 0],
      ['cats/b.PNG', 10, 0],
      ['dogs/c.png', 20, 1],
      ['dogs/deep/d.png', 30, 1],
    ]);
    const folder = temporaryFolder();
    for (const { path, contents } of parts) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), contents);
    }
    const unpacked = (await opened(join(folder, 'photos'))).source;
    expect([contentOf(unpacked), Array.from(unpacked.test.labels!)]).toEqual([
      contentOf(source),
      Array.from(source.test.labels!),
    ]);
    expect(warnings).toEqual([]);
  });

  it('ignores hidden files, and counts those in unsupported formats', async () => {
    const images = await imagesIn(['a.png', 'b.png', '.hidden.png', '__MACOSX/._a.png', 'x/__MACOSX/c.png']);
    const { source, warnings } = await opened(archiveOf([...images, { path: 'c.heic', contents: Buffer.from('x') }]));
    expect(contentOf(source).map(([name]) => name)).toEqual(['a.png', 'b.png']);
    expect(warnings).toEqual([expect.stringContaining('photos.zip: ignored 1 file in an unsupported format (.heic)')]);
  });

  it('skips images that cannot be decoded, with the reason', async () => {
    const [first, second, third] = (await imagesIn(['a.png', 'b.png', 'c.png'])) as [ZipPart, ZipPart, ZipPart];
    const torn = { path: 'd.png', contents: Buffer.from('text') };
    const file = archiveOf([first, { ...second, lies: { flags: 1 } }, { ...third, lies: { checksum: 7 } }, torn]);
    const { source } = await opened(file);
    expect(source.skipped).toEqual([
      { name: 'b.png', reason: expect.stringContaining('is encrypted') as string },
      { name: 'c.png', reason: expect.stringContaining('cannot read the zip archive') as string },
      { name: 'd.png', reason: expect.stringContaining('its content is not that of a PNG') as string },
    ]);
  });

  it('has a native format by a sample of its images', async () => {
    expect(await nativeFormat(archiveOf(await imagesIn(PATHS)))).toMatchObject({ size: 32, channels: 1 });
  });

  it('is data by its extension', () => {
    expect(['a.zip', 'zip:a', 'A.ZIP', 'a.npz', 'zip'].map(isDataSpec)).toEqual([true, true, true, true, false]);
    expect(canonicalDataSpec('a.zip')).toBe(canonicalDataSpec('zip:./a.zip'));
  });

  it('has a digest that depends on its images only', async () => {
    const digestOf = async (parts: readonly ZipPart[]) => (await opened(archiveOf(parts))).source.digest!();
    const parts = await imagesIn(PATHS);
    const before = await digestOf(parts);
    expect(await digestOf(parts.map((part) => ({ ...part, deflate: true })))).toEqual(before);
    expect(
      await digestOf(parts.map((part, index) => (index === 2 ? { ...part, contents: parts[0]!.contents } : part))),
    ).not.toEqual(before);
  });

  it('is rejected without images, and if it is no archive', async () => {
    const empty = archiveOf([{ path: 'notes.txt', contents: Buffer.from('x') }]);
    await expectInputError(() => opened(empty), empty, 'no images (PNG, JPEG');
    writeFileSync(empty, 'text');
    await expectInputError(() => opened(empty), empty, 'cannot read the zip archive');
    await expectInputError(() => opened('zip:/no/such.zip'), '/no/such.zip: cannot be read');
  });
});
