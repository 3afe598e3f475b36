import { describe, expect, it } from 'vitest';
import { directoryOf, localHeader, type WrittenMember } from '../../../src/data/formats/zipRecords.js';
import { readZipDirectory } from '../../../src/data/formats/zip.js';

const GIB = 2 ** 30;
const member = (changes: Partial<WrittenMember>): WrittenMember => ({
  ...{ path: 'x.npy', checksum: 0x12345678, compressedBytes: 10, size: 20, offset: 0 },
  ...changes,
});
const signatureAt = (bytes: Uint8Array, position: number): number => new DataView(bytes.buffer).getUint32(position, true);

describe('the directory of an archive', () => {
  it('says of each file where it is, how large and with which checksum', () => {
    const members = [member({ path: 'a.npy' }), member({ path: 'b.npy', offset: 90, compressedBytes: 7 })];
    const before = new Uint8Array(200);
    const archive = Buffer.concat([before, directoryOf(members, before.length)]);
    const read = readZipDirectory(Uint8Array.from(archive), 'x.zip');
    expect(read).toEqual(members.map((each) => ({ ...each, encrypted: false, method: 8 })));
  });

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
