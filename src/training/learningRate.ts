/** How the learning rate goes: halved every `halveEvery` epochs (the published code), as it is, or down to 0 along half a cosine. */
export const SCHEDULES = ['halving', 'constant', 'cosine'] as const;

/** How the learning rate is to go, as the configuration has it. */
export interface RateSettings {
  readonly learningRate: number;
  readonly schedule: (typeof SCHEDULES)[number];
  /** Epochs. */
  readonly halveEvery: number;
  /** Iterations. */
  readonly warmupSteps: number;
}

/** How weights are averaged, as the configuration has it. */
export interface EmaSettings {
  /** The largest share of the averages that stays in an iteration. */
  readonly ema: number;
  /** Iterations before averaging begins. */
  readonly emaStart: number;
}

/** Where an iteration stands in its training. */
export interface Progress {
  /** Iterations done before. */
  readonly step: number;
  readonly totalSteps: number;
  /** The epoch of its first batch, counted from 0. */
  readonly epoch: number;
}

/**
 * The learning rate of an iteration. `halving`: before each epoch k with k mod halveEvery = halveEvery - 1; 0: never. Over the first `warmupSteps`
 * iterations it also rises in equal steps from 1/warmupSteps of that to the whole.
 */
export function learningRateAt(progress: Progress, settings: RateSettings): number {
  const { learningRate, warmupSteps } = settings;
  return learningRate * shareOf(progress, settings) * Math.min(1, warmupSteps === 0 ? 1 : (progress.step + 1) / warmupSteps);
}

function shareOf({ step, totalSteps, epoch }: Progress, { schedule, halveEvery }: RateSettings): number {
  if (schedule === 'cosine') return (1 + Math.cos((Math.PI * step) / totalSteps)) / 2;
  return schedule === 'halving' && halveEvery > 0 ? 0.5 ** Math.floor((epoch + 1) / halveEvery) : 1;
}

/**
 * The share of the averaged weights that stays in an iteration: 0 up to `emaStart` iterations, when averages are the weights themselves,
 * then rising as (1 + n) / (10 + n) in the n iterations since, so that the first weights are soon forgotten, to at most `ema`.
 */
export function emaDecayAt(step: number, { ema, emaStart }: EmaSettings): number {
  const since = step - emaStart;
  return since < 0 ? 0 : Math.min(ema, (1 + since) / (10 + since));
}
