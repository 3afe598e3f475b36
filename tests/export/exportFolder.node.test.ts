import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { requireExportFolder, writeExport } from '../../src/export/exportFolder.node.js';
import { temporaryFolder } from '../temporaryFolder.js';

describe('the folder of an export', () => {
  it('is created, and replaced by a later export', async () => {
    const out = join(temporaryFolder(), 'a', 'b');
    expect(await writeExport(out, { 'one.txt': 'first', 'two.bin': Uint8Array.of(1, 2) })).toEqual(
      ['one.txt', 'two.bin', 'export.json'].map((name) => join(out, name)),
    );
    writeFileSync(join(out, 'notes.txt'), 'mine');
    await writeExport(out, { 'one.txt': 'second' });
    expect(readdirSync(out).sort()).toEqual(['export.json', 'notes.txt', 'one.txt']);
    expect(readFileSync(join(out, 'one.txt'), 'utf8')).toBe('second');
    expect(JSON.parse(readFileSync(join(out, 'export.json'), 'utf8'))).toEqual({
      format: 'agenet export 1',
      files: { 'one.txt': '16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4' },
    });
  });

  it('may be empty, but no folder with other files and no file', async () => {
    const folder = temporaryFolder();
    await expect(requireExportFolder(folder)).resolves.toBeUndefined();
    writeFileSync(join(folder, 'thesis.txt'), 'years of work');
    await expect(writeExport(folder, { 'thesis.txt': '' })).rejects.toThrow(
      new InputError(folder, 'the folder has files that agenet export did not write', 'choose a different name'),
    );
    expect(readdirSync(folder)).toEqual(['thesis.txt']);
    await expect(requireExportFolder(join(folder, 'thesis.txt'))).rejects.toThrow('exists and is not a folder');
  });

  it.each(['{', '[]', '{"format":"agenet export 1"}', '{"format":"another","files":{}}'])(
    'is not one with the manifest %s',
    async (manifest) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'export.json'), manifest);
      await expect(requireExportFolder(folder)).rejects.toThrow('agenet export did not write');
    },
  );

  it('loses no file that is not of an export, whatever a manifest names', async () => {
    const folder = temporaryFolder();
    const out = join(folder, 'out');
    mkdirSync(join(out, 'sub'), { recursive: true });
    writeFileSync(join(folder, 'outside.txt'), 'mine');
    const manifest = (files: Record<string, string>) =>
      writeFileSync(join(out, 'export.json'), JSON.stringify({ format: 'agenet export 1', files }));
    manifest({ '../outside.txt': '', '/etc/hostname': '', '.': '' });
    await writeExport(out, { 'one.txt': '' });
    expect(existsSync(join(folder, 'outside.txt'))).toBe(true);
    manifest({ sub: '' });
    await expect(requireExportFolder(out)).rejects.toThrow('sub: was changed since its export');
  });

  it('keeps files that were changed, or added under the name of a new one', async () => {
    const out = temporaryFolder();
    await writeExport(out, { 'README.md': 'card' });
    writeFileSync(join(out, 'model.onnx'), 'mine');
    await expect(writeExport(out, { 'README.md': 'card', 'model.onnx': 'new' })).rejects.toThrow(
      new InputError(join(out, 'model.onnx'), 'was not written by agenet export', 'choose a different folder'),
    );
    writeFileSync(join(out, 'README.md'), 'edited');
    await expect(writeExport(out, { 'README.md': 'card' })).rejects.toThrow(
      new InputError(join(out, 'README.md'), 'was changed since its export', 'choose a different folder'),
    );
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toBe('edited');
  });

  it('can be written again after an interruption, without files of the earlier model', async () => {
    const out = temporaryFolder();
    await writeExport(out, { 'a.onnx': 'old', 'b.onnx': 'old' });
    const digest = (text: string) => createHash('sha256').update(text).digest('hex');
    // As after the first file of an export of a and c.
    const files = { 'a.onnx': digest('new'), 'c.onnx': digest('new') };
    const replaces = { 'a.onnx': [digest('old')], 'b.onnx': [digest('old')] };
    writeFileSync(join(out, 'export.json'), JSON.stringify({ format: 'agenet export 1', files, replaces }));
    writeFileSync(join(out, 'a.onnx'), 'new');
    writeFileSync(join(out, '.c.onnx.1.partial'), 'ne');
    await writeExport(out, { 'a.onnx': 'newest', 'c.onnx': 'newest' });
    expect(readdirSync(out).sort()).toEqual(['.c.onnx.1.partial', 'a.onnx', 'c.onnx', 'export.json']);
  });
});
