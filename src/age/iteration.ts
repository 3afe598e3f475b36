import {
  add,
  cast,
  concat,
  type FlatLayout,
  type Graph,
  graphOf,
  input,
  type InputValue,
  mul,
  nextName,
  reshape,
  slice,
  sub,
  type Value,
} from '../engine/index.js';
import { NETWORK_NAMES, type NetworkName, type NetworkPair, type WeightName } from '../networks/network.js';
import { augment, type AugmentationName, parameterCount } from './augmentation.js';
import { distortBy, DISTORTION_SIZE } from './distortion.js';
import type { Objective, UpdateBatch } from './losses.js';
import { activeTerms, codeBatches, reconstructs, type UpdateOrder, type UpdatePlan } from './plan.js';
import { moveTowards, type Prior } from './prior.js';
import { decodedCodes, STATE_NAMES, type StateName, type TrainingState, update } from './update.js';

export interface IterationSpec {
  pair: NetworkPair;
  objective: Objective;
  plans: Record<NetworkName, UpdatePlan>;
  /** Simultaneous: one update per network (default: alternating). */
  order?: UpdateOrder;
  batch: number;
  /** Whether it keeps exponential moving averages (EMA) of the weights. */
  hasEma?: boolean;
  /** Whether weights of active terms are inputs, which may change without a new compilation. */
  hasWeightInputs?: boolean;
  /** Bytes, or floats in [-1, 1] (default: uint8). */
  imageType?: 'uint8' | 'float32';
  /** Whether codes are moved before images are reconstructed from them. */
  hasCodeNoise?: boolean;
  /** Applied in this order to the images that `KL_real`, `KL_fake` and `uniform` encode. */
  augmentations?: readonly AugmentationName[];
}

/** The axis of inputs along which images are counted. */
const BATCH_AXES = { images: 1, codes: 1, conditions: 1, displacements: 1, distortions: 1, augmentation: 2 };

export type AverageName = `${NetworkName}.ema_${'parameters' | 'statistics'}`;
export const EMA_NAMES = NETWORK_NAMES.flatMap((network): AverageName[] => [
  `${network}.ema_parameters`,
  `${network}.ema_statistics`,
]);

/** The vector that an EMA averages. */
export const averagedBy = (name: AverageName) => name.replace('ema_', '') as WeightName;

export function stateLayout(pair: NetworkPair, name: StateName | AverageName): FlatLayout {
  const network = pair[name.startsWith('encoder.') ? 'encoder' : 'generator'];
  return name.endsWith('statistics') ? network.statistics : network.parameters;
}

export const stateSize = (pair: NetworkPair, name: StateName | AverageName): number => stateLayout(pair, name).size;

/**
 * Inputs of the graph, float32 except for images:
 * - the state vectors;
 * - `images` `[encoder updates, batch, C, H, W]`, and `codes` `[codeBatches, batch, M]` of the prior;
 * - of conditional networks, `conditions` `[encoder updates, batch, K]` or `[encoder updates, batch, C, H, W]` of the images;
 * - `encoder.schedule` and `generator.schedule` `[updates, 2]`, a row of `adamScalars` per update;
 * - with code noise, `displacements` `[codeBatches, batch, 1]`, how far codes are moved towards `codes`;
 * - with augmentations, `augmentation` `[codeBatches, 2, batch, parameters]` of images and generated images;
 * - with the term `align`, `distortions` `[encoder updates, batch, 6]`;
 * - with weights as inputs, `encoder.weights` and `generator.weights` `[active terms]` in the order of the plan;
 * - with EMA, `ema_decay` `[1]` and the EMA vectors.
 *
 * Outputs are `next/NAME` for each state and EMA vector, and `report`, whose elements have the names `reportNames`.
 */
export interface Iteration {
  graph: Graph;
  /** Means over the network's updates, such as `encoder.loss` and `generator.grad_norm`. */
  reportNames: readonly string[];
}

/**
 * Composes encoder updates, each on its own images, and then generator updates. Each update has its own codes, but
 * simultaneous updates share codes and state, and thereby most of their passes. In alternating order, the first update
 * of the generator shares the reconstruction of the last update of the encoder, and later ones have no `match_x`.
 */
export function iterationOf(spec: IterationSpec): Iteration {
  const { pair, objective, plans, order, augmentations = [] } = spec;
  const values = inputsOf(spec);
  const { before, averages, decay, schedules } = values;
  const batches = batchesOf(values, augmentations, objective.prior);
  const isShared = order === 'simultaneous';
  let state: TrainingState = before;
  let decoded: Value | undefined;
  const report = new Map<string, Value[]>();
  for (const [number, { network, plan, schedule }] of updatesOf(plans, schedules).entries()) {
    const terms = [...activeTerms(plans[network])];
    const fed = values.weights[network];
    const weights = fed && Object.fromEntries(unstack(fed).map((weight, index) => [terms[index]!, weight]));
    const [stepSize, denominatorScale] = unstack(schedule) as [Value, Value];
    const [from, own] = isShared ? [before, batches[0]!] : [state, batches[number]!];
    const batch = network === 'generator' ? { ...own, decoded } : own;
    const result = update(pair, objective, { network, plan, weights }, from, batch, { stepSize, denominatorScale });
    if (network === 'encoder' && !isShared) decoded = decodedCodes(result.passes, batch);
    state = isShared ? { ...state, ...partsOf(network, result.state) } : result.state;
    for (const [name, value] of Object.entries(result.report))
      report.set(`${network}.${name}`, [...(report.get(`${network}.${name}`) ?? []), value]);
  }
  // w - decay (w - average) is exactly w if the decay is 0.
  const averageOf = (weights: Value, average: Value) => sub(weights, mul(sub(weights, average), decay));
  const nextAverages = Object.entries(averages).map(([name, average]): [string, Value] => [
    name,
    averageOf(state[averagedBy(name as AverageName)], average),
  ]);
  const outputs: Record<string, Value> = {};
  for (const [name, value] of [...Object.entries(state), ...nextAverages]) outputs[nextName(name)] = value;
  outputs.report = concat([...report.values()].map(meanOfScalars), 0);
  const inputs = [
    ...Object.values(before),
    values.images,
    values.codes,
    values.conditions,
    values.displacements,
    schedules.encoder,
    schedules.generator,
    values.augmentation,
    values.distortions,
    values.weights.encoder,
    values.weights.generator,
    ...Object.values(averages),
    spec.hasEma ? decay : undefined,
  ].filter((value) => value !== undefined);
  return { graph: { ...graphOf(outputs, inputs), batchAxes: BATCH_AXES }, reportNames: [...report.keys()] };
}

