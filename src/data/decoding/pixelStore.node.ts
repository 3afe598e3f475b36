import { InputError } from '../../errors.js';
import { writingFailure } from '../../files/atomic.node.js';
import type { DecodeCache, EntryShape, FailedImage, UnfinishedEntry } from './decodeCache.node.js';

/** For images of which the cache has no copy. */
const MAX_MEMORY_BYTES = 2 ** 31;

export interface PixelStoreOptions {
  readonly name: string;
  readonly shape: EntryShape;
  readonly cache: DecodeCache;
  readonly onWarning?: ((line: string) => void) | undefined;
}

/** Decoded images in a new cache entry, or in memory if the cache cannot be written. */
export class PixelStore {
  private readonly memory = new Map<number, Uint8Array>();
  private opening: Promise<UnfinishedEntry | undefined> | undefined;
  private entry: UnfinishedEntry | undefined;
  private isFull = false;
  private isClosed = false;

  constructor(private readonly options: PixelStoreOptions) {}

  /** @throws {InputError} if the cache cannot be written and the images exceed the memory limit */
  async write(index: number, pixels: Uint8Array): Promise<void> {
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

  read(index: number, target: Uint8Array, offset: number): void {
    const kept = this.memory.get(index);
    if (kept) target.set(kept, offset);
    else this.entry!.pixels.read(index, target, offset);
  }

  /**
   * Keeps the images for the next time if the cache has all of them.
   * @throws {InputError} if the disk rejects data that it had accepted
   */
  async publish(skipped: readonly FailedImage[]): Promise<void> {
    const { entry } = this;
    if (entry === undefined) return;
    await entry.pixels.flush().catch((error: unknown) => {
      throw this.noSpace(error);
    });
    if (this.memory.size > 0) return;
    await entry.publish(skipped).catch((error: unknown) => this.warn(error));
  }

  close(): void {
    this.isClosed = true;
    this.entry?.close();
    this.memory.clear();
  }

  private async open(): Promise<UnfinishedEntry | undefined> {
    const { cache, shape } = this.options;
    try {
      this.entry = await cache.begin(shape);
      if (this.isClosed) this.entry.close();
    } catch (error) {
      this.useMemory(error);
    }
    return this.entry;
  }

  private useMemory(cause: unknown): void {
    const { images, imageBytes } = this.options.shape;
    if (images * imageBytes > MAX_MEMORY_BYTES) throw this.noSpace(cause);
    this.isFull = true;
    this.warn(cause);
  }

  private warn(cause: unknown): void {
    const { cache, onWarning } = this.options;
    onWarning?.(
      `${cache.path}: cannot write to the cache (${writingFailure(cause)}); images will be decoded on every run; ${this.remedy}`,
    );
  }

  private noSpace(cause: unknown): InputError {
    const { name, cache } = this.options;
    return new InputError(
      name,
      `cannot write decoded images to the cache ${cache.path} (${writingFailure(cause)})`,
      this.remedy,
    );
  }

  private get remedy(): string {
    const { images, imageBytes } = this.options.shape;
    return `set AGENET_CACHE to a folder with ${Math.ceil((images * imageBytes) / 1e6)} MB of free space`;
  }
}
