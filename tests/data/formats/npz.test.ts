import { unzipSync } from 'fflate';
import fc from 'fast-check';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  decodeNpz,
  decodeNpzImages,
  encodeNpz,
  type NpzArrays,
  type PiecewiseArray,
  writeNpz,
} from '../../../src/data/formats/npz.js';
import { decodeNpy, type NumpyArray } from '../../../src/data/formats/npy.js';
import { randomStream } from '../../../src/random.js';
import { npzArchive } from '../../npzArchive.js';
import { errorOf, expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { noise } from './noise.js';
import { npyBytes, type NpyParts } from './npyBytes.js';
import { zipBytes, type ZipPart } from './zipBytes.js';
import { ByteWriter } from './byteWriter.js';

const npy = npyBytes({ shape: [2, 2], elements: [1, 2, 3, 4] });
const array = { shape: [2, 2], kind: 'u1', data: Uint8Array.of(1, 2, 3, 4) };
const part: ZipPart = { path: 'a.npy', contents: npy };

describe('an .npz archive', () => {
  it.each([
    ['stored', {}],
    ['deflated', { deflate: true }],
    ['stored, with 64-bit sizes', { large: true }],
    ['deflated, with 64-bit sizes', { deflate: true, large: true }],
  ])('returns its arrays by name: %s', async (_, change) => {
    const bytes = zipBytes([
      { ...part, ...change },
      { ...part, ...change, path: 'b.npy' },
    ]);
    expect([...(await decodeNpz(bytes, 'file.npz'))]).toEqual([
      ['a', array],
      ['b', array],
    ]);
  });

  it('returns what the encoder wrote', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.stringMatching(/^[a-z]\w{0,9}$/), fc.nat(300), { maxKeys: 4 }),
        async (sizes) => {
          const entries = Object.entries(sizes);
          const written = Object.fromEntries(
            entries.map(([name, size]) => [name, { shape: [size], data: noise(size, size) }]),
          );
          const read = await decodeNpz(await encodeNpz(written), 'file.npz');
          expect([...read]).toEqual(
            entries.map(([name, size]) => [name, { shape: [size], kind: 'u1', data: noise(size, size) }]),
          );
        },
      ),
    );
  });

  it('reads only the requested arrays', async () => {
    const bytes = zipBytes([
      part,
      { path: 'broken.npy', contents: noise(10) },
      { path: 'note.txt', contents: noise(10) },
    ]);
    expect([...(await decodeNpz(bytes, 'file.npz', ['a', 'missing']))]).toEqual([['a', array]]);
  });

  it('may contain other files, names of Object properties, a comment, or nothing', async () => {
    const bytes = zipBytes(
      [
        { path: 'note.txt', contents: noise(10) },
        { ...part, path: '__proto__.npy' },
      ],
      'PK\x05\x06 comment',
    );
    expect([...(await decodeNpz(bytes, 'file.npz')).keys()]).toEqual(['__proto__']);
    expect((await decodeNpz(zipBytes([]), 'file.npz')).size).toBe(0);
  });
});

