import { add, cast, concat, type Graph, graphOf, input, type InputValue, mul, nextName, reshape, type Shape, slice, sub, type Value } from '../engine/index.js';
import { NETWORK_NAMES, type NetworkName, type NetworkPair } from '../networks/network.js';
import type { Objective, UpdateBatch } from './losses.js';
import type { UpdatePlan } from './plan.js';
import { type TrainingState, update, type AdamScalars } from './update.js';

/** What a training iteration is made of. */
export interface IterationSpec {
  readonly pair: NetworkPair;
  readonly objective: Objective;
  readonly plans: Readonly<Record<NetworkName, UpdatePlan>>;
  readonly batch: number;
  /** Whether averages of the weights are kept beside them. */
  readonly hasEma?: boolean;
}

/** The packed vectors of one network that training changes, under the names that they have as inputs of the iteration. */
const STATE_PARTS = ['parameters', 'statistics', 'adam_m', 'adam_v'] as const;
/** Exponential moving averages of the first two. */
const AVERAGE_PARTS = ['ema_parameters', 'ema_statistics'] as const;
type StatePart = (typeof STATE_PARTS)[number];
type AveragePart = (typeof AVERAGE_PARTS)[number];
export type StateName = `${NetworkName}.${StatePart}`;
export type AverageName = `${NetworkName}.${AveragePart}`;
export const STATE_NAMES = NETWORK_NAMES.flatMap((network) => STATE_PARTS.map((part): StateName => `${network}.${part}`));
export const EMA_NAMES = NETWORK_NAMES.flatMap((network) => AVERAGE_PARTS.map((part): AverageName => `${network}.${part}`));

/** The length of each state vector. */
export const stateSize = (pair: NetworkPair, name: StateName | AverageName): number => {
  const [network, part] = name.split('.') as [NetworkName, StatePart | AveragePart];
  return part.endsWith('statistics') ? pair[network].statistics.size : pair[network].parameters.size;
};

/**
 * A whole iteration as one graph. Inputs: the state vectors; `images` uint8 [encoder updates, batch, C, H, W]; `codes` float32
 * [all updates, batch, M], the prior's draws; `encoder.schedule` and `generator.schedule` float32 [updates, 2], a row of
 * `adamSchedule` an update; if averaged, `ema_decay` float32 [1], the share of the averages that stays, and the averages. Outputs:
 * `next/NAME` for each state vector and average, and `report`, whose elements `reportNames` names.
 */
export interface Iteration {
  readonly graph: Graph;
  /** `encoder.loss`, `encoder.KL_real`, `generator.grad_norm`, ...: means over the network's updates. */
  readonly reportNames: readonly string[];
}

/** Composes the plans' updates: the encoder's, each on images of its own, then the generator's, all on fresh codes. */
export function iterationOf(spec: IterationSpec): Iteration {
  const { pair, objective, plans } = spec;
  const { state: initial, inputs, images, codes, schedules, averages } = declareInputs(spec);
  let state = initial;
  const report = new Map<string, Value[]>();

  for (const network of NETWORK_NAMES) {
    for (let number = 0; number < plans[network].updates; number++) {
      const batch: UpdateBatch = {
        // A generator update that reconstructs images takes those of the last encoder update.
        x: images[network === 'encoder' ? number : images.length - 1]!,
        z: codes[network === 'encoder' ? number : plans.encoder.updates + number]!,
      };
      const result = update(pair, objective, { network, plan: plans[network] }, state, batch, schedules[network][number]!);
      state = result.state;
      for (const [name, value] of Object.entries(result.report)) {
        const key = `${network}.${name}`;
        report.set(key, [...(report.get(key) ?? []), value]);
      }
    }
  }
  const next = { ...nextState(state), ...(averages ? nextAverages(averages, state) : {}) };
  const means = [...report.values()].map((values) =>
    reshape(
      mul(
        values.reduce((total, value) => add(total, value)),
        1 / values.length,
      ),
      [1],
    ),
  );
  return { graph: graphOf({ ...next, report: concat(means, 0) }, inputs), reportNames: [...report.keys()] };
}

