/** The settings of a training run and their documentation, which editors show. `configurationSchema.ts` has their ranges and defaults. */
import type { AugmentationName } from '../age/augmentation.js';
import type { DistanceName, DivergenceName } from '../age/objective.js';
import type { Prior } from '../age/prior.js';
import type { MOMENTS, REDUCTIONS } from '../age/terms.js';
import type { Crop, Padding } from '../images/preprocessing.js';
import type { ArchitectureName } from '../networks/architecture.js';
import type { BATCH_NORM_STATS, NAN_POLICIES, SCHEDULES } from './defaults.js';

/** Update plans from an epoch on. */
export interface Stage {
  /** First epoch of the stage, counted from 0. */
  readonly epoch: number;
  /** Update plan of the encoder; default: unchanged. */
  readonly encoderUpdates?: string | undefined;
  /** Update plan of the generator; default: unchanged. */
  readonly generatorUpdates?: string | undefined;
}

/** Everything that determines a training run: a run can be repeated from its configuration alone. */
export interface Configuration {
  /** Name or path of the data, such as `mnist`, `photos` or `npz:images.npz`. */
  readonly data: string;
  /** Rows and columns of an image. */
  readonly size: number;
  /** 1 (grayscale) or 3 (RGB). */
  readonly channels: 1 | 3;
  /** How images become squares (default: center). */
  readonly crop: Crop;
  /** Border added to each image after resizing, or null. */
  readonly padding: Padding | null;
  /** Whether each image is mirrored at random each time it is seen (default: false). */
  readonly flip: boolean;
  /**
   * Random transformations, in this order, of the images whose codes the divergences compare (default: depends on the number of
   * training images).
   */
  readonly augment: readonly AugmentationName[];
  /** Fraction of the images held out for testing, if the data has no test split (default: 0.1). */
  readonly testFraction: number;
  /** Network architecture; default: the one for the image size. */
  readonly network: ArchitectureName;
  /** Base channel count; layers use multiples of it. */
  readonly width: number;
  /** Latent dimensions. */
  readonly latent: number;
  /** Images per batch (default: depends on the number of training images). */
  readonly batch: number;
  /** Length of training: passes over the data, or iterations (default: depends on the number of training images). */
  readonly length: { readonly epochs: number } | { readonly steps: number };
  /** Update plan of the encoder: number of updates per iteration, and loss weights, such as `1;KL_fake:1,KL_real:1,match_x:10`. */
  readonly encoderUpdates: string;
  /** Update plan of the generator. */
  readonly generatorUpdates: string;
  /** Update plans that replace these from an epoch on (default: none). */
  readonly stages: readonly Stage[];
  /** Prior distribution of latent codes. */
  readonly prior: Prior;
  /** Divergence between a batch of codes and the prior. */
  readonly divergence: DivergenceName;
  /** Statistic used as σ in the divergence: `std`, or `variance` as in the published code. */
  readonly moment: (typeof MOMENTS)[number];
  /** How the divergences of the latent dimensions are combined. */
  readonly reduction: (typeof REDUCTIONS)[number];
  /** Image reconstruction loss. */
  readonly matchX: DistanceName;
  /** Latent reconstruction loss. */
  readonly matchZ: DistanceName;
  /** BatchNorm running statistics: `shared` (as published), or `separate` per input type (default: separate). */
  readonly batchNormStats: (typeof BATCH_NORM_STATS)[number];
  /** Learning rate of Adam. */
  readonly learningRate: number;
  /** Learning-rate schedule (default: cosine). */
  readonly schedule: (typeof SCHEDULES)[number];
  /** Epochs after which the schedule `halving` halves the learning rate; 0: never. */
  readonly halveEvery: number;
  /** Iterations of linear learning-rate warmup (default: 0). */
  readonly warmupSteps: number;
  /** EMA decay of the weights, reached gradually so that short runs forget their initial weights; 0 disables averaging (default: 0.999). */
  readonly ema: number;
  /** Iterations before averaging begins (default: 0). */
  readonly emaStart: number;
  /** Random seed. */
  readonly seed: number;
  /** Run folder or checkpoint whose weights training starts from. */
  readonly initFrom?: string | undefined;
  /** What happens if a loss or gradient is NaN or infinite (default: stop). */
  readonly onNan: (typeof NAN_POLICIES)[number];
  /** Maximum number of rollbacks (default: 3). */
  readonly maxRollbacks: number;
  /** Iterations between two log entries. */
  readonly logEvery: number;
  /** Iterations between two previews, with earlier ones after 10, 30, 100 and 300; 0: only at the end. */
  readonly sampleEvery: number;
  /** Iterations between two checkpoints; 0: only at the end. */
  readonly checkpointEvery: number;
  /** Number of newest checkpoints to keep; 0: all (default: 0). */
  readonly keepLast: number;
  /** Also keeps older checkpoints at multiples of this number of iterations; 0: none (default: 0). */
  readonly keepEvery: number;
  /** Epochs between two evaluations; 0: none (default: 0). */
  readonly evaluateEvery: number;
  /** Metrics or groups of metrics to evaluate; default: all that the data allows, except memorization. */
  readonly evaluateMetrics?: readonly string[] | undefined;
  /** Number of samples, and at most as many images, per evaluation (default: 10000). */
  readonly evaluateSamples: number;
  /** Metric by which the best checkpoint is kept. */
  readonly saveBest?: string | undefined;
}
