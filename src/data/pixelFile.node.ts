import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { systemFailure } from '../files.node.js';

/** Decoded images, one after another, to be read. */
interface PixelStore {
  /** Copies `length` bytes from `position` on to `target` at `offset`. Throws InputError if they are no longer there. */
  read(position: number, target: Uint8Array, offset: number, length: number): void;
  close(): void;
}

/** Takes decoded images while they are made. What it throws says that there is no room for them here. */
export interface PixelSink {
  write(pixels: Uint8Array): Promise<void>;
  /** Ends the writing. `leftOut` are the images that could not be decoded. */
  finish(leftOut: readonly PackedFailure[]): Promise<PackedPixels>;
  /** Removes all that was written. */
  discard(): Promise<void>;
}

/** An image of a list that is not among the packed ones. */
export interface PackedFailure {
  /** Its place in the list. */
  readonly index: number;
  readonly reason: string;
  /** Whether it was the file system that refused it, which may pass. */
  readonly unreadable: boolean;
}

/** The images of a list: those that are there, one after another, and those that are not. */
export interface PackedPixels {
  readonly store: PixelStore;
  readonly leftOut: readonly PackedFailure[];
}

/** Pixels in an open file, read when they are asked for: the system's cache of files keeps what is asked for often. */
export class PixelFile implements PixelStore {
  constructor(
    private readonly path: string,
    private readonly descriptor: number,
  ) {}

  /** Throws the system's error if there is no such file. */
  static open(path: string): PixelFile {
    return new PixelFile(path, openSync(path, 'r'));
  }

  read(position: number, target: Uint8Array, offset: number, length: number): void {
    for (let done = 0; done < length;) {
      const read = this.readSome(position + done, target, offset + done, length - done);
      if (read === 0) {
        throw new InputError(`${this.path}: the file of decoded images was cut short while it was in use; start again, and it is made anew`);
      }
      done += read;
    }
  }

  private readSome(position: number, target: Uint8Array, offset: number, length: number): number {
    try {
      return readSync(this.descriptor, target, offset, length, position);
    } catch (error) {
      throw new InputError(`${this.path}: the file of decoded images cannot be read (${systemFailure(error)})`);
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** A file in the system's temporary folder without a name: it is gone with the process, whatever ends that. */
export class TemporarySink implements PixelSink {
  private position = 0;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly descriptor: number,
  ) {}

  static async begin(folder = tmpdir()): Promise<PixelSink> {
    const path = join(folder, `agenet-${randomUUID()}.pixels`);
    const file = await open(path, 'wx', 0o600);
    const descriptor = openSync(path, 'r');
    rmSync(path, { force: true });
    return new TemporarySink(path, file, descriptor);
  }

  async write(pixels: Uint8Array): Promise<void> {
    await writeWhole(this.file, pixels, this.position);
    this.position += pixels.length;
  }

  async finish(leftOut: readonly PackedFailure[]): Promise<PackedPixels> {
    await this.file.close();
    return { store: new PixelFile(this.path, this.descriptor), leftOut };
  }

  async discard(): Promise<void> {
    closeSync(this.descriptor);
    await this.file.close();
  }
}

/** Memory of the process, for a number of bytes known before. */
export class MemorySink implements PixelSink {
  private readonly pixels: Uint8Array;
  private position = 0;

  constructor(bytes: number) {
    this.pixels = new Uint8Array(bytes);
  }

  write(pixels: Uint8Array): Promise<void> {
    this.pixels.set(pixels, this.position);
    this.position += pixels.length;
    return Promise.resolve();
  }

  finish(leftOut: readonly PackedFailure[]): Promise<PackedPixels> {
    const { pixels } = this;
    const read: PixelStore['read'] = (position, target, offset, length) => target.set(pixels.subarray(position, position + length), offset);
    return Promise.resolve({ store: { read, close: () => undefined }, leftOut });
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }
}

/** Writes all of the bytes, where the system may write fewer at a time. */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
