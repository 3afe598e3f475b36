import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '../../errors.js';
import { describeSystemError } from '../../files/atomic.node.js';
import { OPEN_FOR_READING, requireRegular } from '../../files/regularFile.node.js';

const synchronize = promisify(fdatasync);

/** Decoded images of one size, each at the place that its number in the list gives it. */
export interface PixelStore {
  /** Copies an image to `target` at `offset`. Throws InputError if it is no longer there. */
  read(index: number, target: Uint8Array, offset: number): void;
  close(): void;
}

/** Takes decoded images in any order, and has them at once. What it throws says that there is no room for them here. */
export interface PixelSink extends PixelStore {
  write(index: number, pixels: Uint8Array): void;
  /** Brings to the disk what was written so far. */
  flush(): Promise<void>;
  /** Keeps what was written for the next time, if that is what the sink is for. */
  keep(skipped: readonly FailedImage[]): Promise<void>;
}

/** An image of a list that could not be decoded. */
export interface FailedImage {
  /** Its place in the list. */
  readonly index: number;
  readonly reason: string;
  /** Whether it was the file system that refused it, which may pass. */
  readonly unreadable: boolean;
}

/**
 * Pixels in an open file, read when they are asked for: the system's cache of files keeps what is asked for often. They are written at
 * once as well, into that cache: to hand so little to the thread pool, which has images to decode, would take longer.
 */
export class PixelFile implements PixelStore {
  /** Undefined once it is closed: the system gives the number to the next file that is opened. */
  private descriptor: number | undefined;

  private constructor(
    private readonly name: string,
    descriptor: number,
    private readonly imageBytes: number,
  ) {
    this.descriptor = descriptor;
  }

  /** Opens a file of so many images to be read. Throws if there is no such file, or it has another size. */
  static open(path: string, images: number, imageBytes: number): PixelFile {
    const file = new PixelFile(path, openSync(path, OPEN_FOR_READING), imageBytes);
    try {
      const found = fstatSync(file.opened);
      requireRegular(found);
      if (found.size !== images * imageBytes) throw new Error(`${path}: has ${found.size} bytes, and should have ${images * imageBytes}`);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** A new file for so many images, which messages call `name`. Throws the system's error if it cannot be made. */
  static create(path: string, images: number, imageBytes: number, name = path): PixelFile {
    const descriptor = openSync(path, 'wx+', 0o600);
    try {
      ftruncateSync(descriptor, images * imageBytes);
    } catch (error) {
      closeSync(descriptor);
      rmSync(path, { force: true });
      throw error;
    }
    return new PixelFile(name, descriptor, imageBytes);
  }

  read(index: number, target: Uint8Array, offset: number): void {
    this.readImages(index, 1, target, offset);
  }

  /** Copies images that follow one another. Throws InputError if they are no longer there. */
  readImages(first: number, count: number, target: Uint8Array, offset: number): void {
    for (let done = 0; done < count * this.imageBytes;) {
      const read = this.readSome(target, offset + done, count * this.imageBytes - done, first * this.imageBytes + done);
      if (read === 0) {
        throw new InputError(`${this.name}: the file of decoded images was cut short while it was in use; start again, and it is made anew`);
      }
      done += read;
    }
  }

  /** Throws the system's error if there is no room. */
  write(index: number, pixels: Uint8Array): void {
    for (let done = 0; done < pixels.length;) {
      done += writeSync(this.opened, pixels, done, pixels.length - done, index * this.imageBytes + done);
    }
  }

  flush(): Promise<void> {
    return this.descriptor === undefined ? Promise.resolve() : synchronize(this.descriptor);
  }

  /** When the file was changed last, in milliseconds, and a text that differs whenever its contents may. */
  state(): { readonly changed: number; readonly stamp: string } {
    const { mtimeMs, mtimeNs, ctimeMs, ctimeNs } = fstatSync(this.opened, { bigint: true });
    return { changed: Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs), stamp: `${mtimeNs} ${ctimeNs}` };
  }

  /** Closes the file; later calls do nothing. */
  close(): void {
    const { descriptor } = this;
    this.descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  private get opened(): number {
    if (this.descriptor === undefined) throw new Error(`${this.name}: the images were closed`);
    return this.descriptor;
  }

  private readSome(target: Uint8Array, offset: number, length: number, position: number): number {
    const { opened } = this;
    try {
      return readSync(opened, target, offset, length, position);
    } catch (error) {
      throw new InputError(`${this.name}: the file of decoded images cannot be read (${describeSystemError(error)})`);
    }
  }
}

/** A file in a temporary folder without a name: it is gone with the process, whatever ends that. */
export function temporarySink(images: number, imageBytes: number, folder = tmpdir()): PixelSink {
  const path = join(folder, `agenet-${randomUUID()}.pixels`);
  const file = PixelFile.create(path, images, imageBytes);
  rmSync(path, { force: true });
  return Object.assign(file, { keep: () => Promise.resolve() });
}

/** Memory of the process. */
export class MemorySink implements PixelSink {
  private readonly images = new Map<number, Uint8Array>();

  read(index: number, target: Uint8Array, offset: number): void {
    target.set(this.images.get(index)!, offset);
  }

  write(index: number, pixels: Uint8Array): void {
    this.images.set(index, pixels);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  keep(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.images.clear();
  }
}
