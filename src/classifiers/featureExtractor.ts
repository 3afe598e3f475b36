import { InputError } from '../errors.js';
import type { ComparableImages } from '../images/raster.js';
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
 * @throws InputError that names the extractor where one is not
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
