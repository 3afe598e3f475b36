import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../bench/crash-recovery.mjs', import.meta.url));

it('training killed at random moments ends bitwise identical when resumed', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '--kills', '2', '--steps', '30', '--seed', '5']);
  expect(JSON.parse(stdout)).toMatchObject({ kills: 2, steps: 30, same: true, different: [] });
});
