import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../fuzz/library.mjs', import.meta.url));

it('public functions return or throw an InputError for random arguments', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '--cases', '150', '--seed', '11']);
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ cases: 150, broken: 0 });
});
