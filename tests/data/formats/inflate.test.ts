import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflateExactly, inflateStart } from '../../../src/data/formats/inflate.js';
import { expectInputError } from '../../rejection.js';
import { noise } from './noise.js';

/** Bytes that compress in different ways: noise, runs and repetitions, of up to some hundred thousand. */
const contents = fc
  .array(fc.record({ length: fc.nat(60_000), kind: fc.constantFrom('noise', 'few values', 'run', 'repetition') }), { minLength: 1, maxLength: 4 })
  .map((parts) =>
    Buffer.concat(
      parts.map(({ length, kind }) => {
        if (kind === 'run') return new Uint8Array(length).fill(length);
        const bytes = noise(length, length + 1);
        if (kind === 'few values') return bytes.map((byte) => byte % 3);
        return kind === 'noise' ? bytes : bytes.map((_, index) => bytes[index % 100]!);
      }),
    ),
  );
const settings = fc.record({
  level: fc.constantFrom(0, 1, 6, 9),
  strategy: fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE),
});

describe('DEFLATE data', () => {
  it('are inflated to what they were, however zlib wrote them', () => {
    fc.assert(
      fc.property(contents, settings, (bytes, options) => {
        expect(Buffer.compare(inflateExactly(deflateRawSync(bytes, options), bytes.length, 'file'), bytes)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('give their first bytes', () => {
    fc.assert(
      fc.property(contents, settings, fc.nat(2000), (bytes, options, count) => {
        const start = inflateStart(deflateRawSync(bytes, options), count, 'file');
        expect(Buffer.compare(start, bytes.subarray(0, count))).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('may be runs that shrink a thousandfold, and photographs that do not shrink at all', () => {
    for (const bytes of [new Uint8Array(10_000_000), noise(1_000_000)])
      expect(Buffer.compare(inflateExactly(deflateRawSync(bytes, { level: 9 }), bytes.length, 'file'), bytes)).toBe(0);
  });

  it('may hold nothing', () => {
    expect(inflateExactly(deflateRawSync(new Uint8Array(0)), 0, 'file')).toHaveLength(0);
  });

  it('are refused where they should hold more than any published images do', async () => {
    // 100 kB of compressed data may hold 64 MiB and 128 times themselves.
    await expectInputError(() => inflateExactly(new Uint8Array(100_000), 80_000_000, 'bomb'), 'bomb: ', '80000000', `${2 ** 26 + 12_800_000}`);
    await expectInputError(() => inflateExactly(new Uint8Array(1000), 1_032_001, 'bomb'), 'bomb: ', '1032001', '1032000');
    await expectInputError(() => inflateExactly(new Uint8Array(1000), NaN, 'bomb'), 'bomb: ');
  });

  it('are refused where they are damaged or cut, at every place', async () => {
    const bytes = deflateRawSync(noise(300));
    for (let length = 0; length < bytes.length; length++) await expectInputError(() => inflateExactly(bytes.subarray(0, length), 300, 'cut'), 'cut: ');
    await expectInputError(() => inflateStart(Uint8Array.of(7), 10, 'bad'), 'bad: ', 'invalid block type');
  });
});
