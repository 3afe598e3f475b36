import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheLimit, defaultCacheFolder } from '../data/decoding/decodeCache.node.js';
import type { Split } from '../data/source.js';
import { decodeSafetensors } from '../engine/index.js';
import { makeFolder, writeFileAtomically } from '../files/atomic.node.js';
import { markUsed, trimCache } from '../files/cacheFolder.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { encodedChunks, encodeSplit, inChunks, type Progress } from '../model/chunks.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { encodeSealed, isSealIntact } from '../training/checkpoint.js';
import { bytesOf, sha256 } from './runFolder.node.js';

/** Part of the key: files of another format are not found. */
const FORMAT = 'agenet codes 1';
/** Encoding fewer images takes less than a second or two. */
const MIN_IMAGES = 500;
/** Bytes of all files: the codes of four million images of 64 dimensions. */
const MAX_BYTES = 1e9;
const FILE_NAME = /^([0-9a-f]{32})-[0-9a-f]{32}\.safetensors$/;

export interface CodeCacheOptions {
  /** Codes of different devices differ by rounding. */
  readonly device: string;
  /** Default: AGENET_CACHE, or a folder in the user's cache. */
  readonly cacheFolder?: string;
  /** Maximum bytes of all files (default: 1 GB, or AGENET_CACHE_LIMIT if that is smaller). */
  readonly limit?: number;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Codes of whole splits, as sealed safetensors files `codes/WEIGHTS-IMAGES.safetensors` in the cache folder. The name contains digests of
 * the encoder's weights and of all images. A damaged file counts as absent. The least recently used files are removed beyond the limit.
 */
export class CodeCache {
  private readonly folder: string;
  private readonly limit: number;
  private readonly weightsKey: string;
  private readonly onProgress: Progress;
  private readonly known = new WeakMap<Split, Promise<Float32Array | undefined>>();

  constructor(
    private readonly model: TrainedModel,
    {
      device,
      cacheFolder = defaultCacheFolder(),
      limit = Math.min(MAX_BYTES, cacheLimit()),
      onProgress,
      signal,
    }: CodeCacheOptions,
  ) {
    this.folder = join(cacheFolder, 'codes');
    this.limit = limit;
    this.onProgress = (done, total) => {
      signal?.throwIfAborted();
      onProgress?.(done, total);
    };
    const { prior, latentSize, pair, weights } = model;
    const header = JSON.stringify({
      format: FORMAT,
      device,
      prior,
      latentSize,
      shape: pair.encoder.inputShape,
      layers: Object.keys(pair.encoder.layers),
    });
    const state = [weights['encoder.parameters'], weights['encoder.statistics']].map(bytesOf);
    this.weightsKey = sha256(new TextEncoder().encode(header), ...state).slice(0, 32);
  }

  /** Returns the codes [N, M] of the images at `indices` (default: all). A request for most of a split stores all codes. */
  async codes(split: Split, indices?: ArrayLike<number>): Promise<Float32Array> {
    const isWorthStoring = 2 * (indices?.length ?? split.count) > split.count && this.canStore(split);
    const all = (await this.storedCodes(split)) ?? (isWorthStoring ? await this.computeCodes(split) : undefined);
    if (all === undefined) return encodeSplit(this.model, split, indices, this.onProgress);
    return indices === undefined ? all : gatherCodes(all, indices, this.model.latentSize);
  }

  /** Yields the codes of all images in order. Codes beyond the limit are neither stored nor held in memory as a whole. */
  async *chunks(split: Split): AsyncGenerator<Float32Array> {
    if (this.canStore(split)) yield await this.codes(split);
    else yield* encodedChunks(this.model, split, undefined, this.onProgress);
  }

  /** Reads codes once. */
  private storedCodes(split: Split): Promise<Float32Array | undefined> {
    const known =
      this.known.get(split) ??
      (async () => ((await this.hasFiles()) ? this.read(this.fileOf(split), split.count) : undefined))();
    this.known.set(split, known);
    return known;
  }

  private canStore({ count }: Split): boolean {
    return count >= MIN_IMAGES && 4 * count * this.model.latentSize <= this.limit;
  }

  private fileOf(split: Split): string {
    return join(this.folder, `${this.weightsKey}-${digestOf(split, this.model.imageElements)}.safetensors`);
  }

  private async hasFiles(): Promise<boolean> {
    const names = await readdir(this.folder).catch(() => []);
    return names.some((name) => FILE_NAME.exec(name)?.[1] === this.weightsKey);
  }

  private async read(file: string, count: number): Promise<Float32Array | undefined> {
    try {
      const bytes = await readRegularFile(file);
      const { tensors, metadata } = decodeSafetensors(bytes, file);
      const { shape, data } = tensors.codes!;
      if (
        metadata.format !== FORMAT ||
        shape.join() !== [count, this.model.latentSize].join() ||
        !isSealIntact(bytes, metadata, sha256)
      )
        return undefined;
      await markUsed(file);
      return data;
    } catch {
      return undefined;
    }
  }

  private async computeCodes(split: Split): Promise<Float32Array> {
    const codes = await encodeSplit(this.model, split, undefined, this.onProgress);
    this.known.set(split, Promise.resolve(codes));
    const file = this.fileOf(split);
    try {
      await makeFolder(this.folder);
      // A rename cannot replace a folder.
      if ((await stat(file).catch(() => undefined))?.isDirectory()) await rm(file, { recursive: true });
      const tensors = { codes: { shape: [split.count, this.model.latentSize], data: codes } };
      await writeFileAtomically(file, encodeSealed({ tensors, metadata: { format: FORMAT } }, sha256));
      await trimCache(this.folder, this.limit, (name) => FILE_NAME.test(name), basename(file));
    } catch {
      // Codes that cannot be stored are computed again next time.
    }
    return codes;
  }
}

/** Hashing all images is far faster than encoding them. */
function digestOf(split: Split, imageBytes: number): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ count: split.count, imageBytes }));
  for (const { images } of inChunks(split, imageBytes)) hash.update(images);
  return hash.digest('hex').slice(0, 32);
}

function gatherCodes(all: Float32Array, indices: ArrayLike<number>, width: number): Float32Array {
  const codes = new Float32Array(indices.length * width);
  for (let row = 0; row < indices.length; row++)
    codes.set(all.subarray(indices[row]! * width, (indices[row]! + 1) * width), row * width);
  return codes;
}
