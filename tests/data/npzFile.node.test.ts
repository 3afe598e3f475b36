import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decodeNpz } from '../../src/data/formats/npz.js';
import { type NumpyArray } from '../../src/data/formats/npy.js';
import { encodeNpz } from '../../src/data/formats/npz.js';
import { directoryOf, inOnePiece, localHeader, type PiecewiseArray, type WrittenMember, writeNpzFile } from '../../src/data/npzFile.node.js';
import { randomStream } from '../../src/random.js';
import { errorOf, expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const stream = randomStream(1, 'archive');
const images: NumpyArray = { shape: [700, 8, 8, 1], data: Uint8Array.from({ length: 700 * 64 }, () => stream.below(256)) };
const codes: NumpyArray = { shape: [500, 6], data: stream.fillNormal(new Float32Array(3000)) };
const arrays = { images, codes };

/** An array in pieces of so many elements. */
function* inPieces(data: NumpyArray['data'], size: number) {
  for (let start = 0; start < data.length; start += size) yield data.subarray(start, start + size);
}
const pieced = (size: number): Record<string, PiecewiseArray> => ({
  images: { shape: images.shape, type: '|u1', pieces: inPieces(images.data, size) },
  codes: { shape: codes.shape, type: '<f4', pieces: inPieces(codes.data, size) },
});
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('an archive that is written in pieces', () => {
  it.each([1000, 64, 100_000])('holds the same arrays as one that is written in one piece, by %i elements at a time', async (size) => {
    const path = join(temporaryFolder(), 'x.npz');
    await writeNpzFile(path, pieced(size));
    expect(decodeNpz(readFileSync(path), 'x.npz')).toEqual(decodeNpz(encodeNpz(arrays), 'x.npz'));
  });

  it('has the same bytes each time, however they come', async () => {
    const folder = temporaryFolder();
    await writeNpzFile(join(folder, 'a.npz'), { codes: inOnePiece(codes) });
    await writeNpzFile(join(folder, 'b.npz'), { codes: inOnePiece(codes) });
    expect(readFileSync(join(folder, 'a.npz'))).toEqual(readFileSync(join(folder, 'b.npz')));
    expect(readdirSync(folder).sort()).toEqual(['a.npz', 'b.npz']);
  });

  it.skipIf(!hasPython)('is intact by the test of the zip module of Python', async () => {
    const path = join(temporaryFolder(), 'x.npz');
    await writeNpzFile(path, pieced(1000));
    expect(execFileSync('python3', ['-m', 'zipfile', '-t', path], { encoding: 'utf8' })).toContain('Done testing');
  });

  const failing = async function* (failure: () => void) {
    await Promise.resolve();
    yield images.data.subarray(0, 64);
    failure();
    yield images.data.subarray(64);
  };

  it('that fails leaves the file before it and nothing else, and its error as it is', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'x.npz');
    writeFileSync(path, 'before');
    const failure = new Error('no more images');
    const pieces = failing(() => {
      throw failure;
    });
    expect(await errorOf(() => writeNpzFile(path, { images: { shape: images.shape, type: '|u1', pieces } }))).toBe(failure);
    const tooFew = [images.data.subarray(1)];
    const short = await errorOf(() => writeNpzFile(path, { images: { shape: images.shape, type: '|u1', pieces: tooFew } }));
    expect(String(short)).toContain('1 bytes too few');
    expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['x.npz'], 'before']);
  });

  it('that is aborted leaves the file before it and nothing else, and rejects with the reason', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'x.npz');
    writeFileSync(path, 'before');
    const [controller, reason] = [new AbortController(), new Error('enough')];
    const pieces = failing(() => {
      expect(readdirSync(folder)).toHaveLength(2);
      controller.abort(reason);
    });
    const error = await errorOf(() => writeNpzFile(path, { images: { shape: images.shape, type: '|u1', pieces } }, controller.signal));
    expect(error).toBe(reason);
    expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['x.npz'], 'before']);
  });

  it('that is aborted rejects after the piece in progress is done', async () => {
    const controller = new AbortController();
    let isDone = false;
    const pieces = async function* () {
      yield images.data.subarray(0, 64);
      controller.abort(new Error('enough'));
      await pause(100);
      isDone = true;
      yield images.data.subarray(64);
    };
    const array: PiecewiseArray = { shape: images.shape, type: '|u1', pieces: pieces() };
    await errorOf(() => writeNpzFile(join(temporaryFolder(), 'x.npz'), { array }, controller.signal));
    expect(isDone).toBe(true);
  });

  it('is refused where it cannot be written', async () => {
    const folder = temporaryFolder();
    await expectInputError(() => writeNpzFile(join(folder, 'missing', 'x.npz'), { codes: inOnePiece(codes) }), 'cannot be written', 'does not exist');
    await expectInputError(() => writeNpzFile(folder, { codes: inOnePiece(codes) }), folder, 'cannot be written');
    expect(readdirSync(folder)).toEqual([]);
  });
});

const GIB = 2 ** 30;
const member = (changes: Partial<WrittenMember>): WrittenMember => ({
  ...{ path: 'x.npy', checksum: 0x12345678, compressedBytes: 10, size: 20, offset: 0 },
  ...changes,
});
const signatureAt = (bytes: Uint8Array, position: number): number => new DataView(bytes.buffer).getUint32(position, true);

describe('the directory of an archive', () => {
  it('has 64-bit numbers for what has no room in 32 bits, and only for that', () => {
    const small = directoryOf([member({})], 100);
    const large = directoryOf([member({ size: 5 * GIB })], 100);
    const far = directoryOf([member({ size: 5 * GIB, offset: 6 * GIB })], 100);
    expect([large.length - small.length, far.length - small.length]).toEqual([12, 20]);
    const view = new DataView(far.buffer);
    const extra = 46 + 'x.npy'.length;
    expect([20, 24, 42].map((at) => view.getUint32(at, true))).toEqual([10, 0xffffffff, 0xffffffff]);
    expect([view.getUint16(extra, true), view.getUint16(extra + 2, true)]).toEqual([1, 16]);
    expect([4, 12].map((at) => Number(view.getBigUint64(extra + at, true)))).toEqual([5 * GIB, 6 * GIB]);
  });

  it('is followed by the zip64 records if it begins beyond 4 GiB', () => {
    const directory = directoryOf([member({})], 5 * GIB);
    const entry = 46 + 'x.npy'.length;
    expect([entry, entry + 56, entry + 76].map((at) => signatureAt(directory, at))).toEqual([0x06064b50, 0x07064b50, 0x06054b50]);
    const view = new DataView(directory.buffer);
    // Entries, bytes and offset of the directory; then where these are said.
    expect([24, 32, 40, 48].map((at) => Number(view.getBigUint64(entry + at, true)))).toEqual([1, 1, entry, 5 * GIB]);
    expect(Number(view.getBigUint64(entry + 56 + 8, true))).toBe(5 * GIB + entry);
    expect(directoryOf([member({})], 3 * GIB)).toHaveLength(entry + 22);
  });
});

describe('the header of a file', () => {
  it('is equally long before and after the sizes are known', () => {
    const after = localHeader(member({ size: 5 * GIB, compressedBytes: 4 * GIB }));
    expect(localHeader(member({ size: 0, compressedBytes: 0, checksum: 0 }))).toHaveLength(after.length);
    const view = new DataView(after.buffer);
    expect([after.length - 16, after.length - 8].map((at) => Number(view.getBigUint64(at, true)))).toEqual([5 * GIB, 4 * GIB]);
  });
});
