import { describe, expect, it } from 'vitest';
import { adler32, crc32 } from '../../../src/data/formats/checksums.js';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('checksums', () => {
  it('are those that are published for known texts', () => {
    expect(crc32(ascii('123456789'))).toBe(0xcbf43926);
    expect(adler32(ascii('Wikipedia'))).toBe(0x11e60398);
    expect([crc32(ascii('')), adler32(ascii(''))]).toEqual([0, 1]);
  });

  it('do not overflow on the largest bytes', () => {
    // Adler-32 by its definition: sums of the bytes, and of those sums, modulo 65521.
    const length = 100_000;
    let [sum, sumOfSums] = [1n, 0n];
    for (let index = 0; index < length; index++) {
      sum = (sum + 255n) % 65_521n;
      sumOfSums = (sumOfSums + sum) % 65_521n;
    }
    expect(adler32(new Uint8Array(length).fill(255))).toBe(Number(sumOfSums * 65_536n + sum));
  });
});
