import { unzipSync } from 'fflate';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf } from '../runCommand.js';
import { writeImages } from '../../data/imageFiles.js';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { bytesIn, makeTinyRun } from '../tinyRun.js';

const folder = sharedTemporaryFolder();

/** The texts in an .npy file, which NumPy stores as UTF-32 of one length. */
function textsIn(npy: Uint8Array): string[] {
  const { shape, data } = bytesIn(npy);
  const length = data.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, index) => {
    const codes = new Uint32Array(data.slice(index * length, (index + 1) * length).buffer);
    return String.fromCodePoint(...codes.filter((code) => code !== 0));
  });
}

describe('agenet encode', () => {
  it('writes the code of each image on the sphere, and labels', async () => {
    await makeTinyRun(join(folder, 'run'));
    expect(await resultOf(['encode', 'run', '--split', 'test', '--out', 'codes.npz'], folder)).toEqual({
      out: 'codes.npz',
      count: 10000,
      latent: 8,
      labels: true,
      names: false,
    });
    const arrays = unzipSync(readFileSync(join(folder, 'codes.npz')));
    const npy = arrays['codes.npy']!;
    const header = new TextDecoder().decode(npy.subarray(10, 10 + npy[8]!));
    expect(header).toContain("'descr': '<f4'");
    expect(header).toContain('(10000, 8)');
    const data = npy.slice(10 + npy[8]! + 256 * npy[9]!);
    const codes = new Float32Array(data.buffer, data.byteOffset, 80_000);
    for (let start = 0; start < codes.length; start += 8)
      expect(Math.hypot(...codes.subarray(start, start + 8))).toBeCloseTo(1, 4);
  });

  it('writes one code per file of a folder, with the names', async () => {
    const files = Array.from({ length: 20 }, (_, index) => `${index % 2 === 0 ? 'cäts' : 'dogs'}/${index}.png`).sort();
    await writeImages(join(folder, 'photos'), Object.fromEntries(files.map((name, level) => [name, 10 * level])));
    expect(await resultOf(['encode', 'run', 'photos', '--out', 'photos.npz'], folder)).toMatchObject({
      count: 20,
      labels: true,
      names: true,
    });
    const arrays = unzipSync(readFileSync(join(folder, 'photos.npz')));
    expect(bytesIn(arrays['codes.npy']).shape).toEqual([20, 8]);
    const labels = bytesIn(arrays['labels.npy']).data;
    expect(Array.from(labels)).toEqual(files.map((name) => (name.startsWith('c') ? 0 : 1)));
    expect(textsIn(arrays['names.npy']!)).toEqual(files);
  });

  it('writes the codes of both splits with --split all', async () => {
    await makeTinyRun(join(folder, 'own'), tinyConfiguration({ data: join(folder, 'photos') }));
    const countOf = async (...split: readonly string[]) =>
      Number((await resultOf(['encode', 'own', ...split, '--out', 'own.npz'], folder)).count);
    expect(await countOf()).toBeLessThan(20);
    expect((await countOf()) + (await countOf('--split', 'test'))).toBe(20);
    expect(await countOf('--split', 'all')).toBe(20);
  });

  const refusals: readonly Refusal[] = [
    ['a missing run', ['encode', 'no/run'], ['no/run']],
    ['another ending', ['encode', 'run', '--out', 'codes.csv'], ['--out codes.csv', '.npz']],
    ['unknown data', ['encode', 'run', 'nist'], ['data "nist"']],
  ];
  it.each(refusals)('rejects %s', async (_, args, texts) => {
    await expectBadInput(args, folder, ...texts);
  });
});
