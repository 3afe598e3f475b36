import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { writeImages } from '../../data/imageFiles.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { contentsOf, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
const cache = sharedTemporaryFolder();
beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', cache);
  await makeTinyRun(join(cwd, 'run'));
  writeNoiseArchive(join(cwd, 'noise.npz'), 30);
  await writeImages(
    join(cwd, 'shades'),
    Object.fromEntries([0, 1, 2, 3, 4, 5].map((n) => [`${n < 3 ? 'dark' : 'bright'}/${n}.png`, 40 * n])),
  );
});

describe('agenet search', () => {
  it('lists an image of the data first, of all if fewer are there, and draws it below the query', async () => {
    const { test } = (await resultOf(['dataset', 'shades'], cwd)) as { test: number };
    const image = join('shades', 'dark', '1.png');
    const count = 6 - test;
    const result = await resultOf(
      [
        'search',
        'run',
        'shades',
        '--image',
        image,
        '--count',
        '500',
        '--scale',
        '1',
        '--out',
        'like.png',
        '--threads',
        '1',
      ],
      cwd,
    );
    expect(result).toMatchObject({ out: 'like.png', image, data: 'shades', split: 'train', count });
    const found = result.results as { index: number; name: string; label: number; class: string; cosine: number }[];
    expect(found).toHaveLength(count);
    expect(found[0]).toMatchObject({ name: 'dark/1.png', label: 1, class: 'dark' });
    expect(found[0]!.cosine).toBeCloseTo(1, 5);
    const cosines = found.map(({ cosine }) => cosine);
    expect(cosines).toEqual([...cosines].sort((a, b) => b - a));
    const sheet = await sharp(join(cwd, 'like.png')).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    const levelAt = (row: number, column: number) => sheet.data[(10 + 34 * row) * sheet.info.width + 10 + 34 * column];
    // The query is alone in the first row.
    expect([levelAt(0, 0), levelAt(0, 1), levelAt(1, 0)]).toEqual([40, 96, 40]);
  });

  it('prints one line per image if the data has no names', async () => {
    const args = [
      'search',
      'run',
      'npz:noise.npz',
      '--image',
      'shades/dark/2.png',
      '--split',
      'test',
      '--count',
      '1',
      '--threads',
      '1',
    ];
    const { status, stdout } = await runCommand(args, cwd);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^-?\d\.\d{3} {2}index \d+, .*label \d\nWrote the 1 of \d+ images most similar to shades\/dark\/2\.png to search\.png\n$/,
    );
  });
});

const REFUSED: readonly Refusal[] = [
  ['no image', ['run'], ['--image']],
  ['a missing image', ['run', 'shades', '--image', 'none.png'], ['none.png: cannot read the image']],
  [
    'an unsupported extension',
    ['run', 'shades', '--image', 'shades/dark/1.png', '--out', 'like.npz'],
    ['--out like.npz', '.png'],
  ],
];

describe('agenet search rejects in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(() => {
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['search', ...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
