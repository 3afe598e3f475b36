import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp, { type PngOptions, type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePlainPng } from '../../src/images/plainPng.js';

const noise = (size: number, channels: 1 | 2 | 3 | 4, seed = 1): Sharp =>
  sharp(
    Uint8Array.from(
      { length: size * size * channels },
      (_, index) => ((index + 1) * (seed + 2654435761)) >>> ((index + seed) % 13),
    ),
    { raw: { width: size, height: size, channels } },
  );
const fileOf = (image: Sharp, channels: number, options: PngOptions = {}): Promise<Buffer> =>
  image
    .toColourspace(channels < 3 ? 'b-w' : 'srgb')
    .png(options)
    .toBuffer();

describe('a plain PNG file', () => {
  it('has the pixels that libvips decodes, for any size, color type, compression and filter', async () => {
    const files = fc.record({
      size: fc.integer({ min: 1, max: 32 }),
      channels: fc.constantFrom(1 as const, 3 as const),
      seed: fc.nat(1000),
      compressionLevel: fc.integer({ min: 0, max: 9 }),
      adaptiveFiltering: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(files, async ({ size, channels, seed, ...options }) => {
        const bytes = await fileOf(noise(size, channels, seed), channels, options);
        const expected = await sharp(bytes)
          .toColourspace(channels === 1 ? 'b-w' : 'srgb')
          .raw()
          .toBuffer();
        const plain = decodePlainPng(bytes, { size, channels: 3 });
        expect(plain).toEqual({ pixels: new Uint8Array(expected), channels });
      }),
      { numRuns: 60 },
    );
  });

  it('is left to libvips if its pixels need a conversion', async () => {
    const rgb = await fileOf(noise(16, 3), 3);
    expect(decodePlainPng(rgb, { size: 16, channels: 3 })).toBeDefined();
    expect(decodePlainPng(rgb, { size: 8, channels: 3 })).toBeUndefined();
    expect(decodePlainPng(rgb, { size: 16, channels: 1 })).toBeUndefined();
    const others: Record<string, Buffer> = {
      interlaced: await fileOf(noise(16, 3), 3, { progressive: true }),
      transparent: await fileOf(noise(16, 4), 4),
      palette: await fileOf(noise(16, 3), 3, { palette: true }),
      profiled: await noise(16, 3).withIccProfile('p3').png().toBuffer(),
      turned: await noise(16, 3).withMetadata({ orientation: 6 }).png().toBuffer(),
      deep: await noise(16, 3).toColourspace('rgb16').png().toBuffer(),
      large: await fileOf(noise(40, 3), 3),
      jpeg: await noise(16, 3).jpeg().toBuffer(),
    };
    for (const [name, bytes] of Object.entries(others)) {
      expect([name, decodePlainPng(bytes, { size: name === 'large' ? 40 : 16, channels: 3 })]).toEqual([
        name,
        undefined,
      ]);
    }
  });

  it('is left to libvips if damaged', async () => {
    const bytes = await fileOf(noise(16, 3), 3);
    for (let length = 0; length < bytes.length; length += 7)
      expect(decodePlainPng(bytes.subarray(0, length), { size: 16, channels: 3 })).toBeUndefined();
    for (let place = 16; place < bytes.length - 12; place += 5) {
      const damaged = Buffer.from(bytes);
      damaged[place]! ^= 0x10;
      expect(decodePlainPng(damaged, { size: 16, channels: 3 })).toBeUndefined();
    }
  });

  it('decompresses to no more memory than its header allows', async () => {
    const bomb = await sharp({ create: { width: 4000, height: 4000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    // A header that declares 32x32 before pixels of 4000x4000.
    bomb.writeUInt32BE(32, 16);
    bomb.writeUInt32BE(32, 20);
    expect(decodePlainPng(bomb, { size: 32, channels: 3 })).toBeUndefined();
  });

  it('with any content is decoded or left to libvips, even if its checksums are correct', async () => {
    const bytes = await fileOf(noise(16, 3), 3);
    const edits = fc.array(fc.record({ at: fc.nat(10_000), value: fc.nat(255) }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(edits, (changes) => {
        const file = Buffer.from(bytes);
        // The first chunk of pixels begins after the header's 33 bytes with its length and type.
        const length = file.readUInt32BE(33);
        for (const { at, value } of changes) file[41 + (at % length)] = value;
        file.writeUInt32BE(crc32(file.subarray(37, 41 + length)), 41 + length);
        const plain = decodePlainPng(file, { size: 16, channels: 3 });
        expect(plain === undefined || plain.pixels.length === 16 * 16 * 3).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
