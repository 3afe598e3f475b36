import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheLimit, defaultCacheFolder } from '../data/decoding/decodeCache.node.js';
import type { Split } from '../data/source.js';
import { markUsed, trimCache, writeEntry } from '../files/cacheFolder.node.js';
import {
  allIndices,
  encodedChunks,
  encodeSplit,
  inChunks,
  type KnownConditions,
  type Progress,
} from '../model/chunks.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { gatherRows } from '../numerics/features.js';
import { encodeSealed } from '../training/checkpoint.js';
import { bytesOf, sha256 } from './runFolder.node.js';
import { readSealed } from './sealedFile.node.js';

/** Part of the key: files of another format are not found. */
const FORMAT = 'agenet codes 1';
/** Encoding fewer images takes a second or two. */
const MIN_IMAGES = 500;
/** The codes of four million images of 64 dimensions. */
const MAX_BYTES = 1e9;
const FILE_NAME = /^([0-9a-f]{32})-[0-9a-f]{32}\.safetensors$/;

export interface CodeCacheOptions {
  /** Codes of different devices differ by rounding. */
  device: string;
  cacheFolder?: string;
  /** Bytes of all files (default: 1 GB, or AGENET_CACHE_LIMIT if that is smaller). */
  limit?: number;
  onProgress?: Progress;
  signal?: AbortSignal | undefined;
  /** Images are encoded with what is known of their conditions, and predictions (default: without a condition). */
  known?: KnownConditions | undefined;
}

/**
 * Codes of whole splits, in sealed files `codes/WEIGHTS-IMAGES.safetensors` of the cache folder, named by digests of
 * encoder and images. Beyond the limit, the least recently used files are removed.
 */
export class CodeCache {
  private readonly folder: string;
  private readonly limit: number;
  private readonly weightsKey: string;
  private readonly onProgress: Progress;
  private readonly known: KnownConditions | undefined;
  private readonly encoded = new WeakMap<Split, Promise<Float32Array | undefined>>();

  constructor(
    private readonly model: TrainedModel,
    { device, cacheFolder = defaultCacheFolder(), limit, onProgress, signal, known }: CodeCacheOptions,
  ) {
    this.known = known;
    this.folder = join(cacheFolder, 'codes');
    this.limit = limit ?? Math.min(MAX_BYTES, cacheLimit());
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
    const ofConditions = known ? [model.centers, ...(model.density ? [model.density.predictor] : [])] : [];
    const state = [weights['encoder.parameters'], weights['encoder.statistics'], ...ofConditions].map(bytesOf);
    this.weightsKey = sha256(Buffer.from(header), ...state).slice(0, 32);
  }

  /** Returns codes [N, M]. A request for most of a split stores all of it. */
  async codes(split: Split, indices?: ArrayLike<number>) {
    const isWorthStoring = 2 * (indices?.length ?? split.count) > split.count && this.canStore(split);
    const all = (await this.storedCodes(split)) ?? (isWorthStoring ? await this.computeCodes(split) : undefined);
    if (all === undefined) return encodeSplit(this.model, split, indices, this.onProgress, this.known);
    if (indices === undefined) return all;
    return Float32Array.from(gatherRows({ data: all, width: this.model.latentSize }, indices).data);
  }

  /** Yields the codes of all images in order, without storing or holding in memory more than the limit. */
  async *chunks(split: Split): AsyncGenerator<Float32Array> {
    if (this.canStore(split)) yield await this.codes(split);
    else yield* encodedChunks(this.model, split, undefined, this.onProgress, this.known);
  }

  private storedCodes(split: Split) {
    const encoded = this.encoded.get(split) ?? this.read(split);
    this.encoded.set(split, encoded);
    return encoded;
  }

  private canStore({ count }: Split) {
    return count >= MIN_IMAGES && 4 * count * this.model.latentSize <= this.limit;
  }

  private fileOf(split: Split) {
    return join(this.folder, `${this.weightsKey}-${digestOf(split, this.model.imageElements, this.known)}.safetensors`);
  }

  private async read(split: Split) {
    const names = await readdir(this.folder).catch(() => []);
    if (!names.some((name) => FILE_NAME.exec(name)?.[1] === this.weightsKey)) return undefined;
    const file = this.fileOf(split);
    const codes = (await readSealed(file, FORMAT))?.tensors.codes;
    if (codes?.shape.join() !== [split.count, this.model.latentSize].join()) return undefined;
    await markUsed(file);
    return codes.data;
  }

  private async computeCodes(split: Split) {
    const codes = await encodeSplit(this.model, split, undefined, this.onProgress, this.known);
    this.encoded.set(split, Promise.resolve(codes));
    const file = this.fileOf(split);
    try {
      const tensors = { codes: { shape: [split.count, this.model.latentSize], data: codes } };
      await writeEntry(file, encodeSealed({ tensors, metadata: { format: FORMAT } }, sha256));
      await trimCache(this.folder, this.limit, (name) => FILE_NAME.test(name), basename(file));
    } catch {
      // They will be computed again.
    }
    return codes;
  }
}

/** Hashing all images is far faster than encoding them. */
function digestOf(split: Split, imageBytes: number, known: KnownConditions | undefined) {
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ count: split.count, imageBytes, known: known?.(split, allIndices(split.count)) }));
  for (const { images } of inChunks(split, imageBytes)) hash.update(images);
  return hash.digest('hex').slice(0, 32);
}
