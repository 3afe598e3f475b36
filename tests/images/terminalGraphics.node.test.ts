import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../src/images/files.node.js';
import type { Raster } from '../../src/images/raster.js';
import { encodeSixel, graphicsSequence } from '../../src/images/terminalGraphics.node.js';
import { randomStream } from '../../src/random.js';

/** A sequence whose escape characters are spelled out. */
const sequenceOf = async (...args: Parameters<typeof graphicsSequence>) =>
  (await graphicsSequence(...args)).replaceAll('\x1b', 'ESC').replaceAll('\x07', 'BEL');

async function noisePng(width: number, height: number): Promise<Buffer> {
  const stream = randomStream(1, 'noise');
  return encodePng({
    width,
    height,
    channels: 3,
    data: Uint8Array.from({ length: width * height * 3 }, () => stream.below(256)),
  });
}

describe('graphicsSequence', () => {
  it('transmits the file in chunks by the kitty protocol', async () => {
    const png = await noisePng(64, 40);
    const sequence = await sequenceOf(png, 'kitty', 80);
    const chunks = [...sequence.matchAll(/ESC_G([^;]*);([\w+/=]*)ESC\\/g)];
    expect(chunks.map(([text]) => text).join('')).toBe(sequence);
    expect(chunks.map(([, keys]) => keys)).toEqual([
      'a=T,f=100,q=2,c=8,m=1',
      ...new Array<string>(chunks.length - 2).fill('m=1'),
      'm=0',
    ]);
    for (const [, , data] of chunks) expect(data!.length).toBeLessThanOrEqual(4096);
    expect(Buffer.from(chunks.map(([, , data]) => data).join(''), 'base64')).toEqual(png);
  });

  it('sends a small file as one chunk', async () => {
    expect(await sequenceOf(await noisePng(2, 2), 'kitty', 80)).toMatch(/^ESC_Ga=T,f=100,q=2,c=1,m=0;[\w+/=]+ESC\\$/);
  });

  it('embeds the file by the protocol of iTerm2, no wider than the terminal', async () => {
    const png = await noisePng(900, 4);
    expect(await sequenceOf(png, 'iterm2', 80)).toBe(
      `ESC]1337;File=inline=1;size=${png.length};width=80;preserveAspectRatio=1:${png.toString('base64')}BEL`,
    );
  });

  it('reduces colors and width for sixel', async () => {
    const sequence = await sequenceOf(await noisePng(400, 20), 'sixel', 20);
    expect(sequence).toMatch(/^ESCPq"1;1;160;8#0;2;/);
    expect(sequence).not.toMatch(/#\d{4}/);
  });

  it('keeps the gray levels of a small image as sixel', async () => {
    const png = await encodePng({ width: 3, height: 1, channels: 1, data: Uint8Array.of(0, 51, 255) });
    expect(await sequenceOf(png, 'sixel', 80)).toMatch(
      /^ESCPq"1;1;3;1(?=.*;2;0;0;0)(?=.*;2;20;20;20)(?=.*;2;100;100;100)/,
    );
  });
});

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
