import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { InputError } from '../../errors.js';
import { describeSystemError } from '../../files/atomic.node.js';
import { OPEN_FOR_READING, requireRegular } from '../../files/regularFile.node.js';

const syncToDisk = promisify(fdatasync);
const BLOCK_BYTES = 2 ** 22;
const REMEDY = 'run the command again to decode them again';

/** Decoded images. Synchronous: the page cache is fast, and the thread pool busy with decoding. */
export class PixelFile {
  /**
   * @param checksums CRC-32 of each image
   * @param descriptor undefined once closed: the system reuses the number
   */
  private constructor(
    private readonly path: string,
    private readonly imageBytes: number,
    readonly checksums: Uint32Array,
    private descriptor: number | undefined,
  ) {}

  static open(path: string, imageBytes: number, checksums: Uint32Array): PixelFile {
    const file = new PixelFile(path, imageBytes, checksums, openSync(path, OPEN_FOR_READING));
    try {
      const found = fstatSync(file.opened);
      requireRegular(found);
      if (found.size !== checksums.length * imageBytes)
        throw new Error(`${path}: expected ${checksums.length * imageBytes} bytes but got ${found.size}`);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The file will be moved to `path`. */
  static create(location: string, images: number, imageBytes: number, path = location): PixelFile {
    const descriptor = openSync(location, 'wx+', 0o600);
    try {
      ftruncateSync(descriptor, images * imageBytes);
    } catch (error) {
      closeSync(descriptor);
      rmSync(location, { force: true });
      throw error;
    }
    return new PixelFile(path, imageBytes, new Uint32Array(images), descriptor);
  }

  write(index: number, pixels: Uint8Array) {
    for (let done = 0; done < pixels.length;) {
      done += writeSync(this.opened, pixels, done, pixels.length - done, index * this.imageBytes + done);
    }
    this.checksums[index] = crc32(pixels);
  }

  /** Invalidates the cache entry if the image has changed. */
  read(index: number, target: Uint8Array, offset: number) {
    this.readImages(index, 1, target, offset);
    if (crc32(target.subarray(offset, offset + this.imageBytes)) === this.checksums[index]) return;
    rmSync(join(dirname(this.path), 'index.json'), { force: true });
    throw new InputError(this.path, 'decoded images changed on disk while in use', REMEDY);
  }

  async verify(isSkipped: (index: number) => boolean) {
    const { imageBytes, checksums } = this;
    const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / imageBytes));
    const block = new Uint8Array(perBlock * imageBytes);
    for (let first = 0; first < checksums.length; first += perBlock) {
      const count = Math.min(perBlock, checksums.length - first);
      this.readImages(first, count, block, 0);
      for (let position = 0; position < count; position++) {
        const checksum = crc32(block.subarray(position * imageBytes, (position + 1) * imageBytes));
        if (checksum !== checksums[first + position] && !isSkipped(first + position)) return false;
      }
      await nextTurn();
    }
    return true;
  }

  /** The last change in milliseconds, and a stamp that differs whenever the contents may. */
  state() {
    const { mtimeMs, mtimeNs, ctimeMs, ctimeNs } = fstatSync(this.opened, { bigint: true });
    return { changed: Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs), stamp: `${mtimeNs} ${ctimeNs}` };
  }

  async flush() {
    if (this.descriptor !== undefined) await syncToDisk(this.descriptor);
  }

  close() {
    const { descriptor } = this;
    this.descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  private get opened() {
    if (this.descriptor === undefined) throw new Error(`${this.path}: the images are closed`);
    return this.descriptor;
  }

  private readImages(first: number, count: number, target: Uint8Array, offset: number): void {
    const { opened, imageBytes } = this;
    const length = count * imageBytes;
    for (let done = 0, read: number; done < length; done += read) {
      try {
        read = readSync(opened, target, offset + done, length - done, first * imageBytes + done);
      } catch (error) {
        throw new InputError(this.path, `cannot read decoded images (${describeSystemError(error)})`);
      }
      if (read === 0) throw new InputError(this.path, 'the file of decoded images was truncated while in use', REMEDY);
    }
  }
}
