import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  isDiskFull,
  makeFolder,
  partialPath,
  writeFileAtomically,
  wrapWriteErrors,
} from '../../src/files/atomic.node.js';
import { errorOf, expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { abandonedPath } from './abandoned.js';

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

describe('a file with a long name', () => {
  it.each([255, 238, 200])('of %d bytes is written', async (bytes) => {
    const folder = temporaryFolder();
    const name = 'ä'.repeat(60) + 'x'.repeat(bytes - 120);
    await writeFileAtomically(join(folder, name), Uint8Array.of(7));
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('is rejected if the file system does not allow it', async () => {
    const file = join(temporaryFolder(), 'x'.repeat(256));
    await expectInputError(
      () => writeFileAtomically(file, Uint8Array.of(7)),
      'cannot be written (the name is too long)',
    );
  });
});

describe('the partial file of a killed process', () => {
  it('is removed by the next process that writes the file, and those of running processes stay', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'codes.npz');
    const [killed, running] = [abandonedPath(file), partialPath(file)];
    for (const path of [killed, running]) writeFileSync(path, 'half');
    await writeFileAtomically(file, Uint8Array.of(2));
    expect(readdirSync(folder).sort()).toEqual([basename(running), 'codes.npz']);
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

  it.runIf(existsSync('/proc'))(
    'is not created if the system reports it as missing instead of creating it',
    async () => {
      expect(await errorOf(() => makeFolder('/proc/none/below'))).toMatchObject({ code: 'ENOENT' });
    },
  );
});
