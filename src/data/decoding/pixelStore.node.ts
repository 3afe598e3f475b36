import { InputError } from '../../errors.js';
import { writingFailure } from '../../files/atomic.node.js';
import type { DecodeCache, EntryShape, FailedImage, UnfinishedEntry } from './decodeCache.node.js';

const MAX_MEMORY_BYTES = 2 ** 31;

interface PixelStoreOptions {
  readonly name: string;
  readonly onWarning?: (line: string) => void;
  readonly shape: EntryShape;
  readonly cache: DecodeCache;
}

/** Decoded images in a new cache entry, or in memory if the cache cannot be written. */
export class PixelStore {
  private readonly memory = new Map<number, Uint8Array>();
  private opening: Promise<UnfinishedEntry | undefined> | undefined;
  private entry: UnfinishedEntry | undefined;
  private isFull = false;
  private isClosed = false;

  constructor(private readonly options: PixelStoreOptions) {}

  async write(index: number, pixels: Uint8Array) {
    const entry = await (this.opening ??= this.open());
    if (this.isClosed) return;
    if (entry && !this.isFull) {
      try {
        entry.pixels.write(index, pixels);
        return;
      } catch (error) {
        this.useMemory(error);
      }
    }
    this.memory.set(index, pixels);
  }

  read(index: number, target: Uint8Array, offset: number) {
    const kept = this.memory.get(index);
    if (kept) target.set(kept, offset);
    else this.entry!.pixels.read(index, target, offset);
  }

  /** Keeps the entry in the cache if it has all images. Rejects if the disk refuses data that it had accepted. */
  async publish(skipped: readonly FailedImage[]) {
    const { entry } = this;
    if (entry === undefined) return;
    await entry.pixels.flush().catch((error: unknown) => {
      throw this.noSpace(error);
    });
    if (this.memory.size === 0) await entry.publish(skipped).catch((error: unknown) => this.warn(error));
  }

  close() {
    this.isClosed = true;
    this.entry?.close();
    this.memory.clear();
  }

  private async open(): Promise<UnfinishedEntry | undefined> {
    try {
      this.entry = await this.options.cache.begin(this.options.shape);
      if (this.isClosed) this.entry.close();
    } catch (error) {
      this.useMemory(error);
    }
    return this.entry;
  }

  private useMemory(cause: unknown) {
    if (this.bytes > MAX_MEMORY_BYTES) throw this.noSpace(cause);
    this.isFull = true;
    this.warn(cause);
  }

  private warn(cause: unknown) {
    const { cache, onWarning } = this.options;
    onWarning?.(
      `${cache.path}: cannot write to the cache (${writingFailure(cause)}); images will be decoded on every run; ${this.remedy}`,
    );
  }

  private noSpace(cause: unknown) {
    const { name, cache } = this.options;
    const problem = `cannot write decoded images to the cache ${cache.path} (${writingFailure(cause)})`;
    return new InputError(name, problem, this.remedy);
  }

  private get bytes() {
    return this.options.shape.images * this.options.shape.imageBytes;
  }

  private get remedy() {
    return `set AGENET_CACHE to a folder with ${Math.ceil(this.bytes / 1e6)} MB of free space`;
  }
}
