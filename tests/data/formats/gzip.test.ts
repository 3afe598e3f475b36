import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeIdx } from '../../../src/data/formats/idx.js';
import { expectInputError } from '../../rejection.js';
import { ByteWriter } from './byteWriter.js';
import { idxBytes } from './idxBytes.js';
import { noise } from './noise.js';

const data = noise(5000);
const plain = idxBytes([50, 100], data);
const packed = new Uint8Array(gzipSync(plain));
const FIXED_HEADER = 10;

/** The compressed file with other flags and what they announce after the fixed header. */
const withHeader = (flags: number, fields: ArrayLike<number>): Uint8Array =>
  new ByteWriter(true).bytes([0x1f, 0x8b, 8, flags]).bytes(packed.subarray(4, FIXED_HEADER)).bytes(fields).bytes(packed.subarray(FIXED_HEADER)).done();
const letters = (text: string): number[] => [...new TextEncoder().encode(text), 0];
const changed = (at: number, byte: number): Uint8Array => packed.with(at < 0 ? packed.length + at : at, byte);

describe('an IDX file compressed by gzip', () => {
  it('is read as the file that it holds', () => {
    expect(decodeIdx(packed, 'file.gz')).toEqual({ sizes: [50, 100], data });
  });

  it.each([
    ['a file name', withHeader(8, letters('train-images-idx3-ubyte'))],
    ['a comment', withHeader(16, letters('digits'))],
    ['extra fields', withHeader(4, [3, 0, 1, 2, 3])],
    ['a checksum', withHeader(2, [1, 2])],
    ['all of them', withHeader(1 + 2 + 4 + 8 + 16, [2, 0, 9, 9, ...letters('name'), ...letters('comment'), 1, 2])],
  ])('may have %s in its header', (_, bytes) => {
    expect(decodeIdx(bytes, 'file.gz').data).toEqual(data);
  });

  it('is refused wherever it is cut short', async () => {
    const small = gzipSync(idxBytes([2, 3], [1, 2, 3, 4, 5, 6]));
    const named = withHeader(4 + 8, [2, 0, 9, 9, ...letters('name')]);
    for (let length = 2; length < small.length; length++) await expectInputError(() => decodeIdx(small.subarray(0, length), 'cut.gz'), 'cut.gz: ');
    for (let length = 2; length < 40; length++) await expectInputError(() => decodeIdx(named.subarray(0, length), 'cut.gz'), 'cut.gz: ');
    for (let length = 40; length < packed.length; length += 97) await expectInputError(() => decodeIdx(packed.subarray(0, length), 'cut.gz'), 'cut.gz: ');
  });

  it.each([
    ['its checksum is wrong', changed(-5, packed.at(-5)! ^ 1), 'checksum'],
    ['its length is wrong', changed(-1, 1), '5012'],
    ['its method is unknown', changed(2, 7), 'method 7'],
    ['its flags are unknown', changed(3, 0x80), 'flags 128'],
    ['it holds no IDX file', new Uint8Array(gzipSync(noise(100))), 'IDX'],
    ['it holds nothing', new Uint8Array(gzipSync(new Uint8Array(0))), 'IDX'],
    ['it holds less than its sizes say', new Uint8Array(gzipSync(plain.subarray(0, 4000))), 'should hold 5012 bytes'],
    ['it holds more than its sizes say', new Uint8Array(gzipSync(Uint8Array.from([...idxBytes([2], [1, 2]), ...noise(3000)]))), 'more'],
    ['its data are damaged', changed(FIXED_HEADER, 7), 'damaged compressed data (invalid block type)'],
  ])('is refused where %s', async (_, bytes, text) => {
    await expectInputError(() => decodeIdx(bytes, 'bad.gz'), 'bad.gz: ', text);
  });

  it('takes no memory for more than its bytes can hold', async () => {
    const header = idxBytes([0xffffffff, 0xffffffff, 0xffffffff], []);
    await expectInputError(() => decodeIdx(gzipSync(header), 'huge.gz'), 'huge.gz: ', 'no file may hold');
    await expectInputError(() => decodeIdx(gzipSync(idxBytes([1_000_000_000], new Uint8Array(100_000))), 'huge.gz'), 'huge.gz: ', '1000000008');
    const contradictory = idxBytes(new Array<number>(255).fill(0xffffffff).with(200, 0), []);
    await expectInputError(() => decodeIdx(gzipSync(contradictory), 'huge.gz'), 'huge.gz: ');
  });

  it('is inflated no further than its sizes say', async () => {
    const bomb = gzipSync(Buffer.concat([idxBytes([2], [1, 2]), Buffer.alloc(50_000_000)]));
    await expectInputError(() => decodeIdx(bomb, 'bomb.gz'), 'bomb.gz: ', 'should hold 10 bytes, not more');
  });

  it('is refused in time where much follows its data', async () => {
    const deflated = deflateRawSync(idxBytes([20], noise(10)));
    const bytes = new ByteWriter(true).bytes(packed.subarray(0, FIXED_HEADER)).bytes(deflated).bytes(noise(5_000_000)).done();
    const start = performance.now();
    await expectInputError(() => decodeIdx(bytes, 'tail.gz'), 'tail.gz: ', 'should hold 28 bytes, not 18');
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
