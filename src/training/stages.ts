import { parsePlan, type UpdatePlan } from '../age/plan.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import type { Configuration } from './configuration.js';

type Plans = Readonly<Record<NetworkName, UpdatePlan>>;

/** Iterations by the same plans, and what was done before the first of them. */
export interface Stage {
  readonly plans: Plans;
  readonly firstStep: number;
  /** Batches of images seen before. */
  readonly firstBatch: number;
  /** Updates of each network done before. */
  readonly firstUpdates: Readonly<Record<NetworkName, number>>;
}

/** Where an iteration stands. */
export interface IterationPosition {
  readonly stage: Stage;
  /** The number of its first batch of images, counted from 0 through all epochs. */
  readonly batch: number;
  /** Updates of each network done before it. */
  readonly updates: Readonly<Record<NetworkName, number>>;
}

/**
 * The plans of a training, one after another: the configuration's own, then those that `stages` puts in their place from an epoch on.
 * A stage begins with the first iteration whose first batch is of that epoch.
 */
export class Stages {
  private readonly list: readonly Stage[];

  constructor(
    private readonly configuration: Configuration,
    private readonly batchesPerEpoch: number,
  ) {
    const first: Stage = { plans: plansOf(configuration), firstStep: 0, firstBatch: 0, firstUpdates: { encoder: 0, generator: 0 } };
    this.list = configuration.stages.reduce<Stage[]>(
      (stages, { epoch, ...changed }) => {
        const before = stages.at(-1)!;
        const step = stepOfBatch(before, epoch * batchesPerEpoch);
        const { batch, updates } = positionIn(before, step);
        // What a stage does not name stays as it was.
        const texts = Object.assign({}, configuration, ...configuration.stages.slice(0, stages.length - 1), changed) as Configuration;
        return [...stages, { plans: plansOf(texts), firstStep: step, firstBatch: batch, firstUpdates: updates }];
      },
      [first],
    );
  }

  /** Where the iteration after `step` done ones stands. */
  at(step: number): IterationPosition {
    return positionIn(
      this.list.findLast(({ firstStep }) => firstStep <= step)!,
      step,
    );
  }

  /** Iterations after which the configured length is reached. */
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

const plansOf = ({ encoderUpdates, generatorUpdates }: Pick<Configuration, 'encoderUpdates' | 'generatorUpdates'>): Plans => ({
  encoder: parsePlan('encoder', encoderUpdates),
  generator: parsePlan('generator', generatorUpdates),
});

/** The first iteration of a stage whose first batch is not before `batch`. */
const stepOfBatch = ({ plans, firstStep, firstBatch }: Stage, batch: number): number =>
  firstStep + Math.max(0, Math.ceil((batch - firstBatch) / plans.encoder.updates));

function positionIn(stage: Stage, step: number): IterationPosition {
  const done = step - stage.firstStep;
  const updates = Object.fromEntries(NETWORK_NAMES.map((network) => [network, stage.firstUpdates[network] + done * stage.plans[network].updates]));
  return { stage, batch: stage.firstBatch + done * stage.plans.encoder.updates, updates: updates as Record<NetworkName, number> };
}
