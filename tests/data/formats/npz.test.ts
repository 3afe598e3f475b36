import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNpz } from '../../../src/data/formats/npz.js';
import { encodeNpz } from '../../../src/data/formats/encodeNumpy.js';
import { expectInputError } from '../../rejection.js';
import { noise } from './noise.js';
import { npyBytes } from './npyBytes.js';
import { zipBytes, type ZipPart } from './zipBytes.js';

const npy = npyBytes({ shape: [2, 2], elements: [1, 2, 3, 4] });
const array = { shape: [2, 2], kind: 'u1', data: Uint8Array.of(1, 2, 3, 4) };
const part: ZipPart = { path: 'a.npy', contents: npy };

describe('an .npz archive', () => {
  it.each([
    ['stored', {}],
    ['deflated', { deflate: true }],
    ['stored, with sizes for large files', { large: true }],
    ['deflated, with sizes for large files', { deflate: true, large: true }],
  ])('gives its arrays by name: %s', (_, change) => {
    const bytes = zipBytes([
      { ...part, ...change },
      { ...part, ...change, path: 'b.npy' },
    ]);
    expect([...decodeNpz(bytes, 'file.npz')]).toEqual([
      ['a', array],
      ['b', array],
    ]);
  });

  it('gives what the encoder wrote', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]\w{0,9}$/), fc.nat(300), { maxKeys: 4 }), (sizes) => {
        const entries = Object.entries(sizes);
        const written = Object.fromEntries(entries.map(([name, size]) => [name, { shape: [size], data: noise(size, size) }]));
        const read = decodeNpz(encodeNpz(written), 'file.npz');
        expect([...read]).toEqual(entries.map(([name, size]) => [name, { shape: [size], kind: 'u1', data: noise(size, size) }]));
      }),
    );
  });

  it('gives only what is asked for, and leaves the rest unread', () => {
    const bytes = zipBytes([part, { path: 'broken.npy', contents: noise(10) }, { path: 'note.txt', contents: noise(10) }]);
    expect([...decodeNpz(bytes, 'file.npz', ['a', 'missing'])]).toEqual([['a', array]]);
  });

  it('may hold other files, a name that JavaScript knows, a comment, or nothing', () => {
    const bytes = zipBytes(
      [
        { path: 'note.txt', contents: noise(10) },
        { ...part, path: '__proto__.npy' },
      ],
      'PK\x05\x06 comment',
    );
    expect([...decodeNpz(bytes, 'file.npz').keys()]).toEqual(['__proto__']);
    expect(decodeNpz(zipBytes([]), 'file.npz').size).toBe(0);
  });
});

describe('what is no .npz archive', () => {
  const refusal = (parts: readonly ZipPart[], ...texts: string[]) => expectInputError(() => decodeNpz(zipBytes(parts), 'some.npz'), 'some.npz: ', ...texts);

  it.each([
    ['empty', new Uint8Array(0)],
    ['an .npy file', npy],
    ['shorter than a directory', new Uint8Array(21)],
    ['long and of something else', noise(100_000)],
  ])('is refused where it is %s', async (_, bytes) => {
    await expectInputError(() => decodeNpz(bytes, 'some.npz'), 'some.npz: ', 'not a zip archive');
  });

  it('is refused wherever it is cut short', async () => {
    const whole = zipBytes([part, { ...part, path: 'b.npy', deflate: true }]);
    for (let length = 0; length < whole.length; length++) await expectInputError(() => decodeNpz(whole.subarray(0, length), 'cut.npz'), 'cut.npz: ');
  });

  it('is refused with the name of the array that is none', async () => {
    await refusal([{ path: 'a\nb.npy', contents: noise(100) }], '"a?b.npy": not an .npy file');
  });

  it('is refused where two arrays have one name', () => refusal([part, part], '"a.npy" twice'));

  it.each([
    ['encrypted', { flags: 1 }, 'encrypted'],
    ['compressed by bzip2', { method: 12 }, 'method 12'],
    ['of another checksum', { checksum: 1 }, 'checksum'],
    ['of another size', { size: npy.length + 1 }, 'size'],
    ['elsewhere', { offset: 1 }, 'at byte 1'],
    ['beyond the end', { offset: 0xfffffff0 }, 'at byte 4294967280'],
    ['larger than the archive', { compressedBytes: 1_000_000 }, '1000000'],
    ['larger than what is left of the archive', { compressedBytes: npy.length + 100 }, 'beyond'],
  ])('is refused where an array is %s', async (_, lies, text) => {
    await refusal([{ ...part, lies }], text);
  });

  it('is refused where arrays share their bytes', async () => {
    await refusal([part, { ...part, path: 'b.npy', contents: new Uint8Array(0), lies: { offset: 0, compressedBytes: 300 } }], 'cannot hold files');
  });

  it.each([
    ['more than it says', { size: 1000 }, '"a.npy": damaged compressed data, they should hold 1000 bytes, not more'],
    ['less than it says', { size: 1_505_000 }, 'should hold 1505000'],
    ['less than it says, for which there is no memory', { size: 0xffff0000 }, 'no file may hold'],
  ])('is refused where a deflated array is %s', async (_, lies, text) => {
    const contents = npyBytes({ shape: [1_500_000], elements: new Uint8Array(1_500_000) });
    await refusal([{ path: 'a.npy', contents, deflate: true, lies }], text);
  });

  it('is refused before anything is inflated where each array may be as large as it says, but not all of them', async () => {
    const parts = [...'abcdefghijkl'].map((name): ZipPart => ({ path: `${name}.npy`, contents: noise(10_000), deflate: true, lies: { size: 10_000_000 } }));
    await refusal(parts, 'arrays of 120000000', 'no file may hold');
    await expectInputError(() => decodeNpz(zipBytes(parts), 'some.npz', ['b']), '"b.npy"', 'should hold 10000000 bytes, not 10000');
  });

  it('is refused with sizes for large files beyond all memory', async () => {
    await refusal([{ ...part, deflate: true, large: true, lies: { size: 2 ** 60 } }], `${2 ** 60}`);
    await refusal([{ ...part, large: true, lies: { compressedBytes: 2 ** 60 } }], `${2 ** 60}`);
  });
});
