/** A run of several processes (ranks): what they share and compare, and which of them writes. */
import { createHash } from 'node:crypto';
import type { ImageSource, Split } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { ALONE, type Communicator, requireSame } from '../engine/runtime/communicator.js';
import { InputError, setting } from '../errors.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.js';
import type { Configuration } from '../training/configuration.js';
import type { LogEntry, RunLock, RunStore, StoredCheckpoint } from '../training/runStore.js';
import type { TrainerState } from '../training/trainer.js';
import type { Direction } from '../training/trainingLoop.js';
import { bytesOf, sha256 } from './runFolder.node.js';
import type { PendingConfiguration } from './settings.node.js';

/** All ranks make the same calls in the same order. */
export class Ranks {
  /** @param compile compiles a graph that the ranks compute together */
  constructor(
    private readonly communicator: Communicator,
    readonly compile: Compile,
  ) {}

  static alone(compile: Compile): Ranks {
    return new Ranks(ALONE, compile);
  }

  /** Whether this process reads and writes the run folder. */
  get isFirst(): boolean {
    return this.communicator.rank === 0;
  }

  /** What all ranks do: end if one of them should, else wait if one should. */
  direct(own: Direction): Direction {
    const counts = new Float32Array(2);
    this.communicator.allReduceSum(Float32Array.of(Number(own === 'stop'), Number(own === 'pause')), counts);
    return counts[0]! > 0 ? 'stop' : counts[1]! > 0 ? 'pause' : 'train';
  }

  /** Returns the bytes of the first rank. */
  broadcast(bytes: Uint8Array): Uint8Array {
    const size = BigUint64Array.of(BigInt(bytes.length));
    this.communicator.broadcast(new Uint8Array(size.buffer));
    const received = this.isFirst ? bytes : new Uint8Array(Number(size[0]));
    this.communicator.broadcast(received);
    return received;
  }

  /** Returns the value of the first rank, which JSON can represent. */
  share<T>(value: T | undefined): T {
    return JSON.parse(
      new TextDecoder().decode(this.broadcast(new TextEncoder().encode(JSON.stringify(value ?? null)))),
    ) as T;
  }

  shareSettings(own: PendingConfiguration | undefined): PendingConfiguration {
    if (own && this.isAlone) return own;
    const draft = this.share(own?.draft);
    return { draft, complete: (images) => this.share(own?.complete(images)) };
  }

  /** @throws {InputError} unless a batch divides into a part of one size for each rank */
  requireDivisible(batch: number): void {
    const { size } = this.communicator;
    if (batch % size !== 0)
      throw new InputError(
        setting('batch'),
        `${batch} images do not divide among ${size} processes`,
        `choose a multiple of ${size}`,
      );
  }

  /** @throws {InputError} unless all ranks have the same names of images, and the same sample of images that are not decoded yet */
  async requireSameImages({ name, train, test, size, channels }: ImageSource): Promise<void> {
    if (this.isAlone) return;
    const [height, width] = size;
    const digest = createHash('sha256');
    for (const split of [train, test]) await addImages(digest, split, height * width * channels);
    requireSame(this.communicator, digest.digest(), `images of ${name}`, 'copy the data to every host');
  }

  /** Returns the state that the first rank reads. */
  async shareState(read: () => Promise<TrainerState>, configuration: Configuration): Promise<TrainerState> {
    if (this.isAlone) return read();
    const bytes = this.broadcast(
      this.isFirst ? encodeCheckpoint({ ...(await read()), configuration }, sha256) : new Uint8Array(),
    );
    return decodeCheckpoint(bytes, 'the weights of rank 0', sha256);
  }

  /** @throws {InputError} unless all ranks have the same weights */
  requireSameState({ step, vectors }: TrainerState): void {
    if (this.isAlone) return;
    const digest = Buffer.from(sha256(...Object.values(vectors).map(bytesOf)), 'hex');
    requireSame(this.communicator, digest, `weights at iteration ${step}`, 'resume from the last checkpoint');
  }

  /** Returns the store of the first rank, which the others know through it. */
  storeOf(own: RunStore | undefined): RunStore {
    return own && this.isAlone ? own : new StoreOfRanks(this, own);
  }

  private get isAlone(): boolean {
    return this.communicator.size === 1;
  }
}

/** Images of each split that the ranks decode to compare them, evenly spaced. */
const COMPARED_IMAGES = 64;

async function addImages(
  digest: ReturnType<typeof createHash>,
  { count, nameOf, copyImage, prepare }: Split,
  imageBytes: number,
): Promise<void> {
  digest.update(`${count}\n`);
  if (nameOf) for (let index = 0; index < count; index++) digest.update(`${nameOf(index)}\n`);
  const compared = prepare ? Math.min(count, COMPARED_IMAGES) : count;
  const indices = Array.from({ length: compared }, (_, number) => Math.floor((number * count) / compared));
  await prepare?.(indices);
  const image = new Uint8Array(imageBytes);
  for (const index of indices) {
    copyImage(index, image, 0);
    digest.update(image);
  }
}

const UNLOCKED: RunLock = { confirm: () => Promise.resolve(), release: () => Promise.resolve() };

/** The first rank reads and writes, and the others get what it has read. */
class StoreOfRanks implements RunStore {
  readonly path: string;
  readonly writePreviews: RunStore['writePreviews'];
  readonly memoryMb: RunStore['memoryMb'];
  private comparedStep: number | undefined;

  constructor(
    private readonly ranks: Ranks,
    private readonly own: RunStore | undefined,
  ) {
    this.path = own?.path ?? 'the run of rank 0';
    this.writePreviews = own?.writePreviews?.bind(own);
    this.memoryMb = own?.memoryMb?.bind(own);
  }

  lock(): Promise<RunLock> {
    return this.own?.lock() ?? Promise.resolve(UNLOCKED);
  }

  async readLatestCheckpoint(): Promise<StoredCheckpoint | undefined> {
    const read = await this.own?.readLatestCheckpoint();
    const file = this.ranks.share(read?.file ?? null);
    if (file === null) return undefined;
    const bytes = this.ranks.broadcast(read ? encodeCheckpoint(read, sha256) : new Uint8Array());
    return { ...(await decodeCheckpoint(bytes, file, sha256)), file };
  }

  async writeCheckpoint(checkpoint: Checkpoint): Promise<string> {
    // Only the first rank repeats a write that has failed.
    if (this.comparedStep !== checkpoint.step) this.ranks.requireSameState(checkpoint);
    this.comparedStep = checkpoint.step;
    return (await this.own?.writeCheckpoint(checkpoint)) ?? '';
  }

  async writeConfiguration(configuration: Configuration): Promise<void> {
    await this.own?.writeConfiguration(configuration);
  }

  async appendLog(entries: readonly LogEntry[]): Promise<void> {
    await this.own?.appendLog(entries);
  }

  async truncateLog(step: number): Promise<LogEntry | undefined> {
    return this.own?.truncateLog(step);
  }

  async recreate(configuration: Configuration): Promise<void> {
    await this.own?.recreate(configuration);
  }
}
