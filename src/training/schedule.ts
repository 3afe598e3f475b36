import { parsePlan, type UpdatePlan } from '../age/plan.js';
import { EpochSampler } from '../data/batches.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import type { Configuration, Stage } from './settings.js';

type Plans = Record<NetworkName, UpdatePlan>;

/** Iterations with the same update plans. */
export interface PlannedStage {
  plans: Plans;
  firstStep: number;
  firstUpdates: Record<NetworkName, number>;
}

export interface IterationPosition {
  stage: PlannedStage;
  /** The first one, counted through all epochs. */
  batch: number;
  /** Before the iteration. */
  updates: Record<NetworkName, number>;
}

/** A stage begins with the first iteration whose first batch belongs to its epoch. */
export class Stages {
  private readonly list: readonly PlannedStage[];

  constructor(
    private readonly configuration: Configuration,
    private readonly batchesPerEpoch: number,
  ) {
    const plans = plansOf(configuration) as Plans;
    const list: PlannedStage[] = [{ plans, firstStep: 0, firstUpdates: { encoder: 0, generator: 0 } }];
    for (const { epoch, ...changed } of configuration.stages) {
      const before = list.at(-1)!;
      const firstStep = stepOfBatch(before, epoch * batchesPerEpoch);
      const firstUpdates = positionIn(before, firstStep).updates;
      list.push({ plans: { ...before.plans, ...plansOf(changed) }, firstStep, firstUpdates });
    }
    this.list = list;
  }

  /** The iteration after `step` others. */
  at(step: number): IterationPosition {
    const stage = this.list.findLast(({ firstStep }) => firstStep <= step)!;
    return positionIn(stage, step);
  }

  nextAfter(step: number): number | undefined {
    return this.list.find(({ firstStep }) => firstStep > step)?.firstStep;
  }

  get totalSteps(): number {
    const { length } = this.configuration;
    if ('steps' in length) return length.steps;
    const batches = length.epochs * this.batchesPerEpoch;
    const stage = this.list.findLast(({ firstUpdates }) => firstUpdates.encoder < batches)!;
    return stepOfBatch(stage, batches);
  }
}

export const stagesFor = (configuration: Configuration, images: number): Stages =>
  new Stages(configuration, new EpochSampler(images, configuration.batch, configuration.seed).batchesPerEpoch);

function plansOf(settings: Pick<Stage, `${NetworkName}Updates`>): Partial<Plans> {
  const named = NETWORK_NAMES.flatMap((network) => {
    const plan = settings[`${network}Updates`];
    return plan === undefined ? [] : [[network, parsePlan(network, plan)]];
  });
  return Object.fromEntries(named) as Partial<Plans>;
}

/** The first iteration whose first batch is not before `batch`. */
const stepOfBatch = ({ plans, firstStep, firstUpdates }: PlannedStage, batch: number) =>
  firstStep + Math.max(0, Math.ceil((batch - firstUpdates.encoder) / plans.encoder.updates));

function positionIn(stage: PlannedStage, step: number): IterationPosition {
  const { plans, firstStep, firstUpdates } = stage;
  const updatesOf = (network: NetworkName) => firstUpdates[network] + (step - firstStep) * plans[network].updates;
  const updates = { encoder: updatesOf('encoder'), generator: updatesOf('generator') };
  // Each update of the encoder takes one batch.
  return { stage, batch: updates.encoder, updates };
}

/**
 * `halving` halves the rate before each epoch k with k mod halveEvery = halveEvery - 1. During `warmupSteps`
 * iterations, the rate also rises linearly from 1/warmupSteps of its value.
 */
export function learningRateAt(
  progress: Record<'step' | 'totalSteps' | 'epoch', number>,
  settings: Pick<Configuration, 'learningRate' | 'schedule' | 'halveEvery' | 'warmupSteps'>,
): number {
  const { step, totalSteps, epoch } = progress;
  const { learningRate, schedule, halveEvery, warmupSteps } = settings;
  const warmup = warmupSteps === 0 ? 1 : Math.min(1, (step + 1) / warmupSteps);
  if (schedule === 'cosine') return learningRate * ((1 + Math.cos((Math.PI * step) / totalSteps)) / 2) * warmup;
  const isHalved = schedule === 'halving' && halveEvery > 0;
  return learningRate * (isHalved ? 0.5 ** Math.floor((epoch + 1) / halveEvery) : 1) * warmup;
}

/**
 * Returns 0 for `emaStart` iterations: the EMA equals the weights. After n more, the decay is (1 + n) / (10 + n), so
 * that the first weights are soon forgotten, but at most `ema`.
 */
export function emaDecayAt(step: number, { ema, emaStart }: Pick<Configuration, 'ema' | 'emaStart'>): number {
  const since = step - emaStart;
  return since < 0 ? 0 : Math.min(ema, (1 + since) / (10 + since));
}

/** They show early that a run works. */
const EARLY_PREVIEWS: readonly number[] = [10, 30, 100, 300];

export const isPreviewDue = (step: number, { sampleEvery }: Pick<Configuration, 'sampleEvery'>): boolean =>
  sampleEvery > 0 && (step % sampleEvery === 0 || (step < sampleEvery && EARLY_PREVIEWS.includes(step)));
