import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findImages } from '../../src/data/folder.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** Empty files, which the search does not look into. */
function folderOf(...names: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  return folder;
}

describe('the images of a folder', () => {
  it('are the files at any depth that end as images do, in either case, in the order of their letters', async () => {
    const folder = folderOf('b.PNG', 'a/x/y/z.jpeg', 'a.webp', 'B.gif', 'ä.tif', 'a/1.Tiff', 'a/10.jpg', 'a/2.avif', 'notes.txt', 'png', 'a.png.bak', '.png');
    const { names, skipped } = await findImages(folder);
    expect(names).toEqual(['B.gif', 'a.webp', 'a/1.Tiff', 'a/10.jpg', 'a/2.avif', 'a/x/y/z.jpeg', 'b.PNG', 'ä.tif']);
    expect(skipped).toEqual([]);
  });

  it('are not those that are hidden or in hidden folders', async () => {
    expect((await findImages(folderOf('.hidden.png', '.git/a.png', 'seen.png', 'a/.thumbnails/b.png'))).names).toEqual(['seen.png']);
  });

  it('are also found through links, once however many ways lead there', async () => {
    const folder = folderOf('real/a.png');
    const elsewhere = folderOf('b.png', 'inner/c.png');
    symlinkSync(join(folder, 'real', 'a.png'), join(folder, 'file.png'));
    symlinkSync(join(folder, 'real'), join(folder, 'again'));
    symlinkSync(elsewhere, join(folder, 'out'));
    symlinkSync(elsewhere, join(folder, 'out-again'));
    symlinkSync(join(folder, 'real', 'a.png'), join(folder, 'link.txt'));
    expect((await findImages(folder)).names).toEqual(['file.png', 'out/b.png', 'out/inner/c.png', 'real/a.png']);
  });

  it('are found once where links lead in circles', async () => {
    const above = folderOf('root/a/1.png', 'root/b/2.png', 'beside.png');
    const folder = join(above, 'root');
    symlinkSync('..', join(folder, 'a', 'up'));
    symlinkSync(join(folder, 'b'), join(folder, 'a', 'to-b'));
    symlinkSync(join(folder, 'a'), join(folder, 'b', 'to-a'));
    symlinkSync(above, join(folder, 'b', 'above'));
    symlinkSync('self', join(folder, 'self'));
    const { names, skipped } = await findImages(folder);
    expect(names).toEqual(['a/1.png', 'b/2.png', 'b/above/beside.png']);
    expect(skipped).toEqual([{ name: 'self', reason: 'the link cannot be followed: its links lead in a circle' }]);
  });

  it('are without links that lead nowhere and pipes, which are noted', async () => {
    const folder = folderOf('a.png');
    symlinkSync('missing.png', join(folder, 'z.png'));
    execFileSync('mkfifo', [join(folder, 'pipe.png')]);
    const { names, skipped } = await findImages(folder);
    expect(names).toEqual(['a.png']);
    expect(skipped).toEqual([
      { name: 'pipe.png', reason: 'it is not a file' },
      { name: 'z.png', reason: 'the link cannot be followed: there is no such file or folder' },
    ]);
  });

  // The superuser may read everything.
  it.skipIf(process.getuid?.() === 0)('are without those in folders that may not be read, which are noted', async () => {
    const folder = folderOf('a.png', 'closed/b.png');
    chmodSync(join(folder, 'closed'), 0);
    const { names, skipped } = await findImages(folder);
    chmodSync(join(folder, 'closed'), 0o700);
    expect(names).toEqual(['a.png']);
    expect(skipped).toEqual([{ name: 'closed', reason: 'permission denied' }]);
  });

  it('are refused at once where there are none', async () => {
    const folder = folderOf('notes.txt', 'inner/notes.md');
    await expectInputError(() => findImages(folder), folder, 'no images', 'PNG, JPEG');
    await expectInputError(() => findImages(join(folder, 'missing')), 'missing: there is no such folder');
    await expectInputError(() => findImages(join(folder, 'notes.txt')), 'notes.txt: is a file');
  });

  it('are refused with the first folder that could not be read where there are no others', async () => {
    const folder = folderOf('notes.txt');
    symlinkSync('missing', join(folder, 'link'));
    await expectInputError(() => findImages(folder), 'no images', 'link cannot be read');
  });
});
