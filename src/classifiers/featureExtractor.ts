import type { Split } from '../data/source.js';
import { sizeOf } from '../engine/index.js';
import { InputError } from '../errors.js';
import type { ComparableImages } from '../images/raster.js';
import { inChunks, type Progress } from '../model/chunks.js';
import type { Features } from '../numerics/features.js';

export interface ExtractedFeatures {
  features: Features;
  probabilities?: Features;
}

/** Maps images to vectors, by which sets of images are compared. */
export interface FeatureExtractor {
  /** Includes how images are prepared. */
  name: string;
  /** Of its weights. Metrics are comparable only if name and digest agree. */
  digest?: string;
  width: number;
  /** On the test images, 0 to 1, if it classifies the classes of the data. */
  testAccuracy?: number;
  /**
   * @param images bytes [N, C, H, W]
   * @returns features float32 [N, width], and probabilities float32 [N, K]
   */
  extract: (images: ComparableImages & { data: Uint8Array }) => Promise<ExtractedFeatures>;
  release: () => Promise<void>;
}

export function requireFinite(extracted: ExtractedFeatures, name: string): ExtractedFeatures {
  for (const [what, rows] of Object.entries(extracted) as [string, Features][]) {
    const wrong = rows.data.findIndex((value) => !Number.isFinite(value));
    const image = Math.floor(wrong / rows.width);
    if (wrong >= 0)
      throw new InputError(name, `expected finite ${what}, but got ${rows.data[wrong]} for image ${image}`);
  }
  return extracted;
}

export class FeatureTable {
  private readonly features: Float32Array;
  private probabilities: Features | undefined;

  constructor(
    private readonly extractor: FeatureExtractor,
    private readonly shape: ComparableImages['shape'],
    private readonly count: number,
  ) {
    this.features = new Float32Array(count * extractor.width);
  }

  async add(first: number, images: Uint8Array): Promise<void> {
    const { features, probabilities } = await this.extractor.extract({ shape: this.shape, data: images });
    this.features.set(features.data, first * features.width);
    if (probabilities === undefined) return;
    this.probabilities ??= { data: new Float32Array(this.count * probabilities.width), width: probabilities.width };
    this.probabilities.data.set(probabilities.data, first * probabilities.width);
  }

  get rows(): ExtractedFeatures {
    return {
      features: { data: this.features, width: this.extractor.width },
      ...(this.probabilities && { probabilities: this.probabilities }),
    };
  }
}

export async function splitFeatures(
  extractor: FeatureExtractor,
  split: Split,
  shape: ComparableImages['shape'],
  indices: Uint32Array,
  onProgress?: Progress,
): Promise<Features> {
  const table = new FeatureTable(extractor, shape, indices.length);
  for (const { images, first } of inChunks(split, sizeOf(shape), indices, onProgress)) await table.add(first, images);
  return table.rows.features;
}
