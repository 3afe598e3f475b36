import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFileAtomically } from '../src/files.node.js';
import { expectInputError } from './rejection.js';
import { temporaryFolder } from './temporaryFolder.js';

describe('a file that is written atomically', () => {
  it('holds the bytes, and nothing stays beside it', async () => {
    const folder = temporaryFolder();
    await writeFileAtomically(join(folder, 'file'), Uint8Array.of(1, 2));
    await writeFileAtomically(join(folder, 'file'), Uint8Array.of(3));
    expect(Array.from(readFileSync(join(folder, 'file')))).toEqual([3]);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('is refused where it cannot be, and what is there stays', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    mkdirSync(join(folder, 'folder', 'inner'), { recursive: true });
    await expectInputError(() => writeFileAtomically(join(file, 'below'), Uint8Array.of(1)), join(file, 'below'), 'cannot be written', 'not a folder');
    await expectInputError(() => writeFileAtomically(join(folder, 'missing', 'file'), Uint8Array.of(1)), 'cannot be written', 'does not exist');
    await expectInputError(() => writeFileAtomically(join(folder, 'folder'), Uint8Array.of(1)), join(folder, 'folder'), 'cannot be written');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder']);
    expect(readdirSync(join(folder, 'folder'))).toEqual(['inner']);
  });
});
