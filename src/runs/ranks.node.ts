import { createHash } from 'node:crypto';
import type { ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { ALONE, type Communicator, requireSame } from '../engine/runtime/communicator.js';
import { InputError, setting } from '../errors.js';
import { decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.js';
import type { Configuration } from '../training/configuration.js';
import type { RunStore } from '../training/runStore.js';
import type { TrainerState } from '../training/trainer.js';
import type { Direction } from '../training/trainingLoop.js';
import { bytesOf, sha256 } from './runFolder.node.js';
import type { PendingConfiguration, TrainingData } from './settings.node.js';

/** A run of several processes (ranks), which make the same calls in the same order. */
export class Ranks {
  /** @param compile compiles a graph that the ranks compute together */
  constructor(
    private readonly communicator: Communicator,
    readonly compile: Compile,
  ) {}

  static alone(compile: Compile) {
    return new Ranks(ALONE, compile);
  }

  /** Whether this process reads and writes the run folder. */
  get isFirst() {
    return this.communicator.rank === 0;
  }

  /** All ranks stop if one should, or else pause if one should. */
  direct(own: Direction): Direction {
    const counts = new Float32Array(2);
    this.communicator.allReduceSum(Float32Array.of(Number(own === 'stop'), Number(own === 'pause')), counts);
    return counts[0]! > 0 ? 'stop' : counts[1]! > 0 ? 'pause' : 'train';
  }

  private broadcast(bytes: Uint8Array = new Uint8Array()) {
    const size = BigUint64Array.of(BigInt(bytes.length));
    this.communicator.broadcast(new Uint8Array(size.buffer));
    const received = this.isFirst ? bytes : new Uint8Array(Number(size[0]));
    this.communicator.broadcast(received);
    return received;
  }

  private share<T>(value: T | undefined) {
    const shared = this.broadcast(new TextEncoder().encode(JSON.stringify(value ?? null)));
    return JSON.parse(new TextDecoder().decode(shared)) as T;
  }

  shareSettings(own: PendingConfiguration | undefined) {
    if (own && this.isAlone) return own;
    const draft = this.share(own?.draft);
    return { draft, complete: (data: TrainingData) => this.share(own?.complete(data)) };
  }

  requireDivisible(batch: number) {
    const { size } = this.communicator;
    if (batch % size !== 0)
      throw new InputError(
        setting('batch'),
        `${batch} images do not divide among ${size} processes`,
        `choose a multiple of ${size}`,
      );
  }

  /** Compares names of images, and a sample of images that are not decoded yet. */
  async requireSameImages({ name, train, test, size, channels }: ImageSource) {
    if (this.isAlone) return;
    const [height, width] = size;
    const digest = createHash('sha256');
    const image = new Uint8Array(height * width * channels);
    for (const { count, nameOf, copyImage, prepare } of [train, test]) {
      digest.update(`${count}\n`);
      if (nameOf) for (let index = 0; index < count; index++) digest.update(`${nameOf(index)}\n`);
      const compared = prepare ? Math.min(count, COMPARED_IMAGES) : count;
      const indices = Array.from({ length: compared }, (_, number) => Math.floor((number * count) / compared));
      await prepare?.(indices);
      for (const index of indices) {
        copyImage(index, image, 0);
        digest.update(image);
      }
    }
    requireSame(this.communicator, digest.digest(), `images of ${name}`, 'copy the data to every host');
  }

  /** Of a file that only the first rank reads. */
  async shareBytes(read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    return this.isAlone ? read() : this.broadcast(this.isFirst ? await read() : undefined);
  }

  async shareState(read: () => Promise<TrainerState>, configuration: Configuration): Promise<TrainerState> {
    if (this.isAlone) return read();
    const own = this.isFirst ? encodeCheckpoint({ ...(await read()), configuration }, sha256) : undefined;
    return decodeCheckpoint(this.broadcast(own), 'the weights of rank 0', sha256);
  }

  requireSameState({ step, vectors }: TrainerState) {
    if (this.isAlone) return;
    const digest = Buffer.from(sha256(...Object.values(vectors).map(bytesOf)), 'hex');
    requireSame(this.communicator, digest, `weights at iteration ${step}`, 'resume from the last checkpoint');
  }

  /** The first rank reads and writes its store, and the others get what it has read. */
  storeOf(own: RunStore | undefined): RunStore {
    if (own && this.isAlone) return own;
    let comparedStep: number | undefined;
    return {
      path: own?.path ?? 'the run of rank 0',
      writePreviews: own?.writePreviews?.bind(own),
      memoryMb: own?.memoryMb?.bind(own),
      lock: async () => own?.lock() ?? { release: () => Promise.resolve() },
      readLatestCheckpoint: async () => {
        const read = await own?.readLatestCheckpoint();
        const file = this.share(read?.file);
        if (!file) return undefined;
        const bytes = this.broadcast(read && encodeCheckpoint(read, sha256));
        return { ...(await decodeCheckpoint(bytes, file, sha256)), file };
      },
      writeCheckpoint: async (checkpoint) => {
        // Only the first rank repeats a write that has failed.
        if (comparedStep !== checkpoint.step) this.requireSameState(checkpoint);
        comparedStep = checkpoint.step;
        return (await own?.writeCheckpoint(checkpoint)) ?? '';
      },
      writeConfiguration: async (configuration) => own?.writeConfiguration(configuration),
      appendLog: async (entries) => own?.appendLog(entries),
      truncateLog: async (step) => own?.truncateLog(step),
      recreate: async (configuration) => own?.recreate(configuration),
    };
  }

  private get isAlone() {
    return this.communicator.size === 1;
  }
}

/** Evenly spaced images of a split that are decoded to compare them. */
const COMPARED_IMAGES = 64;
