import { cpSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodeNpz } from '../../src/data/formats/npz.js';
import { digestItems } from '../../src/data/decoding/imageItems.node.js';
import { openSource } from '../../src/data/open.node.js';
import type { DataDigest } from '../../src/data/source.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { writeImages } from '../data/imageFiles.js';
import { Numbers } from '../data/numbers.js';

const range = (count: number): number[] => [...Array(count).keys()];

async function digestOf(data: string, size = 4): Promise<DataDigest> {
  const source = await openSource(data, { size, channels: 1 }, { streaming: true, cacheFolder: temporaryFolder() });
  try {
    return await source.digest!();
  } finally {
    source.close?.();
  }
}

describe('the digest of an archive', () => {
  const noise = (count: number) => Uint8Array.from({ length: count * 64 }, (_, index) => (index * 7919) % 251);

  async function archive(pixels: Uint8Array): Promise<string> {
    const file = join(temporaryFolder(), 'e.npz');
    writeFileSync(file, await encodeNpz({ images: { shape: [pixels.length / 64, 8, 8], data: pixels } }));
    return `npz:${file}`;
  }

  it('differs for inverted, constant and more images', async () => {
    const contents = [noise(30), noise(30).map((value) => 255 - value), noise(30).fill(9), noise(40)];
    const digests = await Promise.all(contents.map(async (pixels) => digestOf(await archive(pixels))));
    expect(digests.map(({ count }) => count)).toEqual([30, 30, 30, 40]);
    expect(new Set(digests.map(({ sha256 }) => sha256)).size).toBe(4);
  });

  it('is the same in another place, and whether or not the images are decoded to another size', async () => {
    const [first, second] = [await archive(noise(30)), await archive(noise(30))];
    expect(await digestOf(first)).toEqual(await digestOf(second, 8));
  });
});

describe('the digest of a folder', () => {
  async function photos(count = 30): Promise<string> {
    const folder = temporaryFolder();
    await writeImages(folder, Object.fromEntries(range(count).map((index) => [`${index}.png`, index])));
    return folder;
  }

  it('is the same after the folder was copied and renamed', async () => {
    const folder = await photos();
    const before = await digestOf(folder);
    const copy = join(temporaryFolder(), 'copy');
    cpSync(folder, copy, { recursive: true });
    expect(await digestOf(copy)).toEqual(before);
    renameSync(copy, `${copy} moved`);
    expect(await digestOf(`${copy} moved`)).toEqual(before);
    expect(before).toEqual({ count: 30, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });

  it('differs for added, renamed, inverted and replaced images', async () => {
    const before = (await digestOf(await photos())).sha256;
    const changed = await Promise.all(range(5).map(() => photos()));
    await writeImages(changed[0]!, { 'new.png': 3 });
    renameSync(join(changed[1]!, '1.png'), join(changed[1]!, 'other.png'));
    for (const index of range(30)) {
      const file = join(changed[2]!, `${index}.png`);
      writeFileSync(file, await sharp(file).negate().png().toBuffer());
    }
    // The file has the same number of bytes.
    await writeImages(changed[3]!, { '7.png': 8 });
    await writeImages(changed[4]!, Object.fromEntries(range(30).map((index) => [`${index}.png`, 8])));
    const digests = await Promise.all(changed.map((folder) => digestOf(folder)));
    expect(new Set([before, ...digests.map(({ sha256 }) => sha256)]).size).toBe(6);
  });

  it('reads at most 1,000 files', async () => {
    const isSampled = new Map<string, boolean>();
    const { items } = new Numbers(2500);
    await digestItems(
      items.map((item) => ({ ...item, contentKey: (sampled) => (isSampled.set(item.name, sampled), '4') })),
    );
    const sampled = [...isSampled].filter(([, sampled]) => sampled).map(([name]) => name);
    expect([isSampled.size, sampled.length, sampled.slice(0, 2)]).toEqual([2500, 834, ['image-0', 'image-3']]);
  });
});
