import { InputError } from '../../errors.js';
import { writingFailure } from '../../files/atomic.node.js';
import type { DecodeCache, EntryShape, FailedImage, UnfinishedEntry } from './decodeCache.node.js';

const MAX_MEMORY_BYTES = 2 ** 31;

interface PixelStoreOptions {
  name: string;
  onWarning?: (line: string) => void;
  shape: EntryShape;
  cache: DecodeCache;
}

export type PixelStore = ReturnType<typeof createPixelStore>;

/** Stores decoded images in a new cache entry, or in memory if the cache cannot be written. */
export function createPixelStore({ name, onWarning, shape, cache }: PixelStoreOptions) {
  const bytes = shape.images * shape.imageBytes;
  const remedy = `set AGENET_CACHE to a folder with ${Math.ceil(bytes / 1e6)} MB of free space`;
  const memory = new Map<number, Uint8Array>();
  let opening: Promise<void> | undefined;
  let entry: UnfinishedEntry | undefined;
  let [isFull, isClosed] = [false, false];
  const noSpace = (cause: unknown) => {
    const problem = `cannot write decoded images to the cache ${cache.path} (${writingFailure(cause)})`;
    return new InputError(name, problem, remedy);
  };
  const warn = (cause: unknown) => {
    const problem = `cannot write to the cache (${writingFailure(cause)}); images will be decoded on every run`;
    onWarning?.(`${cache.path}: ${problem}; ${remedy}`);
  };
  const useMemory = (cause: unknown) => {
    if (bytes > MAX_MEMORY_BYTES) throw noSpace(cause);
    isFull = true;
    warn(cause);
  };
  const open = async () => {
    try {
      entry = await cache.begin(shape);
      if (isClosed) entry.close();
    } catch (error) {
      useMemory(error);
    }
  };
  return {
    write: async (index: number, pixels: Uint8Array) => {
      await (opening ??= open());
      if (isClosed) return;
      try {
        if (entry && !isFull) return entry.pixels.write(index, pixels);
      } catch (error) {
        useMemory(error);
      }
      memory.set(index, pixels);
    },
    read: (index: number, target: Uint8Array, offset: number) => {
      const kept = memory.get(index);
      if (kept) target.set(kept, offset);
      else entry!.pixels.read(index, target, offset);
    },
    /** Keeps the entry if it has all images. Rejects if the disk refuses data that it had accepted. */
    publish: async (skipped: readonly FailedImage[]) => {
      if (entry === undefined) return;
      await entry.pixels.flush().catch((error: unknown) => {
        throw noSpace(error);
      });
      if (memory.size === 0) await entry.publish(skipped).catch(warn);
    },
    close: () => {
      isClosed = true;
      entry?.close();
      memory.clear();
    },
  };
}
