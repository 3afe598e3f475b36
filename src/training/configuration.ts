import type { DistanceName } from '../age/objective.js';
import type { DivergenceOptions } from '../age/objective.js';
import type { IterationSpec } from '../age/iteration.js';
import { parsePlan } from '../age/plan.js';
import type { Prior } from '../age/prior.js';
import type { Crop } from '../images/preprocessing.js';
import type { Padding } from '../images/preprocessing.js';
import { type ArchitectureName, ARCHITECTURES } from '../networks/architecture.js';
import { InputError } from '../errors.js';
import { shown } from '../validation.js';
import type { BATCH_NORM_STATS, NAN_POLICIES, SCHEDULES } from './defaults.js';

/** Update plans from an epoch on. */
export interface StageSettings {
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
  /** Fraction of the images held out for testing, if the data has no test split (default: 0.1). */
  readonly testFraction: number;
  /** Network architecture; default: the one for the image size. */
  readonly network: ArchitectureName;
  /** Base channel count; layers use multiples of it. */
  readonly width: number;
  /** Latent dimensions. */
  readonly latent: number;
  /** Images per batch. */
  readonly batch: number;
  /** Length of training: passes over the data, or iterations. */
  readonly length: { readonly epochs: number } | { readonly steps: number };
  /** Update plan of the encoder: number of updates per iteration, and loss weights, such as `1;KL_fake:1,KL_real:1,match_x:10`. */
  readonly encoderUpdates: string;
  /** Update plan of the generator. */
  readonly generatorUpdates: string;
  /** Update plans that replace these from an epoch on (default: none). */
  readonly stages: readonly StageSettings[];
  /** Prior distribution of latent codes. */
  readonly prior: Prior;
  /** Divergence between a batch of codes and the prior. */
  readonly divergence: DivergenceOptions['divergence'];
  /** Statistic used as σ in the divergence: `std`, or `variance` as in the published code. */
  readonly moment: DivergenceOptions['moment'];
  /** How the divergences of the latent dimensions are combined. */
  readonly reduction: DivergenceOptions['reduction'];
  /** Image reconstruction loss. */
  readonly matchX: DistanceName;
  /** Latent reconstruction loss. */
  readonly matchZ: DistanceName;
  /** BatchNorm running statistics (default: shared). */
  readonly batchNormStats: (typeof BATCH_NORM_STATS)[number];
  /** Learning rate of Adam. */
  readonly learningRate: number;
  /** Learning-rate schedule (default: halving). */
  readonly schedule: (typeof SCHEDULES)[number];
  /** Epochs after which the schedule `halving` halves the learning rate; 0: never. */
  readonly halveEvery: number;
  /** Iterations of linear learning-rate warmup (default: 0). */
  readonly warmupSteps: number;
  /** EMA decay of the weights; 0 disables averaging (default: 0). */
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
  /** Iterations between two previews; 0: only at the end. */
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

/** Settings that decide how far a run goes and what it reports and keeps, not what it computes. */
const MUTABLE_ON_RESUME: readonly string[] = [
  ...['length', 'logEvery', 'sampleEvery', 'checkpointEvery', 'keepLast', 'keepEvery', 'onNan', 'maxRollbacks'],
  ...['evaluateEvery', 'evaluateMetrics', 'evaluateSamples', 'saveBest'],
];

/** Whether a run of this configuration may be resumed with a different value of a setting. */
export const isChangeable = (key: string, { schedule }: Configuration): boolean =>
  MUTABLE_ON_RESUME.includes(key) && !(key === 'length' && schedule === 'cosine');

/**
 * Requires that a checkpoint was computed with a configuration.
 * @throws {InputError} if a setting differs that a resumed run may not change
 */
export function requireSameTraining(
  configuration: Configuration,
  { configuration: earlier, file }: { readonly configuration: Configuration; readonly file: string },
): void {
  for (const key of Object.keys({ ...configuration, ...earlier }) as (keyof Configuration)[]) {
    // The data may have moved.
    if (key === 'data' || isChangeable(key, earlier) || JSON.stringify(configuration[key]) === JSON.stringify(earlier[key])) continue;
    throw new InputError(
      `${key}: ${shown(configuration[key])} contradicts ${file}, which was trained with ${shown(earlier[key])}; restore it in config.json, or start a new run`,
    );
  }
}

/** Returns the networks, objective and update plans of a configuration, without its later stages. */
export function iterationSpec(configuration: Configuration): IterationSpec {
  const { network, channels, latent, width, batch, encoderUpdates, generatorUpdates, ema, batchNormStats } = configuration;
  const { prior, divergence, moment, reduction, matchX, matchZ } = configuration;
  return {
    pair: ARCHITECTURES[network].build({ channels, latentSize: latent, width, separateStatistics: batchNormStats === 'separate' }),
    objective: { prior, divergence, moment, reduction, matchX, matchZ },
    plans: { encoder: parsePlan('encoder', encoderUpdates), generator: parsePlan('generator', generatorUpdates) },
    batch,
    hasEma: ema > 0,
  };
}
