import { constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unzlib, unzlibStart } from '../../../src/data/formats/compression.js';
import { expectInputError } from '../../rejection.js';
import { noise } from './noise.js';
import { decodeIdx } from '../../../src/data/formats/idx.js';
import { ByteWriter } from './byteWriter.js';
import { idxBytes } from './idxBytes.js';

/** Bytes that compress in different ways: noise, runs and repetitions, of up to some hundred thousand. */
const contents = fc
  .array(fc.record({ length: fc.nat(60_000), kind: fc.constantFrom('noise', 'few values', 'run', 'repetition') }), {
    minLength: 1,
    maxLength: 4,
  })
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

describe('zlib data', () => {
  it('is inflated to the original, for every compression setting of zlib', async () => {
    await fc.assert(
      fc.asyncProperty(contents, settings, async (bytes, options) => {
        expect(Buffer.compare(await unzlib(deflateSync(bytes, options), bytes.length, 'file'), bytes)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('returns its first bytes', async () => {
    await fc.assert(
      fc.asyncProperty(contents, settings, fc.nat(2000), async (bytes, options, count) => {
        const start = await unzlibStart(deflateSync(bytes, options), count, 'file');
        expect(Buffer.compare(start, bytes.subarray(0, count))).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('may contain runs that compress a thousandfold, or incompressible data', async () => {
    for (const bytes of [new Uint8Array(10_000_000), noise(1_000_000)])
      expect(Buffer.compare(await unzlib(deflateSync(bytes, { level: 9 }), bytes.length, 'file'), bytes)).toBe(0);
  });

  it('may be empty', async () => {
    expect(await unzlib(deflateSync(new Uint8Array(0)), 0, 'file')).toHaveLength(0);
  });

  it('is rejected if it exceeds the size of any published data set', async () => {
    // 100 kB of compressed data may hold 64 MiB and 128 times themselves.
    await expectInputError(
      () => unzlib(new Uint8Array(100_000), 80_000_000, 'bomb'),
      'bomb: ',
      '80000000',
      `${2 ** 26 + 12_800_000}`,
    );
    await expectInputError(() => unzlib(new Uint8Array(1000), 1_032_001, 'bomb'), 'bomb: ', '1032001', '1032000');
    await expectInputError(() => unzlib(new Uint8Array(1000), NaN, 'bomb'), 'bomb: ');
  });

  it('is rejected if damaged or truncated at any position', async () => {
    const bytes = deflateSync(noise(300));
    for (let length = 0; length < bytes.length; length++)
      await expectInputError(() => unzlib(bytes.subarray(0, length), 300, 'cut'), 'cut: ');
    await expectInputError(
      () => unzlibStart(Uint8Array.of(0x78, 0x9c, 7, 0, 0, 0, 0), 10, 'bad'),
      'bad: ',
      'invalid block type',
    );
    await expectInputError(
      () =>
        unzlib(
          deflateSync(noise(300)).map((byte, index, all) => (index === all.length - 1 ? byte ^ 1 : byte)),
          300,
          'bad',
        ),
      'bad: ',
      'incorrect data check',
    );
  });
});

const data = noise(5000);
const plain = idxBytes([50, 100], data);
const packed = new Uint8Array(gzipSync(plain));
const FIXED_HEADER = 10;

/** The compressed file with other flags and what they announce after the fixed header. */
const withHeader = (flags: number, fields: ArrayLike<number>): Uint8Array =>
  new ByteWriter(true)
    .bytes([0x1f, 0x8b, 8, flags])
    .bytes(packed.subarray(4, FIXED_HEADER))
    .bytes(fields)
    .bytes(packed.subarray(FIXED_HEADER))
    .done();
const letters = (text: string): number[] => [...new TextEncoder().encode(text), 0];
const changed = (at: number, byte: number): Uint8Array => packed.with(at < 0 ? packed.length + at : at, byte);

describe('a gzipped IDX file', () => {
  it('is read like the file that it contains', async () => {
    expect(await decodeIdx(packed, 'file.gz')).toEqual({ sizes: [50, 100], data });
  });

  it.each([
    ['a file name', withHeader(8, letters('train-images-idx3-ubyte'))],
    ['a comment', withHeader(16, letters('digits'))],
    ['extra fields', withHeader(4, [3, 0, 1, 2, 3])],
    ['all of them', withHeader(1 + 4 + 8 + 16, [2, 0, 9, 9, ...letters('name'), ...letters('comment')])],
  ])('may have %s in its header', async (_, bytes) => {
    expect((await decodeIdx(bytes, 'file.gz')).data).toEqual(data);
  });

  it('is rejected if truncated at any position', async () => {
    const small = gzipSync(idxBytes([2, 3], [1, 2, 3, 4, 5, 6]));
    const named = withHeader(4 + 8, [2, 0, 9, 9, ...letters('name')]);
    for (let length = 2; length < small.length; length++)
      await expectInputError(() => decodeIdx(small.subarray(0, length), 'cut.gz'), 'cut.gz: ');
    for (let length = 2; length < 40; length++)
      await expectInputError(() => decodeIdx(named.subarray(0, length), 'cut.gz'), 'cut.gz: ');
    for (let length = 40; length < packed.length; length += 97)
      await expectInputError(() => decodeIdx(packed.subarray(0, length), 'cut.gz'), 'cut.gz: ');
  });

  it.each([
    ['its checksum is wrong', changed(-5, packed.at(-5)! ^ 1), 'incorrect data check'],
    ['its length is wrong', changed(-1, 1), 'incorrect length check'],
    ['its method is unknown', changed(2, 7), 'unknown compression method'],
    ['it does not contain an IDX file', new Uint8Array(gzipSync(noise(100))), 'IDX'],
    ['it is empty', new Uint8Array(gzipSync(new Uint8Array(0))), 'IDX'],
    [
      'it contains less than its sizes declare',
      new Uint8Array(gzipSync(plain.subarray(0, 4000))),
      'expected 5012 bytes',
    ],
    [
      'it contains more than its sizes declare',
      new Uint8Array(gzipSync(Uint8Array.from([...idxBytes([2], [1, 2]), ...noise(3000)]))),
      'got 3010',
    ],
    ['its data is corrupt', changed(FIXED_HEADER, 7), 'corrupt compressed data (invalid block type)'],
  ])('is rejected if %s', async (_, bytes, text) => {
    await expectInputError(() => decodeIdx(bytes, 'bad.gz'), 'bad.gz: ', text);
  });

  it('takes no more memory than its bytes can contain', async () => {
    const header = idxBytes([0xffffffff, 0xffffffff, 0xffffffff], []);
    await expectInputError(() => decodeIdx(gzipSync(header), 'huge.gz'), 'huge.gz: ', 'expected 7.9');
    await expectInputError(
      () => decodeIdx(gzipSync(idxBytes([1_000_000_000], new Uint8Array(100_000))), 'huge.gz'),
      'huge.gz: ',
      '1000000008',
    );
    const contradictory = idxBytes(new Array<number>(255).fill(0xffffffff).with(200, 0), []);
    await expectInputError(() => decodeIdx(gzipSync(contradictory), 'huge.gz'), 'huge.gz: ');
  });

  it('is rejected without allocating memory if it contains more than its sizes declare', async () => {
    const bomb = gzipSync(Buffer.concat([idxBytes([2], [1, 2]), Buffer.alloc(50_000_000)]));
    await expectInputError(() => decodeIdx(bomb, 'bomb.gz'), 'bomb.gz: ', 'expected 10 bytes');
  });

  it('is rejected if much data follows its stream', async () => {
    const deflated = deflateRawSync(idxBytes([20], noise(10)));
    const bytes = new ByteWriter(true)
      .bytes(packed.subarray(0, FIXED_HEADER))
      .bytes(deflated)
      .bytes(noise(5_000_000))
      .done();
    await expectInputError(() => decodeIdx(bytes, 'tail.gz'), 'tail.gz: ', 'incorrect data check');
  });
});
