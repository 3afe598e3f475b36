import { describe, expect, it } from 'vitest';
import { encodePng } from '../../src/images/files.node.js';
import { graphicsSequence } from '../../src/images/terminalGraphics.node.js';
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
