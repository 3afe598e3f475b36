import type { ImageShape } from '../../components/images.js';

/** Images as bytes [N, C, H, W]. */
export interface TrainingImages {
  shape: ImageShape;
  training: Uint8Array;
  /** Images whose reconstructions are shown. */
  test: Uint8Array;
  /** Of images in a folder per class. */
  classes?: ImageClasses | undefined;
}

/** Classes by index: of the training images, and of the test images. */
interface ImageClasses {
  names: readonly string[];
  training: Uint8Array;
  test: Uint8Array;
}

/** Training continues until the visitor ends it. */
export const LENGTH = { steps: 1_000_000 } as const;
