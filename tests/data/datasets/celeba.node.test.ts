import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { celeba } from '../../../src/data/datasets/celeba.node.js';
import { gatherImages, type Split } from '../../../src/data/source.js';
import { errorOf, expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { writeImages } from '../imageFiles.js';

/** The level of each image. */
const levelsOf = (split: Split, imageBytes: number): number[] =>
  Array.from({ length: split.count }, (_, index) => gatherImages(split, [index], imageBytes)[0]!);

describe('CelebA', () => {
  async function faces(list: string | undefined, place = 'list_eval_partition.txt'): Promise<string> {
    const folder = temporaryFolder();
    await writeImages(join(folder, 'img_align_celeba'), {
      '000001.jpg': 1,
      '000002.jpg': 2,
      '000003.jpg': 3,
      '000004.jpg': 4,
      'x/000005.jpg': 5,
      'y/000006.jpg': 6,
    });
    mkdirSync(join(folder, place, '..'), { recursive: true });
    if (list !== undefined) writeFileSync(join(folder, place), list);
    return folder;
  }
  const opened = async (folder: string) => {
    const warnings: string[] = [];
    const source = await celeba.open(
      folder,
      { size: 4, channels: 1 },
      { name: folder, cacheFolder: temporaryFolder(), onWarning: (line) => warnings.push(line) },
    );
    return { source, warnings, splits: [levelsOf(source.train, 16), levelsOf(source.test, 16)] };
  };
  const LIST = '000001.jpg 0\r\n000002.jpg 2\n000003.jpg 1\n000004.jpg 0\n000005.jpg 2\n';

  it.each(['list_eval_partition.txt', 'Eval/list_eval_partition.txt', 'img_align_celeba/list_eval_partition.txt'])(
    'has the splits of %s',
    async (place) => {
      const { source, warnings, splits } = await opened(await faces(LIST, place));
      expect(splits).toEqual([
        [1, 4],
        [2, 5],
      ]);
      expect([source.classes, source.train.labels]).toEqual([null, null]);
      expect(warnings).toEqual([expect.stringContaining('1 of 6 images are not used')]);
    },
  );

  it('accepts the image folder itself', async () => {
    const folder = await faces(LIST);
    expect((await opened(join(folder, 'img_align_celeba'))).splits[1]).toEqual([2, 5]);
    expect(await celeba.format(folder)).toEqual({ size: 64, channels: 1, crop: 'celeba' });
  });

  it('is split like any folder if it has no list', async () => {
    const { splits } = await opened(await faces(undefined));
    expect(splits.flat().sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('rejects a damaged list and a list of different images', async () => {
    for (const [list, ...texts] of [
      ['000001.jpg 0\n000002.jpg 3\n', 'line 2', '0, 1 or 2', '000002.jpg 3'],
      ['\n', 'empty'],
      ['999999.jpg 0\n', 'none of its 6 images'],
    ] as const) {
      const folder = await faces(list);
      await expectInputError(() => opened(folder), folder, 'list_eval_partition.txt', ...texts);
    }
  });

  it('stops when its signal is aborted', async () => {
    const folder = await faces(undefined);
    expect(
      await errorOf(() =>
        celeba.open(
          folder,
          { size: 4, channels: 1 },
          { name: folder, signal: AbortSignal.abort(), cacheFolder: temporaryFolder() },
        ),
      ),
    ).toMatchObject({ name: 'AbortError' });
  });
});
