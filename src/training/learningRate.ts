/** How the learning rate goes: halved every `dropLr` epochs (the published code), as it is, or down to 0 along half a cosine. */
export const SCHEDULES = ['halving', 'constant', 'cosine'] as const;

/** How the learning rate is to go, as the configuration has it. */
export interface RateSettings {
  readonly learningRate: number;
  readonly schedule: (typeof SCHEDULES)[number];
  /** Epochs. */
  readonly dropLr: number;
  /** Iterations. */
  readonly warmUp: number;
}

/** How weights are averaged, as the configuration has it. */
export interface AverageSettings {
  /** The largest share of the averages that stays in an iteration. */
  readonly ema: number;
  /** Iterations before averaging begins. */
  readonly emaStart: number;
}

/** Where an iteration stands in its training. */
export interface Progress {
  /** Iterations done before. */
  readonly step: number;
  readonly lastStep: number;
  /** The epoch of its first batch, counted from 0. */
  readonly epoch: number;
}

/**
 * The learning rate of an iteration. `halving`: before each epoch k with k mod dropLr = dropLr - 1; 0: never. Over the first `warmUp`
 * iterations it also rises in equal steps from 1/warmUp of that to the whole.
 */
export function learningRateAt(progress: Progress, settings: RateSettings): number {
  const { learningRate, warmUp } = settings;
  return learningRate * shareOf(progress, settings) * Math.min(1, warmUp === 0 ? 1 : (progress.step + 1) / warmUp);
}

function shareOf({ step, lastStep, epoch }: Progress, { schedule, dropLr }: RateSettings): number {
  if (schedule === 'cosine') return (1 + Math.cos((Math.PI * step) / lastStep)) / 2;
  return schedule === 'halving' && dropLr > 0 ? 0.5 ** Math.floor((epoch + 1) / dropLr) : 1;
}

/**
 * The share of the averaged weights that stays in an iteration: 0 up to `emaStart` iterations, when averages are the weights themselves,
 * then rising as (1 + n) / (10 + n) in the n iterations since, so that the first weights are soon forgotten, to at most `ema`.
 */
export function averageDecayAt(step: number, { ema, emaStart }: AverageSettings): number {
  const since = step - emaStart;
  return since < 0 ? 0 : Math.min(ema, (1 + since) / (10 + since));
}
