import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PixelFile } from '../../../src/data/decoding/pixelFile.node.js';
import { temporaryFolder } from '../../temporaryFolder.js';

describe('a pixel file', () => {
  it('does not close a different file with the same descriptor if closed twice', () => {
    const folder = temporaryFolder();
    const file = PixelFile.create(join(folder, 'pixels'), 2, 2);
    file.write(0, Uint8Array.of(1, 2));
    file.close();
    // The system gives the lowest free number, which was the file's.
    const other = openSync(join(folder, 'other'), 'w');
    file.close();
    writeSync(other, 'text');
    closeSync(other);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('text');
  });

  it('neither reads nor writes after it is closed, even if its descriptor is in use again', async () => {
    const folder = temporaryFolder();
    const file = PixelFile.create(join(folder, 'pixels'), 2, 2);
    file.close();
    writeFileSync(join(folder, 'other'), 'text');
    const other = openSync(join(folder, 'other'), 'r+');
    expect(() => file.read(0, new Uint8Array(2), 0)).toThrow('the images are closed');
    expect(() => file.write(0, Uint8Array.of(1, 2))).toThrow('the images are closed');
    await file.flush();
    closeSync(other);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('text');
  });
});
