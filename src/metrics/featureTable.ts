import type { Split } from '../data/source.js';
import type { ExtractedFeatures, FeatureExtractor } from '../classifiers/featureExtractor.js';
import type { Features } from '../numerics/features.js';
import { inChunks } from '../model/imageChunks.js';
import type { ComparableImages } from '../images/raster.js';

/** Features of many images, gathered chunk by chunk. */
export class FeatureTable {
  private readonly features: Float32Array;
  private probabilities: { readonly data: Float32Array; readonly width: number } | undefined;

  /** A table for `count` images. */
  constructor(
    private readonly extractor: FeatureExtractor,
    private readonly shape: ComparableImages['shape'],
    private readonly count: number,
  ) {
    this.features = new Float32Array(count * extractor.width);
  }

  /** Adds images, bytes [n, C, H, W], of which the first stands at the place `first`. */
  async add(first: number, images: Uint8Array): Promise<void> {
    const { features, probabilities } = await this.extractor.extract({ shape: this.shape, data: images });
    this.features.set(features.data, first * features.width);
    if (probabilities === undefined) return;
    this.probabilities ??= { data: new Float32Array(this.count * probabilities.width), width: probabilities.width };
    this.probabilities.data.set(probabilities.data, first * probabilities.width);
  }

  get rows(): ExtractedFeatures {
    return { features: { data: this.features, width: this.extractor.width }, ...(this.probabilities ? { probabilities: this.probabilities } : {}) };
  }
}

/** Features of the images of a split at `indices`. */
export async function splitFeatures(extractor: FeatureExtractor, split: Split, shape: ComparableImages['shape'], indices: Uint32Array): Promise<Features> {
  const table = new FeatureTable(extractor, shape, indices.length);
  const bytes = shape.reduce((product, size) => product * size, 1);
  for (const { images, first } of inChunks(split, bytes, indices)) await table.add(first, images);
  return table.rows.features;
}
