import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf } from '../runCommand.js';
import { contentsOf } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
const picture = (width: number, level: number) =>
  sharp(new Uint8Array(width * 6).fill(level), { raw: { width, height: 6, channels: 1 } }).toColourspace('b-w');

async function makeRun(name: string, samples: Record<string, readonly [width: number, level: number]>): Promise<void> {
  for (const part of ['samples', 'reconstructions']) mkdirSync(join(cwd, name, part), { recursive: true });
  writeFileSync(join(cwd, name, 'config.json'), '{}');
  for (const [file, [width, level]] of Object.entries(samples))
    await picture(width, level)
      .png()
      .toFile(join(cwd, name, 'samples', file));
}

beforeAll(async () => {
  // By names the last iteration would come second.
  await makeRun('run', {
    '000500.png': [8, 0],
    '1000000.png': [8, 250],
    '001000.png': [8, 50],
    '001500.png': [8, 100],
    '002000.png': [8, 150],
  });
  writeFileSync(join(cwd, 'run', 'samples', 'notes.txt'), 'mine');
  await makeRun('mixed', { '000001.png': [8, 0], '000002.png': [9, 0] });
  await makeRun('damaged', { '000001.png': [8, 0] });
  writeFileSync(join(cwd, 'damaged', 'samples', '000002.png'), 'not a picture');
  await makeRun('young', {});
});

describe('agenet timelapse', () => {
  it.each(['webp', 'gif'])(
    'shows previews in the order of their iterations as %s, the last one longer',
    async (format) => {
      const out = `timelapse.${format}`;
      expect(await resultOf(['timelapse', 'run', '--out', out], cwd)).toEqual({
        out,
        count: 5,
        steps: [500, 1_000_000],
      });
      expect(await sharp(join(cwd, out), { animated: true }).metadata()).toMatchObject({
        format,
        pages: 5,
        width: 8 * 4,
        pageHeight: 6 * 4,
        delay: format === 'gif' ? [120, 120, 120, 120, 2000] : [125, 125, 125, 125, 2000],
        loop: 0,
      });
      const levels = await Promise.all(
        [0, 1, 4].map(async (page) => (await sharp(join(cwd, out), { page }).greyscale().raw().toBuffer())[0]!),
      );
      [0, 50, 250].forEach((level, index) => expect(Math.abs(levels[index]! - level)).toBeLessThanOrEqual(2));
    },
  );

  it('shows evenly spaced previews, the first and the last included', async () => {
    const result = await resultOf(
      ['timelapse', 'run', '--frames', '3', '--fps', '25', '--scale', '1', '--out', 'short.webp'],
      cwd,
    );
    expect(result).toMatchObject({ count: 3, steps: [500, 1_000_000] });
    const { width, delay } = await sharp(join(cwd, 'short.webp'), { animated: true }).metadata();
    expect([width, delay]).toEqual([8, [40, 40, 2000]]);
    const middle = await sharp(join(cwd, 'short.webp'), { page: 1 }).greyscale().raw().toBuffer();
    expect(middle[0]).toBe(100);
  });
});

const REFUSED: readonly Refusal[] = [
  ['a run without previews', ['young'], ['young', 'no previews yet', 'samples']],
  [
    'a run without previews of this kind',
    ['run', '--previews', 'reconstructions'],
    ['run', 'no previews yet', 'reconstructions'],
  ],
  ['previews of several sizes', ['mixed'], ['000002.png', 'expected 8x6', 'got 9x6']],
  ['a corrupt preview', ['damaged'], ['000002.png: cannot read the image']],
  ['an unsupported extension', ['run', '--out', 'out.avi'], ['--out out.avi', '.gif, .webp or .mp4']],
  ['one frame', ['run', '--frames', '1'], ['--frames', 'from 2']],
];

describe('agenet timelapse rejects in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(() => {
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['timelapse', ...args], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
