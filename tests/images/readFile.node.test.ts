import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileReader } from '../../src/images/readFile.node.js';
import { LatencyBudget } from '../../src/latencyBudget.js';
import { errorOf } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** Nothing is ever as quick. */
const slow = (): LatencyBudget => {
  const pace = new LatencyBudget(-1000);
  pace.measure(() => undefined);
  return pace;
};

describe.each([
  ['a quick disk', () => new LatencyBudget(1000)],
  ['a slow disk', slow],
])('a file on %s', (_, paceOf) => {
  it('is read whole, or not at all if it is larger than allowed', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, Uint8Array.of(1, 2, 3));
    const reader = new FileReader(paceOf());
    expect(Array.from(await reader.read(path, 3))).toEqual([1, 2, 3]);
    await expect(reader.read(path, 2)).rejects.toThrow('the file has 3 bytes, and at most 2 are read');
  });

  it('that is missing or no file is refused, without waiting for a pipe to speak', async () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const reader = new FileReader(paceOf());
    await expect(reader.read(join(folder, 'pipe'), 9)).rejects.toThrow('expected a regular file but got a named pipe');
    expect(await errorOf(() => reader.read(folder, 9))).toMatchObject({ code: 'EISDIR' });
    expect(await errorOf(() => reader.read(join(folder, 'missing'), 9))).toMatchObject({ code: 'ENOENT' });
  });
});

describe('a pace', () => {
  it('is quick until more time went by than the mean allows, a pause aside', () => {
    const pace = new LatencyBudget(0);
    pace.measure(() => undefined);
    expect(pace.hasBudgetLeft).toBe(true);
    const end = performance.now() + 60;
    pace.measure(() => {
      while (performance.now() < end);
    });
    expect(pace.hasBudgetLeft).toBe(false);
  });
});
