import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pngChunkTypes } from '../../src/images/pngChunks.js';

describe('the chunks of a PNG file', () => {
  const picture = () => sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } }).png({ compressionLevel: 0 });

  it('are named in their order, to the end of the image', async () => {
    const bytes = await picture().toBuffer();
    const types = pngChunkTypes(bytes);
    expect([types[0], types.at(-1), types.includes('IDAT')]).toEqual(['IHDR', 'IEND', true]);
    expect(pngChunkTypes(Buffer.concat([bytes, Buffer.alloc(40)]))).toEqual(types);
  });

  it('end early where the file does, and go nowhere where a length is absurd', async () => {
    const bytes = await picture().toBuffer();
    expect(pngChunkTypes(bytes.subarray(0, 50))).not.toContain('IEND');
    expect(pngChunkTypes(bytes.subarray(0, 8))).toEqual([]);
    const absurd = Uint8Array.from(bytes);
    absurd.set([0xff, 0xff, 0xff, 0xff], 8);
    expect(pngChunkTypes(absurd)).toEqual(['IHDR']);
  });
});
