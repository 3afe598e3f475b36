import { describe, expect, it } from 'vitest';
import { splitInMemory } from '../../src/data/source.js';
import { splitDigest } from '../../src/metrics/splitDigest.js';

const pixels = (count: number, changed?: number) => Uint8Array.from({ length: 4 * count }, (_, index) => (index === changed ? 255 : index % 200));
const digestOf = (bytes: Uint8Array, shape: [number, number, number] = [1, 2, 2], labels: Uint8Array | null = null) =>
  splitDigest(splitInMemory(bytes, 4, labels), shape);

describe('the digest of a split', () => {
  it('is the same for the same images, whatever their labels', async () => {
    expect(await digestOf(pixels(10))).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestOf(pixels(10))).toBe(await digestOf(pixels(10), [1, 2, 2], new Uint8Array(10)));
  });

  it('differs if a pixel, the number of images or their shape does', async () => {
    const digests = [pixels(10), pixels(10, 39), pixels(11), pixels(9)].map((bytes) => digestOf(bytes));
    expect(new Set(await Promise.all([...digests, digestOf(pixels(10), [1, 1, 4])])).size).toBe(5);
  });

  it('is of images from all of a large split', async () => {
    expect(await digestOf(pixels(5000))).not.toBe(await digestOf(pixels(5000, 4 * 4995)));
  });
});
