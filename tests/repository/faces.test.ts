import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeNpz } from '../../src/index.js';
import { temporaryFolder } from '../temporaryFolder.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/faces.mjs', import.meta.url));
const run = (...args: readonly string[]) => spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });

async function rendered(...args: readonly string[]) {
  const out = join(temporaryFolder(), 'faces.npz');
  const { status, stderr } = run('--out', out, ...args);
  expect(status, stderr).toBe(0);
  return Object.fromEntries(await decodeNpz(readFileSync(out), out));
}

describe('npm run faces', () => {
  it('renders color images with attributes, the same faces at each size', async () => {
    const [small, large] = [await rendered('--count', '6', '--size', '32'), await rendered('--count', '6')];
    expect([small.images!.shape, large.images!.shape]).toEqual([
      [6, 32, 32, 3],
      [6, 64, 64, 3],
    ]);
    const { images: _, ...attributes } = small;
    const { images: __, ...others } = large;
    expect(attributes).toEqual(others);
    expect(Object.keys(attributes).sort()).toEqual(
      ['labels', 'hair', 'skin', 'glasses', 'gender', 'beard', 'fatness'].sort(),
    );
    expect(attributes.labels).toEqual(attributes.hair);
    const pixels = small.images!.data as Uint8Array;
    expect(pixels.some((value, index) => index % 3 === 0 && value !== pixels[index + 1])).toBe(true);
    expect((await rendered('--count', '6', '--size', '32', '--seed', '2')).images).not.toEqual(small.images);
  });

  it('renders other styles with their attributes', async () => {
    const { images, labels, eyes } = await rendered('--count', '3', '--style', 'toonHead', '--labels', 'eyes');
    expect(images!.shape).toEqual([3, 64, 64, 3]);
    expect(labels).toEqual(eyes);
  });

  it.each([
    ['an unknown style', ['--style', 'cubism'], '--style: unknown style "cubism"; choose facesjs or one of'],
    ['an unknown attribute', ['--labels', 'mood'], '--labels: no attribute "mood" (hair, skin,'],
    ['a wrong number', ['--count', '0'], '--count: must be a whole number from 1'],
    ['too many pixels', ['--count', '100000', '--size', '1024'], '--count and --size: the images have more than 2 GiB'],
    ['an output below a file', ['--count', '1', '--out', `${SCRIPT}/faces.npz`], 'faces.npz: cannot be written (E'],
    ['another format', ['--out', 'faces.zip'], '--out: must end in .npz, not faces.zip'],
  ])('rejects %s in one line', (_, args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n').at(-1)).toContain(message);
    expect(stderr).not.toContain('    at ');
  });
});
