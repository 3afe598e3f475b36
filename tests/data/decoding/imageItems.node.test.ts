import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileStates } from '../../../src/data/decoding/imageItems.node.js';
import { arrayItems, fileItems } from '../../../src/data/decoding/imageItems.node.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { writeImages } from '../imageFiles.js';

describe('image files', () => {
  it('have names and a fingerprint that depends on size and time', async () => {
    const folder = temporaryFolder();
    await writeImages(folder, { 'a.png': 1, 'b.png': 2 });
    const read = async () => (await fileItems(folder, ['a.png', 'b.png'])).items;
    const before = await read();
    expect(before.map(({ name }) => name)).toEqual(['a.png', 'b.png']);
    expect(await before[1]!.decode({ size: 1, channels: 1 })).toEqual({ pixels: Uint8Array.of(2) });
    const prints = async () => (await read()).map(({ fingerprint }) => fingerprint);
    expect(await prints()).toEqual(before.map(({ fingerprint }) => fingerprint));
    utimesSync(join(folder, 'a.png'), 1, 1.000001);
    writeFileSync(join(folder, 'b.png'), 'more');
    const after = await prints();
    for (const [index, print] of after.entries()) expect(print).not.toBe(before[index]!.fingerprint);
  });

  it('are skipped if they are missing or not regular files', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'folder.png'));
    const { items, skipped } = await fileItems(folder, ['folder.png', 'gone.png']);
    expect(items).toEqual([]);
    expect(skipped).toEqual([
      { name: 'folder.png', reason: 'it is not a file' },
      { name: 'gone.png', reason: 'no such file or folder' },
    ]);
  });

  it('have fingerprints in the order of their paths', async () => {
    const folder = temporaryFolder();
    const names = Array.from({ length: 200 }, (_, index) => join(folder, `${index}`));
    for (const [index, name] of names.entries()) if (index % 5 !== 0) writeFileSync(name, new Uint8Array(index));
    const states = await fileStates(names);
    expect(states[7]).toMatchObject({ size: 7, fingerprint: expect.stringContaining('7 bytes') as string });
    expect(states[100]).toEqual({ reason: 'no such file or folder' });
  });
});

describe('an array of images', () => {
  it('contains one item with a label per image', async () => {
    const images = {
      count: 2,
      channels: 1,
      height: 1,
      width: 1,
      pixels: Uint8Array.of(7, 9),
      labels: Uint8Array.of(3, 4),
    };
    const items = arrayItems(images, 'train', 'from a file');
    expect(items.map(({ name, label, fingerprint }) => [name, label, fingerprint])).toEqual([
      ['train/0', 3, 'from a file'],
      ['train/1', 4, 'from a file'],
    ]);
    expect(await items[1]!.decode({ size: 2, channels: 3 })).toEqual({ pixels: new Uint8Array(12).fill(9) });
    expect(arrayItems({ ...images, labels: null }, 'train', '')[0]!.label).toBeNull();
  });
});
