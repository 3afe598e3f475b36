/** A whole training iteration as one ONNX file, for programs that run ONNX: state in, state and losses out. */
import { iterationOf } from '../age/iteration.js';
import { ADAM } from '../age/update.js';
import { EpochSampler } from '../data/batches.js';
import { encode, type FlatLayout, lowerPortable, nextName, type Shape } from '../engine/index.js';
import { NETWORK_NAMES } from '../networks/network.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { Stages } from '../training/schedule.js';
import type { TrainerState } from '../training/trainer.js';

/** Keys as in the JSON file. */
interface TrainingManifest {
  /** Iterations done. */
  readonly step: number;
  /** Factor of the learning rate after rollbacks. */
  readonly rate_scale: number;
  readonly total_steps: number;
  /** The iteration at which update plans begin that the file does not have; null: none do. */
  readonly stage_end: number | null;
  readonly batches_per_epoch: number;
  readonly training_images: number;
  /** By network; `done` before this step. */
  readonly updates: Readonly<Record<string, { readonly per_iteration: number; readonly done: number }>>;
  readonly adam: typeof ADAM;
  readonly inputs: Readonly<
    Record<string, { readonly type: string; readonly shape: Shape; readonly role: 'state' | 'data' }>
  >;
  /** The output with the next value of each state input, and the output whose elements `report` names. */
  readonly outputs: { readonly state: Readonly<Record<string, string>>; readonly report: string };
  readonly report: readonly string[];
  /** The tensors in the flat vectors of parameters and statistics: name, shape, and index of the first element. */
  readonly tensors: Readonly<
    Record<string, readonly { readonly name: string; readonly shape: Shape; readonly offset: number }[]>
  >;
  readonly configuration: Readonly<Record<string, unknown>>;
}

/**
 * Encodes the iteration that follows a state, with the update plans of the state's stage.
 * @param images number of training images
 * @param recipe the configuration as the manifest states it
 */
export async function encodeTraining(
  configuration: Configuration,
  { step, rateScale, vectors }: TrainerState,
  images: number,
  recipe: Readonly<Record<string, unknown>>,
): Promise<{ readonly model: Uint8Array; readonly manifest: TrainingManifest }> {
  const { batchesPerEpoch } = new EpochSampler(images, configuration.batch, configuration.seed);
  const stages = new Stages(configuration, batchesPerEpoch);
  const { stage, updates } = stages.at(step);
  const spec = { ...iterationSpec(configuration), plans: stage.plans };
  const { graph, reportNames } = iterationOf(spec);
  const manifest: TrainingManifest = {
    step,
    rate_scale: rateScale,
    total_steps: stages.totalSteps,
    stage_end: stages.nextAfter(step) ?? null,
    batches_per_epoch: batchesPerEpoch,
    training_images: images,
    updates: Object.fromEntries(
      NETWORK_NAMES.map((name) => [name, { per_iteration: stage.plans[name].updates, done: updates[name] }]),
    ),
    adam: ADAM,
    inputs: Object.fromEntries(
      graph.inputs.map(({ name, type, shape }) => [name, { type, shape, role: name in vectors ? 'state' : 'data' }]),
    ),
    outputs: {
      state: Object.fromEntries(graph.inputs.flatMap(({ name }) => (name in vectors ? [[name, nextName(name)]] : []))),
      report: 'report',
    },
    report: reportNames,
    tensors: Object.fromEntries(
      NETWORK_NAMES.flatMap((name) =>
        (['parameters', 'statistics'] as const).map((part) => [`${name}.${part}`, tensorsOf(spec.pair[name][part])]),
      ),
    ),
    configuration: recipe,
  };
  return { model: await encode(lowerPortable(graph, { name: 'plain' })), manifest };
}

const tensorsOf = ({ entries }: FlatLayout) =>
  Array.from(entries, ([name, { shape, offset }]) => ({ name, shape, offset }));
