import type { Value } from '../engine/index.js';
import type { InputKind, NetworkName } from '../networks/network.js';
import type { RandomStream } from '../random.js';
import type { Prior } from './prior.js';

/** The statistic s of the divergences: standard deviation (correct), or variance (as in the published code). */
export const MOMENTS = ['std', 'variance'] as const;
/** Over coordinates: the mean (as in the published code) or the sum (as printed in the paper). */
export const REDUCTIONS = ['mean', 'sum'] as const;

export interface GaussianOptions {
  readonly moment: (typeof MOMENTS)[number];
  readonly reduction: (typeof REDUCTIONS)[number];
}

/** D, a divergence of codes `[N, M]` from the prior, a scalar: an entry of `divergences/`. */
export interface Divergence {
  readonly of: (codes: Value, options: GaussianOptions) => Value;
  /** The minimum over all batches of codes of the prior, if there is one. */
  readonly min?: (prior: Prior, latentSize: number, options: GaussianOptions) => number;
}

/** The distance between two tensors of one shape, a scalar: an entry of `distances/`. */
export type Distance = (a: Value, b: Value) => Value;

/** Sizes [C, H, W] of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** A random, differentiable transformation of images: an entry of `augmentations/`. */
export interface Augmentation {
  readonly parameters: number;
  readonly draw: (stream: RandomStream, shape: ImageShape) => readonly number[];
  /** Transforms `[N, C, H, W]` with parameters `[N, 1, 1, 1]`. Gradients flow to the images only. */
  readonly apply: (x: Value, parameters: readonly Value[]) => Value;
}

/** e(x), g(e(x)), e(S(x)) with S a random distortion, g(z) and e(g(z)). */
export type PassName = 'realCodes' | 'reconstruction' | 'distortedCodes' | 'fake' | 'fakeCodes';

/** Images `[N, C, H, W]` in [-1, 1], and codes `[N, M]` of the prior. */
export interface UpdateBatch {
  readonly x: Value;
  readonly z: Value;
  /** Of images and generated images (default: none). */
  readonly augment?: Readonly<Record<InputKind, (x: Value) => Value>> | undefined;
  /** S of the term `align`. */
  readonly distort?: ((x: Value) => Value) | undefined;
}

export interface ObjectiveFunctions {
  readonly divergence: (codes: Value) => Value;
  readonly matchX: Distance;
  readonly matchZ: Distance;
}

/** A term of the losses: an entry of `losses/`, which names it. */
export interface LossTerm {
  /** The sign in each network's loss. A network without a sign cannot have the term. */
  readonly signs: Readonly<Partial<Record<NetworkName, 1 | -1>>>;
  readonly needs: readonly PassName[];
  /** Whether its codes are of augmented images, if there are augmentations (default: false). */
  readonly isAugmented?: boolean;
  /** The unweighted term, a scalar. `passes` holds only results that it needs. */
  readonly value: (
    passes: Readonly<Record<PassName, Value>>,
    objective: ObjectiveFunctions,
    batch: UpdateBatch,
  ) => Value;
}