interface DeclaredInputs {
  readonly inputs: readonly InputValue[];
  readonly state: TrainingState;
  /** Images in [-1, 1], a batch for each encoder update. */
  readonly images: readonly Value[];
  readonly codes: readonly Value[];
  readonly schedules: Readonly<Record<NetworkName, readonly AdamScalars[]>>;
  readonly averages: Averages | undefined;
}

/** Averages of the weights before the iteration, and how much of them stays. */
interface Averages {
  readonly vectors: Readonly<Record<AverageName, InputValue>>;
  readonly decay: InputValue;
}

function declareInputs({ pair, plans, batch, hasEma }: IterationSpec): DeclaredInputs {
  const vectorsOf = <N extends StateName | AverageName>(names: readonly N[]) =>
    Object.fromEntries(names.map((name) => [name, input(name, [stateSize(pair, name)])])) as Record<N, InputValue>;
  const state = vectorsOf(STATE_NAMES);
  const averages = hasEma ? { vectors: vectorsOf(EMA_NAMES), decay: input('ema_decay', [1]) } : undefined;
  const { encoder, generator } = plans;
  const images = input('images', [encoder.updates, batch, ...pair.encoder.inputShape], 'uint8');
  const codes = input('codes', [encoder.updates + generator.updates, batch, pair.generator.inputShape[0]!]);
  const schedules = { encoder: input('encoder.schedule', [encoder.updates, 2]), generator: input('generator.schedule', [generator.updates, 2]) };
  return {
    inputs: [
      ...Object.values(state),
      images,
      codes,
      schedules.encoder,
      schedules.generator,
      ...(averages ? [...Object.values(averages.vectors), averages.decay] : []),
    ],
    state: symbolicState(state),
    images: unstack(images).map(fromPixels),
    codes: unstack(codes),
    schedules: { encoder: unstack(schedules.encoder).map(scheduleOf), generator: unstack(schedules.generator).map(scheduleOf) },
    averages,
  };
}

const symbolicState = (vectors: Readonly<Record<StateName, Value>>): TrainingState => ({
  encoder: { parameters: vectors['encoder.parameters'], statistics: vectors['encoder.statistics'] },
  generator: { parameters: vectors['generator.parameters'], statistics: vectors['generator.statistics'] },
  moments: {
    encoder: { m: vectors['encoder.adam_m'], v: vectors['encoder.adam_v'] },
    generator: { m: vectors['generator.adam_m'], v: vectors['generator.adam_v'] },
  },
});

function nextState({ encoder, generator, moments }: TrainingState): Record<string, Value> {
  const vectors: Record<StateName, Value> = {
    'encoder.parameters': encoder.parameters,
    'encoder.statistics': encoder.statistics,
    'encoder.adam_m': moments.encoder.m,
    'encoder.adam_v': moments.encoder.v,
    'generator.parameters': generator.parameters,
    'generator.statistics': generator.statistics,
    'generator.adam_m': moments.generator.m,
    'generator.adam_v': moments.generator.v,
  };
  return Object.fromEntries(Object.entries(vectors).map(([name, value]) => [nextName(name), value]));
}

/** w - decay (w - average): the weights themselves, to the bit, where the decay is 0. */
function nextAverages({ vectors, decay }: Averages, state: TrainingState): Record<string, Value> {
  const entries = NETWORK_NAMES.flatMap((network) =>
    (['parameters', 'statistics'] as const).map((part): [string, Value] => {
      const [weights, name] = [state[network][part], `${network}.ema_${part}` as const];
      return [nextName(name), sub(weights, mul(sub(weights, vectors[name]), decay))];
    }),
  );
  return Object.fromEntries(entries);
}

/** The slices of a tensor along its first axis, without that axis. */
function unstack(x: Value): Value[] {
  const rest: Shape = x.shape.slice(1);
  return Array.from({ length: x.shape[0]! }, (_, index) => reshape(slice(x, 0, index, index + 1), rest));
}

const scheduleOf = (row: Value): AdamScalars => ({ stepSize: reshape(slice(row, 0, 0, 1), []), denominatorScale: reshape(slice(row, 0, 1, 2), []) });

/** Bytes to [-1, 1]. */
export const fromPixels = (bytes: Value): Value => sub(mul(cast(bytes, 'float32'), 2 / 255), 1);
