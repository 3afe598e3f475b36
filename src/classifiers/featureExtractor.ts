import type { Split } from '../data/source.js';
import { InputError } from '../errors.js';
import type { ComparableImages } from '../images/raster.js';
import { inChunks } from '../model/chunks.js';
import type { Features } from '../numerics/features.js';

/** Features of images, and class probabilities where the extractor has them. */
export interface ExtractedFeatures {
  readonly features: Features;
  readonly probabilities?: Features;
}

/** Something that makes vectors of images, in whose space sets of images are compared. */
export interface FeatureExtractor {
  /** Says what the extractor is and how images are prepared for it. */
  readonly name: string;
  /** A digest of its weights. Values can be compared only if name and digest agree. */
  readonly digest?: string;
  /** Length of a feature vector. */
  readonly width: number;
  /** Part of the test labels that it meets, where it classifies the data's own classes. */
  readonly testAccuracy?: number;
  /**
   * @param images bytes [N, C, H, W]
   * @returns features float32 [N, width], and probabilities float32 [N, K]
   */
  readonly extract: (images: ComparableImages & { readonly data: Uint8Array }) => Promise<ExtractedFeatures>;
  readonly release: () => Promise<void>;
}

/**
 * Features that are known to be finite.
 * @throws {InputError} that names the extractor where one is not
 */
export function requireFinite(extracted: ExtractedFeatures, name: string): ExtractedFeatures {
  for (const [what, rows] of Object.entries(extracted) as [string, Features][]) {
    const wrong = rows.data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new InputError(`features of ${name}: ${what} of image ${Math.floor(wrong / rows.width)} hold ${rows.data[wrong]}, but must be finite numbers`);
    }
  }
  return extracted;
}

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
export async function splitFeatures(
  extractor: FeatureExtractor,
  split: Split,
  shape: ComparableImages['shape'],
  indices: Uint32Array,
  signal?: AbortSignal,
): Promise<Features> {
  const table = new FeatureTable(extractor, shape, indices.length);
  const bytes = shape.reduce((product, size) => product * size, 1);
  for (const { images, first } of inChunks(split, bytes, indices)) {
    signal?.throwIfAborted();
    await table.add(first, images);
  }
  return table.rows.features;
}
