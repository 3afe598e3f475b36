import type { Value } from '../engine/index.js';
import type { InputKind, NetworkName } from '../networks/network.js';
import type { RandomStream } from '../random.js';
import type { Prior } from './prior.js';

/** The statistic used as s in the divergences: the standard deviation (correct), or the variance (as in the published code). */
export const MOMENTS = ['std', 'variance'] as const;
/** How per-coordinate divergences are combined: their mean (as in the published code) or their sum (as printed in the paper). */
export const REDUCTIONS = ['mean', 'sum'] as const;

/** Options of divergences that fit a Gaussian. */
export interface GaussianOptions {
  readonly moment: (typeof MOMENTS)[number];
  readonly reduction: (typeof REDUCTIONS)[number];
}

/** D, a divergence of codes from the prior: an entry of `divergences/`. */
export interface Divergence {
  /** D of a batch of codes `[N, M]`, a scalar. */
  readonly of: (codes: Value, options: GaussianOptions) => Value;
  /** The minimum of D over all batches of codes of the prior. Absent if D has none. */
  readonly min?: (prior: Prior, latentSize: number, options: GaussianOptions) => number;
}

/** The distance between two tensors of one shape, a scalar: an entry of `distances/`. */
export type Distance = (a: Value, b: Value) => Value;

/** Sizes [C, H, W] of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** A random, differentiable transformation of images: an entry of `augmentations/`. */
export interface Augmentation {
  /** The number of parameters per image. */
  readonly parameters: number;
  /** Draws the parameters of one image. */
  readonly draw: (stream: RandomStream, shape: ImageShape) => readonly number[];
  /** Transforms images `[N, C, H, W]`. Each parameter is `[N, 1, 1, 1]`. Gradients flow to the images only. */
  readonly apply: (x: Value, parameters: readonly Value[]) => Value;
}

/** The forward passes that an update can need: e(x), g(e(x)), e(S(x)) with S a random distortion, g(z) and e(g(z)). */
export type PassName = 'realCodes' | 'reconstruction' | 'distortedCodes' | 'fake' | 'fakeCodes';

/** The inputs of an update: images `[N, C, H, W]` in [-1, 1] and codes `[N, M]` sampled from the prior. */
export interface UpdateBatch {
  readonly x: Value;
  readonly z: Value;
  /** The augmentations of images and of generated images (default: none). */
  readonly augment?: Readonly<Record<InputKind, (x: Value) => Value>> | undefined;
  /** S, which the term `align` compares codes under. */
  readonly distort?: ((x: Value) => Value) | undefined;
}

/** The objective as functions of tensors. */
export interface ObjectiveFunctions {
  readonly divergence: (codes: Value) => Value;
  readonly matchX: Distance;
  readonly matchZ: Distance;
}

/** A term of the losses: an entry of `losses/`. Plans, totals and reports know it by its name there. */
export interface LossTerm {
  /** The sign with which the term enters each network's loss. A network without a sign cannot have the term. */
  readonly signs: Readonly<Partial<Record<NetworkName, 1 | -1>>>;
  /** The passes whose results the term is computed from. */
  readonly needs: readonly PassName[];
  /** Whether codes are those of augmented images, if images are augmented (default: false). */
  readonly isAugmented?: boolean;
  /** The unweighted term, a scalar. Only results that it needs are present in `passes`. */
  readonly value: (
    passes: Readonly<Record<PassName, Value>>,
    objective: ObjectiveFunctions,
    batch: UpdateBatch,
  ) => Value;
}