describe('an invalid .npz archive', () => {
  const refusal = (parts: readonly ZipPart[], ...texts: string[]) =>
    expectInputError(() => decodeNpz(zipBytes(parts), 'some.npz'), 'some.npz: ', ...texts);

  it.each([
    ['empty', new Uint8Array(0)],
    ['an .npy file', npy],
    ['shorter than a directory', new Uint8Array(21)],
    ['long and of another format', noise(100_000)],
  ])('is rejected if it is %s', async (_, bytes) => {
    await expectInputError(() => decodeNpz(bytes, 'some.npz'), 'some.npz: ', 'cannot read the zip archive');
  });

  it('is rejected if truncated at any position', async () => {
    const whole = zipBytes([part, { ...part, path: 'b.npy', deflate: true }]);
    for (let length = 0; length < whole.length; length++)
      await expectInputError(() => decodeNpz(whole.subarray(0, length), 'cut.npz'), 'cut.npz: ');
  });

  it('is rejected with the name of the invalid array', async () => {
    await refusal([{ path: 'a\nb.npy', contents: noise(100) }], '"a?b.npy": not an .npy file');
  });

  it('is rejected if two arrays have the same name', () => refusal([part, part], 'Ambiguous'));

  it.each([
    ['encrypted', { flags: 1 }, 'is encrypted; pack it again without a password'],
    ['compressed by bzip2', { method: 12 }, 'is compressed with bzip2; pack it again with Deflate'],
    ['compressed by LZMA', { method: 14 }, 'is compressed with LZMA; pack it again'],
    ['compressed by an unknown method', { method: 77 }, 'is compressed with method 77; pack it again'],
    ['with a wrong checksum', { checksum: 1 }, 'CRC32'],
    ['with a wrong size', { size: npy.length + 1 }, 'size'],
    ['elsewhere', { offset: 1 }, 'Ambiguous'],
    ['beyond the end', { offset: 0xfffffff0 }, 'Ambiguous'],
    ['larger than the archive', { compressedBytes: 1_000_000 }, 'out of bounds'],
    ['larger than the rest of the archive', { compressedBytes: npy.length + 100 }, 'out of bounds'],
  ])('is rejected if an array is %s', async (_, lies, text) => {
    await refusal([{ ...part, lies }], text);
  });

  it('is rejected if arrays share bytes', async () => {
    await refusal(
      [part, { ...part, path: 'b.npy', contents: new Uint8Array(0), lies: { offset: 0, compressedBytes: 300 } }],
      'Ambiguous',
    );
  });

  it.each([
    ['longer than declared', { size: 1000 }, 'Invalid uncompressed size'],
    ['shorter than declared', { size: 1_505_000 }, 'CRC32'],
    ['shorter than its declared size, which exceeds the memory', { size: 0xffff0000 }, 'refusing to decompress'],
  ])('is rejected if a deflated array is %s', async (_, lies, text) => {
    const contents = npyBytes({ shape: [1_500_000], elements: new Uint8Array(1_500_000) });
    await refusal([{ path: 'a.npy', contents, deflate: true, lies }], text);
  });

  it('is rejected before inflating if the total of the declared sizes exceeds the limit', async () => {
    const parts = [...'abcdefghijkl'].map((name): ZipPart => ({
      path: `${name}.npy`,
      contents: noise(10_000),
      deflate: true,
      lies: { size: 10_000_000 },
    }));
    await refusal(parts, 'refusing to decompress: 120000000');
    await expectInputError(() => decodeNpz(zipBytes(parts), 'some.npz', ['b']), '"b.npy"', 'CRC32');
  });

  it('is rejected with 64-bit sizes beyond any memory', async () => {
    await refusal([{ ...part, deflate: true, large: true, lies: { size: 2 ** 60 } }], '64-bit');
    await refusal([{ ...part, large: true, lies: { compressedBytes: 2 ** 60 } }], '64-bit');
  });
});

const archive = (arrays: Record<string, NpyParts>): Uint8Array =>
  zipBytes(
    Object.entries(arrays).map(([name, parts]) => ({ path: `${name}.npy`, contents: npyBytes(parts), deflate: true })),
  );
const images: NpyParts = { shape: [2, 1, 2, 3], elements: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] };

