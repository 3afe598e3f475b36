import { InputError } from '../../errors.js';
import { writingFailure } from '../../files/atomic.node.js';
import type { DecodeCache, PackedShape } from './decodeCache.node.js';
import { MemorySink, type FailedImage, type PixelSink, temporarySink } from './pixelStore.node.js';

/** Without any disk to write to, images up to this size together are kept in memory. */
const LARGEST_IN_MEMORY = 512 * 2 ** 20;

/** What is to be kept, and where it may be. */
export interface TieredPixelStoreOptions {
  /** What messages call the images. */
  readonly name: string;
  readonly shape: PackedShape;
  readonly cache: DecodeCache;
  readonly temporaryFolder?: string | undefined;
  readonly onWarning?: ((line: string) => void) | undefined;
}

/**
 * Room for decoded images: in the cache; for those that it cannot take, in a file without a name in the temporary folder; and for those
 * that this cannot take either, in memory if all together are few.
 */
export class TieredPixelStore {
  private readonly sinks: PixelSink[] = [];
  /** The sink that has an image, one more than its number; 0 for an image that is not there. */
  private readonly sinkOf: Uint8Array;
  private readonly untried: (() => PixelSink | Promise<PixelSink>)[];
  private newest: Promise<PixelSink> | undefined;
  private hasWarned = false;
  private isClosed = false;

  constructor(private readonly options: TieredPixelStoreOptions) {
    const { cache, shape, temporaryFolder } = options;
    this.sinkOf = new Uint8Array(shape.images);
    this.untried = [
      () => cache.begin(shape),
      () => temporarySink(shape.images, shape.imageBytes, temporaryFolder),
      ...(shape.images * shape.imageBytes < LARGEST_IN_MEMORY ? [() => new MemorySink()] : []),
    ];
  }

  /** Throws InputError if there is no room for an image anywhere. */
  async write(index: number, pixels: Uint8Array): Promise<void> {
    for (;;) {
      const newest = (this.newest ??= this.open());
      const sink = await newest;
      if (this.isClosed) return;
      try {
        sink.write(index, pixels);
        this.sinkOf[index] = this.sinks.indexOf(sink) + 1;
        return;
      } catch (error) {
        // Others that were refused as well may have asked for the next one.
        if (this.newest === newest) this.newest = this.open(error);
      }
    }
  }

  read(index: number, target: Uint8Array, offset: number): void {
    const sink = this.sinks[this.sinkOf[index]! - 1];
    if (sink === undefined) throw new Error(`${this.options.name}: image ${index} is not decoded`);
    sink.read(index, target, offset);
  }

  /** Brings to the disk what was written so far. Throws InputError if the disk refuses what it had taken. */
  async flush(): Promise<void> {
    try {
      for (const sink of this.sinks) await sink.flush();
    } catch (error) {
      throw this.noRoom(error);
    }
  }

  /** Keeps the images for the next time, if the cache has all of them. */
  async keep(skipped: readonly FailedImage[]): Promise<void> {
    await this.flush();
    if (this.sinks.length > 1) return;
    try {
      await this.sinks[0]?.keep(skipped);
    } catch (error) {
      this.warnOnce(error);
    }
  }

  close(): void {
    this.isClosed = true;
    for (const sink of this.sinks) sink.close();
  }

  /** Opens the next sink that can be opened. `cause` is why the one before is refused, where there is one. */
  private async open(cause?: unknown): Promise<PixelSink> {
    if (cause !== undefined) this.warnOnce(cause);
    for (let begin = this.untried.shift(); begin !== undefined; begin = this.untried.shift()) {
      try {
        const sink = await begin();
        this.sinks.push(sink);
        if (this.isClosed) sink.close();
        return sink;
      } catch (error) {
        this.warnOnce(error);
        cause = error;
      }
    }
    throw this.noRoom(cause);
  }

  private get needed(): string {
    const { images, imageBytes } = this.options.shape;
    return `${Math.ceil((images * imageBytes) / 1e6)} MB`;
  }

  /** The cache is the first to be refused. */
  private warnOnce(cause: unknown): void {
    const { cache, onWarning } = this.options;
    if (this.hasWarned) return;
    this.hasWarned = true;
    onWarning?.(
      `${cache.path}: decoded images cannot be kept there (${writingFailure(cause)}), so they are decoded anew each time; set AGENET_CACHE to a folder with room for ${this.needed}`,
    );
  }

  private noRoom(cause: unknown): InputError {
    const { name, cache } = this.options;
    return new InputError(
      `${name}: ${this.needed} of decoded images fit neither into the cache ${cache.path} nor into the temporary folder (${writingFailure(cause)}); set AGENET_CACHE to a folder with room for ${this.needed}`,
    );
  }
}
