/** What happens in which iteration: update plans by stage, learning rate, EMA decay. */
import { parsePlan, type UpdatePlan } from '../age/plan.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import type { Configuration } from './configuration.js';
import type { Stage } from './settings.js';

type Plans = Readonly<Record<NetworkName, UpdatePlan>>;

/** Consecutive iterations with the same update plans, and what was done before the first of them. */
export interface PlannedStage {
  readonly plans: Plans;
  readonly firstStep: number;
  /** Batches of images seen before. */
  readonly firstBatch: number;
  /** Updates done before. */
  readonly firstUpdates: Readonly<Record<NetworkName, number>>;
}

export interface IterationPosition {
  readonly stage: PlannedStage;
  /** Its first batch of images, counted from 0 through all epochs. */
  readonly batch: number;
  /** Updates done before it. */
  readonly updates: Readonly<Record<NetworkName, number>>;
}

/**
 * The stages of a run: its own update plans, then the replacements of `stages`. A stage begins with the first iteration whose first batch
 * belongs to its epoch.
 */
export class Stages {
  private readonly list: readonly PlannedStage[];

  constructor(
    private readonly configuration: Configuration,
    private readonly batchesPerEpoch: number,
  ) {
    const first: PlannedStage = {
      plans: plansOf(configuration),
      firstStep: 0,
      firstBatch: 0,
      firstUpdates: { encoder: 0, generator: 0 },
    };
    this.list = configuration.stages.reduce<PlannedStage[]>(
      (stages, { epoch, ...changed }) => {
        const before = stages.at(-1)!;
        const step = stepOfBatch(before, epoch * batchesPerEpoch);
        const { batch, updates } = positionIn(before, step);
        const plans = { ...before.plans, ...plansOf(changed) };
        return [...stages, { plans, firstStep: step, firstBatch: batch, firstUpdates: updates }];
      },
      [first],
    );
  }

  /** The iteration after `step` others. */
  at(step: number): IterationPosition {
    return positionIn(
      this.list.findLast(({ firstStep }) => firstStep <= step)!,
      step,
    );
  }

  /** The first iteration of the next stage, if there is one. */
  nextAfter(step: number): number | undefined {
    return this.list.find(({ firstStep }) => firstStep > step)?.firstStep;
  }

  get totalSteps(): number {
    const { length } = this.configuration;
    if ('steps' in length) return length.steps;
    const batches = length.epochs * this.batchesPerEpoch;
    return stepOfBatch(
      this.list.findLast(({ firstBatch }) => firstBatch < batches)!,
      batches,
    );
  }
}

/** A stage does not name the plans that it leaves as they are. */
function plansOf<T extends Pick<Stage, `${NetworkName}Updates`>>(settings: T) {
  const named = NETWORK_NAMES.flatMap((network) => {
    const plan = settings[`${network}Updates`];
    return plan === undefined ? [] : [[network, parsePlan(network, plan)]];
  });
  return Object.fromEntries(named) as T extends Configuration ? Plans : Partial<Plans>;
}

/** Returns the first iteration of a stage whose first batch is not before `batch`. */
const stepOfBatch = ({ plans, firstStep, firstBatch }: PlannedStage, batch: number): number =>
  firstStep + Math.max(0, Math.ceil((batch - firstBatch) / plans.encoder.updates));

function positionIn(stage: PlannedStage, step: number): IterationPosition {
  const done = step - stage.firstStep;
  const updates = Object.fromEntries(
    NETWORK_NAMES.map((network) => [network, stage.firstUpdates[network] + done * stage.plans[network].updates]),
  );
  return {
    stage,
    batch: stage.firstBatch + done * stage.plans.encoder.updates,
    updates: updates as Record<NetworkName, number>,
  };
}

export interface Progress {
  /** Iterations done. */
  readonly step: number;
  readonly totalSteps: number;
  /** Epoch of the iteration's first batch, counted from 0. */
  readonly epoch: number;
}

/**
 * `halving` halves the learning rate before each epoch k with k mod halveEvery = halveEvery - 1. During the first `warmupSteps` iterations, the
 * rate also rises linearly from 1/warmupSteps of its value.
 */
export function learningRateAt(
  progress: Progress,
  settings: Pick<Configuration, 'learningRate' | 'schedule' | 'halveEvery' | 'warmupSteps'>,
): number {
  const { learningRate, warmupSteps } = settings;
  return (
    learningRate *
    scheduledFraction(progress, settings) *
    Math.min(1, warmupSteps === 0 ? 1 : (progress.step + 1) / warmupSteps)
  );
}

function scheduledFraction(
  { step, totalSteps, epoch }: Progress,
  { schedule, halveEvery }: Pick<Configuration, 'schedule' | 'halveEvery'>,
): number {
  if (schedule === 'cosine') return (1 + Math.cos((Math.PI * step) / totalSteps)) / 2;
  return schedule === 'halving' && halveEvery > 0 ? 0.5 ** Math.floor((epoch + 1) / halveEvery) : 1;
}

/**
 * Returns 0 for `emaStart` iterations, so that the EMA equals the weights. In the n iterations since, the decay rises as (1 + n) / (10 + n), so
 * that the first weights are soon forgotten, to at most `ema`.
 */
export function emaDecayAt(step: number, { ema, emaStart }: Pick<Configuration, 'ema' | 'emaStart'>): number {
  const since = step - emaStart;
  return since < 0 ? 0 : Math.min(ema, (1 + since) / (10 + since));
}

/** Iterations after which a run shows that it works, before the first regular preview. */
const EARLY_PREVIEWS: readonly number[] = [10, 30, 100, 300];

/** Previews are due every `sampleEvery` iterations, and at some earlier ones. */
export const isPreviewDue = (step: number, { sampleEvery }: Pick<Configuration, 'sampleEvery'>): boolean =>
  sampleEvery > 0 && (step % sampleEvery === 0 || (step < sampleEvery && EARLY_PREVIEWS.includes(step)));