describe('an .npz archive of images', () => {
  it('returns them plane by plane', async () => {
    expect(await decodeNpzImages(archive({ images }), 'file.npz')).toEqual({
      count: 2,
      channels: 3,
      height: 1,
      width: 2,
      pixels: Uint8Array.of(1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12),
      labels: null,
    });
  });

  it('returns each byte at its position, for any sizes', async () => {
    const size = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.constantFrom(1, 3), async (count, height, width, channels) => {
        const data = noise(count * height * width * channels);
        const read = await decodeNpzImages(
          await encodeNpz({ arr_0: { shape: [count, height, width, channels], data } }),
          'file.npz',
        );
        expect(read).toMatchObject({ count, channels, height, width, labels: null });
        const expected = new Uint8Array(data.length);
        for (const [place, byte] of data.entries()) {
          const [pixel, channel] = [Math.floor(place / channels), place % channels];
          const [image, inside] = [Math.floor(pixel / (height * width)), pixel % (height * width)];
          expected[(image * channels + channel) * height * width + inside] = byte;
        }
        expect(read.pixels).toEqual(expected);
      }),
    );
  });

  it('may be grayscale without a channel axis', async () => {
    const read = await decodeNpzImages(
      archive({ arr_0: { shape: [2, 1, 3], elements: [1, 2, 3, 4, 5, 6] } }),
      'file.npz',
    );
    expect(read).toMatchObject({ count: 2, channels: 1, height: 1, width: 3, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('prefers "images" over "arr_0"', async () => {
    expect((await decodeNpzImages(archive({ arr_0: { shape: [1], elements: [1] }, images }), 'file.npz')).count).toBe(
      2,
    );
  });

  it.each(['|u1', '<i2', '>u4', '<i8', '>i8'])('may have labels of type %s', async (descr) => {
    const elements = new ByteWriter(descr.startsWith('<')).numbers('integer', Number(descr[2]), [200, 0]).done();
    expect(
      (await decodeNpzImages(archive({ images, labels: { descr, shape: [2], elements } }), 'file.npz')).labels,
    ).toEqual(Uint8Array.of(200, 0));
  });
});

describe('an .npz archive without images', () => {
  it.each([
    ['no array of images', { labels: { shape: [1], elements: [1] } }, ['"images" or "arr_0"']],
    ['floats', { images: { descr: '<f4', shape: [1, 1, 1], elements: [0, 0, 0, 0] } }, ['"images"', 'f4', 'uint8']],
    ['truth values', { images: { descr: '|b1', shape: [1, 1, 1], elements: [1] } }, ['"images"', 'b1']],
    ['two axes', { arr_0: { shape: [1, 1], elements: [1] } }, ['"arr_0"', '1 x 1', '[N, H, W]']],
    ['five axes', { arr_0: { shape: [1, 1, 1, 1, 1], elements: [1] } }, ['1 x 1 x 1 x 1 x 1']],
    ['two channels', { images: { shape: [1, 1, 1, 2], elements: [1, 2] } }, ['1 x 1 x 1 x 2', '1 or 3 channels']],
    ['no images', { images: { shape: [0, 1, 1, 3] } }, ['0 x 1 x 1 x 3', 'one pixel']],
    ['no pixels', { images: { shape: [1, 0, 1] } }, ['1 x 0 x 1', 'one pixel']],
    ['too few labels', { images, labels: { shape: [1], elements: [1] } }, ['"labels"', '(1,)', '(2,)']],
    ['labels in a column', { images, labels: { shape: [2, 1], elements: [1, 2] } }, ['"labels"', '(2, 1)']],
    [
      'float labels',
      { images, labels: { descr: '<f4', shape: [2], elements: new Uint8Array(8) } },
      ['"labels"', 'f4', 'integers'],
    ],
    ['boolean labels', { images, labels: { descr: '|b1', shape: [2], elements: [0, 1] } }, ['"labels"', 'b1']],
    [
      'labels above 255',
      { images, labels: { descr: '<u2', shape: [2], elements: [255, 0, 0, 1] } },
      ['"labels"', 'image 1', 'got 256', '0 to 255'],
    ],
    [
      'labels below 0',
      { images, labels: { descr: '|i1', shape: [2], elements: [255, 0] } },
      ['"labels"', 'image 0', 'got -1'],
    ],
  ])('is rejected if it contains %s', async (_, arrays: Record<string, NpyParts>, texts) => {
    await expectInputError(() => decodeNpzImages(archive(arrays), 'some.npz'), 'some.npz: ', ...texts);
  });
});

const stream = randomStream(1, 'archive');
const photos: NumpyArray = {
  shape: [700, 8, 8, 1],
  data: Uint8Array.from({ length: 700 * 64 }, () => stream.below(256)),
};
const codes: NumpyArray = { shape: [500, 6], data: stream.fillNormal(new Float32Array(3000)) };
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** An array in pieces of `size` elements. */
function* inPieces(data: NumpyArray['data'], size: number) {
  for (let start = 0; start < data.length; start += size) yield data.subarray(start, start + size);
}
const pieced = (size: number): NpzArrays => ({
  photos: { shape: photos.shape, type: '|u1', pieces: inPieces(photos.data, size) },
  codes: { shape: codes.shape, type: '<f4', pieces: inPieces(codes.data, size) },
});

/** Writes an archive to memory. */
async function written(arrays: NpzArrays, signal?: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await writeNpz(new WritableStream<Uint8Array>({ write: (bytes) => void parts.push(bytes) }), arrays, signal);
  return Buffer.concat(parts);
}

describe('an .npz archive written in chunks', () => {
  it.each([1000, 64, 100_000])(
    'has the same arrays as one from another library, in chunks of %i elements',
    async (size) => {
      expect(await decodeNpz(await written(pieced(size)), 'x.npz')).toEqual(
        await decodeNpz(npzArchive({ photos, codes }), 'x.npz'),
      );
    },
  );

  it('is read by another library', async () => {
    const files = unzipSync(await written(pieced(1000)));
    expect(Object.keys(files)).toEqual(['photos.npy', 'codes.npy']);
    expect(decodeNpy(files['codes.npy']!, 'codes').data).toEqual(codes.data);
  });

  it('has the same bytes for any chunk size', async () => {
    const whole = await encodeNpz({ codes });
    expect(Buffer.compare(await encodeNpz({ codes }), whole)).toBe(0);
    expect(
      Buffer.compare(await written({ codes: { shape: codes.shape, type: '<f4', pieces: [codes.data] } }), whole),
    ).toBe(0);
  });

  it.skipIf(!hasPython)("passes the test of Python's zipfile, which NumPy uses", async () => {
    const path = join(temporaryFolder(), 'x.npz');
    writeFileSync(path, await written(pieced(1000)));
    expect(execFileSync('python3', ['-m', 'zipfile', '-t', path], { encoding: 'utf8' })).toContain('Done testing');
  });

  it('rejects with the error of its chunks, or if they do not match its shape', async () => {
    const failure = new Error('no more images');
    const pieces = function* () {
      yield photos.data.subarray(0, 64);
      throw failure;
    };
    expect(await errorOf(() => written({ photos: { shape: photos.shape, type: '|u1', pieces: pieces() } }))).toBe(
      failure,
    );
    for (const [data, text] of [
      [photos.data.subarray(1), '1 bytes too few'],
      [new Uint8Array(photos.data.length + 2), '2 bytes too many'],
    ] as const) {
      expect(
        String(await errorOf(() => written({ photos: { shape: photos.shape, type: '|u1', pieces: [data] } }))),
      ).toContain(text);
    }
  });

  it('rejects after the current chunk when aborted', async () => {
    const controller = new AbortController();
    let isDone = false;
    const pieces = async function* () {
      yield photos.data.subarray(0, 64);
      controller.abort(new Error('enough'));
      await pause(100);
      isDone = true;
      yield photos.data.subarray(64);
    };
    const array: PiecewiseArray = { shape: photos.shape, type: '|u1', pieces: pieces() };
    expect(await errorOf(() => written({ array }, controller.signal))).toBeInstanceOf(Error);
    expect(isDone).toBe(true);
  });
});
