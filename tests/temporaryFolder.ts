import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

const create = (): string => mkdtempSync(join(tmpdir(), 'agenet-test-'));
const remove = (path: string): void => rmSync(path, { recursive: true, force: true });

/** A new empty folder that is removed when the running test ends. */
export function temporaryFolder(): string {
  const path = create();
  onTestFinished(() => remove(path));
  return path;
}

/** A new empty folder for all tests of a file or a `describe`, which calls this outside of its tests. */
export function sharedTemporaryFolder(): string {
  const path = create();
  afterAll(() => remove(path));
  return path;
}
