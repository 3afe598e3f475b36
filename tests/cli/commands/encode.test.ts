import { unzipSync } from 'fflate';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf } from '../runCommand.js';
import { makeTinyRun } from '../tinyRun.js';

const folder = sharedTemporaryFolder();

describe('agenet encode', () => {
  it('writes the code of each image on the sphere, and labels', async () => {
    await makeTinyRun(join(folder, 'run'));
    expect(await resultOf(['encode', 'run', '--split', 'test', '--out', 'codes.npz'], folder)).toEqual({
      out: 'codes.npz',
      count: 10000,
      latent: 8,
      labels: true,
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

  const refusals: readonly Refusal[] = [
    ['a missing run', ['encode', 'no/run'], ['no/run']],
    ['another ending', ['encode', 'run', '--out', 'codes.csv'], ['--out codes.csv', '.npz']],
    ['unknown data', ['encode', 'run', 'nist'], ['data "nist"']],
  ];
  it.each(refusals)('rejects %s', async (_, args, texts) => {
    await expectBadInput(args, folder, ...texts);
  });
});
