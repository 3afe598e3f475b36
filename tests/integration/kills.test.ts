import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../temporaryFolder.js';
import { writeNoiseArchive } from '../cli/labelledData.js';

const SCRIPT = fileURLToPath(new URL('../../bench/crash-recovery.mjs', import.meta.url));

it('training killed at random moments ends bitwise identical when resumed', async () => {
  const archive = join(temporaryFolder(), 'noise.npz');
  writeNoiseArchive(archive, 100);
  const { stdout } = await promisify(execFile)(process.execPath, [
    SCRIPT,
    '--data',
    `npz:${archive}`,
    '--kills',
    '2',
    '--steps',
    '30',
    '--seed',
    '5',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ kills: 2, steps: 30, same: true, different: [] });
});
