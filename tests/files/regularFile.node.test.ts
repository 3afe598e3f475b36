import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeImage } from '../../src/images/decode.node.js';
import { FileTooLargeError, readRegularFile, readTextFile } from '../../src/files/regularFile.node.js';
import { errorOf } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** Simulated behavior of the system: reads of limited size, an end of the file before its size, a failure to open. */
const system = vi.hoisted((): { mostBytes: number; end: number; refusal: string | undefined } => ({
  mostBytes: Infinity,
  end: Infinity,
  refusal: undefined,
}));

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  return {
    ...actual,
    open: async (...args: Parameters<typeof actual.open>) => {
      if (system.refusal !== undefined) throw Object.assign(new Error(system.refusal), { code: system.refusal });
      const file = await actual.open(...args);
      const read = file.read.bind(file) as (
        bytes: Uint8Array,
        offset: number,
        length: number,
        position: number,
      ) => Promise<unknown>;
      return {
        stat: file.stat.bind(file),
        close: file.close.bind(file),
        read: (bytes: Uint8Array, offset: number, length: number, position: number) =>
          read(bytes, offset, Math.min(length, system.mostBytes, Math.max(0, system.end - position)), position),
      };
    },
  };
});

afterEach(() => Object.assign(system, { mostBytes: Infinity, end: Infinity, refusal: undefined }));

describe('a regular file', () => {
  function file(): string {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, 'abcdefgh');
    return path;
  }

  it('is read completely, however few bytes the system returns at a time', async () => {
    const path = file();
    system.mostBytes = 3;
    expect((await readRegularFile(path)).toString()).toBe('abcdefgh');
  });

  it('is rejected if it ends before its size', async () => {
    const path = file();
    system.end = 5;
    await expect(readRegularFile(path)).rejects.toThrow('truncated while it was read');
  });

  it('is rejected if it is larger than the limit', async () => {
    const path = file();
    expect((await readRegularFile(path, 8)).length).toBe(8);
    expect(await errorOf(() => readRegularFile(path, 7))).toBeInstanceOf(FileTooLargeError);
  });

  it('is empty if it has no bytes', async () => {
    const path = join(temporaryFolder(), 'empty');
    writeFileSync(path, '');
    expect((await readRegularFile(path)).length).toBe(0);
  });

  it('is rejected if it is a named pipe, a folder or a device', async () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    mkdirSync(join(folder, 'folder'));
    await expect(readRegularFile(join(folder, 'pipe'))).rejects.toThrow('expected a regular file but got a named pipe');
    expect(await errorOf(() => readRegularFile(join(folder, 'folder')))).toMatchObject({ code: 'EISDIR' });
    await expect(readRegularFile('/dev/null')).rejects.toThrow('expected a regular file but got a device');
    expect(await errorOf(() => readRegularFile(join(folder, 'missing')))).toMatchObject({ code: 'ENOENT' });
  });
});

it('is read as UTF-8 text', async () => {
  const path = join(temporaryFolder(), 'text');
  writeFileSync(path, 'größer → 大');
  expect(await readTextFile(path)).toBe('größer → 大');
});

describe('an image file that cannot be read', () => {
  const options = { size: 2, channels: 1 };

  it.each(['EMFILE', 'ENFILE', 'EIO', 'EACCES', 'ENOENT', 'ESTALE'])(
    'because of %s is unreadable, not corrupt: it may be readable the next time',
    async (code) => {
      system.refusal = code;
      expect(await decodeImage(join(temporaryFolder(), 'image.png'), options)).toMatchObject({ unreadable: true });
    },
  );

  it('because it is truncated during reading is unreadable, not corrupt', async () => {
    const path = join(temporaryFolder(), 'image.png');
    writeFileSync(path, new Uint8Array(100));
    system.end = 50;
    expect(await decodeImage(path, options)).toEqual({
      failure: 'the file was truncated while it was read',
      unreadable: true,
    });
  });
});
