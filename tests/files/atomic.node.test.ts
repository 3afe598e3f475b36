import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDiskFull, makeFolder, writeFileAtomically, wrapWriteErrors } from '../../src/files/atomic.node.js';
import { errorOf, expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

describe('an atomically written file', () => {
  it('contains the bytes, and leaves no other file', async () => {
    const folder = temporaryFolder();
    await writeFileAtomically(join(folder, 'file'), Uint8Array.of(1, 2));
    await writeFileAtomically(join(folder, 'file'), Uint8Array.of(3));
    expect(Array.from(readFileSync(join(folder, 'file')))).toEqual([3]);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('is rejected if it cannot be written, and an existing file stays', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    mkdirSync(join(folder, 'folder', 'inner'), { recursive: true });
    await expectInputError(
      () => writeFileAtomically(join(file, 'below'), Uint8Array.of(1)),
      join(file, 'below'),
      'cannot be written',
      'not a folder',
    );
    await expectInputError(
      () => writeFileAtomically(join(folder, 'missing', 'file'), Uint8Array.of(1)),
      'cannot be written',
      'does not exist',
    );
    await expectInputError(
      () => writeFileAtomically(join(folder, 'folder'), Uint8Array.of(1)),
      join(folder, 'folder'),
      'cannot be written',
    );
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder']);
    expect(readdirSync(join(folder, 'folder'))).toEqual(['inner']);
  });
});

describe('a write error', () => {
  const errorFor = (code: string) =>
    errorOf(() => wrapWriteErrors('file', () => Promise.reject(Object.assign(new Error(), { code }))));

  it('reports whether the disk was full, so that retrying may help', async () => {
    for (const code of ['ENOSPC', 'EDQUOT']) expect(isDiskFull(await errorFor(code)), code).toBe(true);
    for (const code of ['EACCES', 'EROFS']) expect(isDiskFull(await errorFor(code)), code).toBe(false);
    expect(isDiskFull(new Error('ENOSPC'))).toBe(false);
  });
});

describe('a folder', () => {
  it('is created with its parents, and may exist already', async () => {
    const folder = temporaryFolder();
    for (let times = 0; times < 2; times++) await makeFolder(join(folder, 'a', 'b', 'c'));
    expect(statSync(join(folder, 'a', 'b', 'c')).isDirectory()).toBe(true);
  });

  it('is not created at or below a file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'mine');
    expect(await errorOf(() => makeFolder(join(folder, 'file')))).toMatchObject({ code: 'EEXIST' });
    expect(await errorOf(() => makeFolder(join(folder, 'file', 'below', 'it')))).toMatchObject({ code: 'ENOTDIR' });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine');
  });

  it.runIf(existsSync('is rejected immediately if the system reports it as missing instead of creating it'))(
    'is refused at once where the system says that it is missing instead of making it',
    async () => {
      expect(await errorOf(() => makeFolder('/proc/none/below'))).toMatchObject({ code: 'ENOENT' });
    },
  );
});
