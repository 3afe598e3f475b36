import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DecodeOptions } from '../../images/decoding.js';
import { forEachConcurrently } from './concurrency.js';
import { DecodingQueue } from './decodingQueue.js';
import type { ImageItem } from './imageItem.js';
import type { TieredPixelStore } from './tieredPixelStore.node.js';
import type { FailedImage } from './pixelStore.node.js';
import type { PendingImages } from './streamingSplit.js';

/** Twice as many decodings under way as cores: libvips has one to begin when another ends, also where reading the files takes time. */
export const DECODINGS_AT_A_TIME = Math.max(8, 2 * availableParallelism());
/** After so many bytes they are brought to the disk: else all would have to go there at the end, when nothing is left to decode meanwhile. */
const FLUSH_BYTES = 32 * 2 ** 20;

export interface DecodingJob {
  readonly items: readonly ImageItem[];
  readonly format: DecodeOptions;
  readonly rooms: TieredPixelStore;
  /** Makes the error of the first image that cannot be decoded, which ends the decoding; without it, such images are left out. */
  readonly refuse?: ((failure: FailedImage) => Error) | undefined;
  readonly onProgress?: ((done: number, total: number, skipped: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Images that are decoded on the spot leave no turn to anything else: after so many milliseconds one is given. */
const TURN_MS = 5;

/** Who waits for an image. */
interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const [PENDING, DECODED, LEFT_OUT] = [0, 1, 2];

/** Images on the way: decoded once each from its construction on, those first that somebody waits for, the others in the list's order. */
export class BackgroundDecoder implements PendingImages {
  private readonly queue: DecodingQueue;
  private readonly states: Uint8Array;
  private readonly failures: FailedImage[] = [];
  private readonly waiting = new Map<number, Waiter[]>();
  private readonly running: Promise<readonly FailedImage[]>;
  private done = 0;
  private lastTurn = performance.now();
  private unflushed = 0;
  private flushed = Promise.resolve();
  /** Why it cannot go on. */
  private end: { readonly reason: unknown } | undefined;

  constructor(private readonly job: DecodingJob) {
    this.queue = new DecodingQueue(job.items.length);
    this.states = new Uint8Array(job.items.length);
    this.running = this.run();
    // Whoever waits for all of them hears of it; who waits for one, by its waiter.
    this.running.catch((reason: unknown) => this.stop(reason));
  }

  async ensureDecoded(indices: Iterable<number>): Promise<void> {
    const pending = Array.from(indices).filter((index) => this.states[index] === PENDING);
    if (pending.length > 0) this.throwIfEnded();
    await Promise.all(pending.map((index) => this.waitFor(index)));
  }

  /** Waits until all are, and says which were left out, in the list's order. */
  finish(): Promise<readonly FailedImage[]> {
    return this.running;
  }

  isSkipped(index: number): boolean {
    return this.states[index] === LEFT_OUT;
  }

  copyImage(index: number, target: Uint8Array, offset: number): void {
    this.job.rooms.read(index, target, offset);
  }

  close(): void {
    this.stop(new Error('the images were closed while they were decoded'));
    this.job.rooms.close();
  }

  private waitFor(index: number): Promise<void> {
    this.queue.prioritize(index);
    return new Promise((resolve, reject) => this.waiting.set(index, [...(this.waiting.get(index) ?? []), { resolve, reject }]));
  }

  private throwIfEnded(): void {
    if (this.end) throw this.end.reason;
  }

  private stop(reason: unknown): void {
    this.end ??= { reason };
    for (const waiters of this.waiting.values()) waiters.forEach(({ reject }) => reject(reason));
    this.waiting.clear();
  }

  private async run(): Promise<readonly FailedImage[]> {
    const { items, rooms, refuse, signal } = this.job;
    try {
      await forEachConcurrently(items.length, DECODINGS_AT_A_TIME, () => this.decode(this.queue.take()!), signal);
      await this.flushed;
    } catch (error) {
      // Of those that were under way together the first is told.
      if (!(error instanceof StrictDecodingError)) throw error;
    }
    this.failures.sort((a, b) => a.index - b.index);
    signal?.throwIfAborted();
    const [first] = this.failures;
    // Images that somebody waits for are not decoded any more.
    if (refuse && first) this.stop(refuse(first));
    else if (this.failures.length < items.length) await rooms.keep(this.failures);
    return this.failures;
  }

  private async decode(index: number): Promise<void> {
    const { items, format, rooms, refuse, onProgress } = this.job;
    if (performance.now() - this.lastTurn > TURN_MS) {
      await nextTurn();
      this.lastTurn = performance.now();
    }
    this.throwIfEnded();
    const result = await items[index]!.decode(format);
    this.throwIfEnded();
    const isThere = 'pixels' in result;
    if (isThere) await this.write(rooms, index, result.pixels);
    else this.failures.push({ index, reason: result.failure, unreadable: result.unreadable });
    this.states[index] = isThere ? DECODED : LEFT_OUT;
    this.waiting.get(index)?.forEach(({ resolve }) => resolve());
    this.waiting.delete(index);
    onProgress?.(++this.done, items.length, this.failures.length);
    if (!isThere && refuse) throw new StrictDecodingError();
  }

  private async write(rooms: TieredPixelStore, index: number, pixels: Uint8Array): Promise<void> {
    await rooms.write(index, pixels);
    this.unflushed += pixels.length;
    if (this.unflushed < FLUSH_BYTES) return;
    this.unflushed = 0;
    this.flushed = this.flushed.then(() => rooms.flush());
    // Awaited in the end; a rejection before that is not unhandled.
    this.flushed.catch(() => undefined);
  }
}

/** An image was left out where none may be. */
class StrictDecodingError extends Error {}
