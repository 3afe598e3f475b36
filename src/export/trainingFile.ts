import type { FeatureMaps } from '../age/imageDistance.js';
import { iterationOf } from '../age/iteration.js';
import { ADAM } from '../age/update.js';
import { EpochSampler } from '../data/batches.js';
import { encode, type FlatLayout, lowerPortable, nextName, type Shape } from '../engine/index.js';
import { mapWeights, NETWORK_NAMES } from '../networks/network.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { Stages } from '../training/schedule.js';
import type { TrainerState } from '../training/trainer.js';

/**
 * Encodes the iteration after a state, with the update plans of its stage.
 * @param images number of training images
 * @param recipe the configuration as the manifest states it
 * @param features which `matchX` compares
 */
export async function encodeTraining(
  configuration: Configuration,
  { step, rateScale, vectors }: TrainerState,
  images: number,
  recipe: Record<string, unknown>,
  features?: FeatureMaps,
) {
  const { batchesPerEpoch } = new EpochSampler(images, configuration.batch, configuration.seed);
  const stages = new Stages(configuration, batchesPerEpoch);
  const { stage, updates } = stages.at(step);
  const spec = { ...iterationSpec(configuration, features), plans: stage.plans };
  const { graph, reportNames } = iterationOf(spec);
  const inputs: Record<string, { type: string; shape: Shape; role: string }> = Object.fromEntries(
    graph.inputs.map(({ name, type, shape }) => [name, { type, shape, role: name in vectors ? 'state' : 'data' }]),
  );
  const state = Object.keys(inputs).filter((name) => name in vectors);
  const manifest = {
    step,
    /** Factor of the learning rate after rollbacks. */
    rate_scale: rateScale,
    total_steps: stages.totalSteps,
    /** The iteration at which other update plans begin, or null. */
    stage_end: stages.nextAfter(step) ?? null,
    batches_per_epoch: batchesPerEpoch,
    training_images: images,
    /** `done` before this step. */
    updates: Object.fromEntries(
      NETWORK_NAMES.map((name) => [name, { per_iteration: stage.plans[name].updates, done: updates[name] }]),
    ),
    adam: ADAM,
    inputs,
    /** The outputs with the next state, and the one whose elements `report` names. */
    outputs: { state: Object.fromEntries(state.map((name) => [name, nextName(name)])), report: 'report' },
    report: reportNames,
    /** In flat vectors; `offset` is the index of the first element. */
    tensors: mapWeights((network, part) => tensorsOf(spec.pair[network][part])),
    configuration: recipe,
  };
  return { model: await encode(lowerPortable(graph, { name: 'plain' })), manifest };
}

const tensorsOf = ({ entries }: FlatLayout) =>
  Array.from(entries, ([name, { shape, offset }]) => ({ name, shape, offset }));