function inputsOf({ pair, plans, batch, augmentations = [], ...options }: IterationSpec) {
  const { hasEma = false, hasWeightInputs = false, imageType = 'uint8' } = options;
  const { encoder } = plans;
  const drawn = codeBatches(plans, options.order ?? 'alternating');
  const { condition } = pair.encoder;
  const vectorsOf = <N extends StateName | AverageName>(names: readonly N[]) =>
    Object.fromEntries(names.map((name) => [name, input(name, [stateSize(pair, name)])])) as Record<N, InputValue>;
  return {
    before: vectorsOf(STATE_NAMES),
    averages: vectorsOf(hasEma ? EMA_NAMES : []),
    decay: input('ema_decay', [1]),
    images: input('images', [encoder.updates, batch, ...pair.encoder.inputShape], imageType),
    codes: input('codes', [drawn, batch, pair.generator.inputShape[0]!]),
    conditions: condition && input('conditions', [encoder.updates, batch, ...condition.shape]),
    displacements: options.hasCodeNoise && reconstructs(plans) ? input('displacements', [drawn, batch, 1]) : undefined,
    schedules: byNetwork((network) => input(`${network}.schedule`, [plans[network].updates, 2])),
    distortions: activeTerms(encoder).has('align')
      ? input('distortions', [encoder.updates, batch, DISTORTION_SIZE])
      : undefined,
    augmentation:
      augmentations.length > 0 ? input('augmentation', [drawn, 2, batch, parameterCount(augmentations)]) : undefined,
    weights: byNetwork((network) =>
      hasWeightInputs ? input(`${network}.weights`, [activeTerms(plans[network]).size]) : undefined,
    ),
  };
}

/** Later updates of the generator reconstruct nothing. */
const updatesOf = (plans: IterationSpec['plans'], schedules: Record<NetworkName, Value>) =>
  NETWORK_NAMES.flatMap((network) =>
    unstack(schedules[network]).map((schedule, index) => {
      const isLater = network === 'generator' && index > 0;
      const weights = { ...plans[network].weights, ...(isLater && { match_x: 0 }) };
      return { network, schedule, plan: { ...plans[network], weights } };
    }),
  );

const partsOf = (network: NetworkName, state: TrainingState): Partial<TrainingState> =>
  Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith(network)));

const byNetwork = <T>(of: (network: NetworkName) => T) => ({
  encoder: of('encoder'),
  generator: of('generator'),
});

/** Returns the batch of each update. Generator updates take the images of the last encoder update. */
function batchesOf(
  inputs: ReturnType<typeof inputsOf>,
  augmentations: readonly AugmentationName[],
  prior: Prior,
): UpdateBatch[] {
  const images = unstack(inputs.images).map((x) => (x.type === 'uint8' ? fromPixels(x) : x));
  const conditions = unstack(inputs.conditions);
  const augments = unstack(inputs.augmentation).map((parameters) => augmentBoth(augmentations, parameters));
  const displacements = unstack(inputs.displacements);
  const distorts = unstack(inputs.distortions).map(distortBy);
  return unstack(inputs.codes).map((z, index) => ({
    x: images[Math.min(index, images.length - 1)]!,
    y: conditions[Math.min(index, images.length - 1)],
    z,
    move: displacements[index] && ((codes) => moveTowards(codes, z, displacements[index]!, prior)),
    augment: augments[index],
    distort: distorts[index],
  }));
}

/** @param parameters `[2, batch, parameters]`, of images and then of generated images */
function augmentBoth(names: readonly AugmentationName[], parameters: Value): UpdateBatch['augment'] {
  const [native, generated] = unstack(parameters).map((own) => (x: Value) => augment(x, names, own));
  return { native: native!, generated: generated! };
}

/** Slices along the first axis; of undefined, []. */
export const unstack = (x: Value | undefined): Value[] =>
  x === undefined
    ? []
    : Array.from({ length: x.shape[0]! }, (_, index) => reshape(slice(x, 0, index, index + 1), x.shape.slice(1)));

const meanOfScalars = (values: readonly Value[]) => reshape(mul(values.reduce(add), 1 / values.length), [1]);

/** Converts bytes to pixels in [-1, 1]. */
export const fromPixels = (bytes: Value): Value => sub(mul(cast(bytes, 'float32'), 2 / 255), 1);
