import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Raster } from '../../src/images/raster.js';
import { encodeSixel } from '../../src/images/sixel.js';

/** Decodes a sixel sequence to pixels in percent per channel, as a terminal does. */
function decode(text: string): { width: number; height: number; pixels: number[][] } {
  expect([text.slice(0, 7), text.slice(-2)]).toEqual(['\x1bPq"1;1', '\x1b\\']);
  const [, width, height, body] = /^;(\d+);(\d+)(\D.*)$/.exec(text.slice(7, -2))!;
  const pixels = new Array<number[]>(Number(width) * Number(height));
  const registers = new Map<string, number[]>();
  let [x, band, color] = [0, 0, [] as number[]];
  for (const [token, number, levels, run, character] of body!.matchAll(
    /#(\d+)(?:;2;([\d;]+))?|(?:!(\d+))?([\x3f-\x7e])|[$-]/g,
  )) {
    if (token === '$' || token === '-') [x, band] = [0, band + (token === '-' ? 1 : 0)];
    else if (levels !== undefined) registers.set(number!, levels.split(';').map(Number));
    else if (number !== undefined) color = registers.get(number)!;
    else {
      const mask = character!.charCodeAt(0) - 63;
      for (const end = x + Number(run ?? 1); x < end; x++) {
        for (let row = 0; row < 6; row++) if (mask & (1 << row)) pixels[(band * 6 + row) * Number(width) + x] = color;
      }
    }
  }
  return { width: Number(width), height: Number(height), pixels };
}

describe('encodeSixel', () => {
  it('draws every pixel in its color', () => {
    const image = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 14 }), fc.constantFrom(1, 3))
      .chain(([width, height, channels]) =>
        fc
          .array(fc.constantFrom(0, 51, 255), {
            minLength: width * height * channels,
            maxLength: width * height * channels,
          })
          .map((levels): Raster => ({ width, height, channels, data: Uint8Array.from(levels) })),
      );
    fc.assert(
      fc.property(image, (raster) => {
        const { width, height, channels, data } = raster;
        const expected = Array.from({ length: width * height }, (_, pixel) =>
          [0, 1, 2].map((channel) => (100 * data[pixel * channels + (channels === 3 ? channel : 0)]!) / 255),
        );
        expect(decode(encodeSixel(raster))).toEqual({ width, height, pixels: expected });
      }),
    );
  });

  it('shortens runs of equal columns', () => {
    expect(encodeSixel({ width: 100, height: 6, channels: 1, data: new Uint8Array(600).fill(255) })).toBe(
      '\x1bPq"1;1;100;6#0;2;100;100;100#0!100~\x1b\\',
    );
  });

  it('requires at most 256 colors', () => {
    const data = Uint8Array.from({ length: 257 * 3 }, (_, index) =>
      index % 3 === 0 ? (index / 3) % 256 : index > 766 ? 1 : 0,
    );
    expect(() => encodeSixel({ width: 257, height: 1, channels: 3, data })).toThrow('more than 256 colors');
  });
});
