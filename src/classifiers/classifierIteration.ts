import { fromPixels } from '../age/iteration.js';
import { forwardTrain, type NamedValues } from '../networks/forward.js';
import {
  adam,
  type AdamConstants,
  type Graph,
  gradients,
  graphOf,
  input,
  type InputValue,
  nextName,
  pack,
  type FlatLayout,
  reshape,
  slice,
  unpack,
  type Value,
} from '../engine/index.js';
import { headPacking, linearHead, softmaxCrossEntropy } from './classifierHead.js';
import { type ClassifierSpec, headInput, outputWidth } from './classifierSpec.js';

/** Adam as is usual for classifiers. */
export const CLASSIFIER_ADAM: AdamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * One iteration of a classifier's training as a graph: forward pass by the batch's own statistics, softmax cross-entropy, gradients, Adam
 * and running statistics. Inputs: the state `parameters`, `statistics`, `head`, and `NAME.m` and `NAME.v` of `parameters` and `head`;
 * `images` uint8 [batch, C, H, W]; `targets` float32 [batch, K]; `parameters.schedule` and `head.schedule` float32 [2], as `adamSchedule`
 * gives them. Outputs: `next/NAME` for each state vector, and `loss` [1].
 */
export function classifierIteration(spec: ClassifierSpec, batch: number): Graph {
  const { network, classes } = spec;
  const images = input('images', [batch, ...network.inputShape], 'uint8');
  const targets = input('targets', [batch, classes]);
  const statistics = input('statistics', [network.statistics.size]);
  const encoder = trainableVector('parameters', network.parameters);
  const head = trainableVector('head', headPacking(outputWidth(network), classes));

  const pass = forwardTrain(network, encoder.tensors, statistics, fromPixels(images));
  const loss = softmaxCrossEntropy(linearHead(headInput(spec, pass.output), head.tensors), targets);
  const moving = [...Object.values(encoder.tensors), ...Object.values(head.tensors)];
  const byTensor = gradients(loss, moving);
  const ofEncoder = Object.keys(encoder.tensors).length;

  const outputs = {
    ...encoder.after(byTensor.slice(0, ofEncoder)),
    ...head.after(byTensor.slice(ofEncoder)),
    [nextName('statistics')]: pass.statistics,
    loss: reshape(loss, [1]),
  };
  return graphOf(outputs, [...encoder.inputs, statistics, ...head.inputs, images, targets]);
}

/** A packed vector that Adam moves. */
interface MovingVector {
  readonly inputs: readonly InputValue[];
  readonly tensors: NamedValues;
  /** Its next values by the gradient of each tensor. */
  readonly after: (gradients: readonly Value[]) => Record<string, Value>;
}

function trainableVector(name: string, packing: FlatLayout): MovingVector {
  const [vector, m, v] = [name, `${name}.m`, `${name}.v`].map((each) => input(each, [packing.size])) as [InputValue, InputValue, InputValue];
  const schedule = input(`${name}.schedule`, [2]);
  const [stepSize, denominatorScale] = [0, 1].map((index) => reshape(slice(schedule, 0, index, index + 1), [])) as [Value, Value];
  const tensors = unpack(vector, packing);
  return {
    inputs: [vector, m, v, schedule],
    tensors,
    after: (byTensor) => {
      const gradient = pack(Object.fromEntries(Object.keys(tensors).map((tensor, index) => [tensor, byTensor[index]!])), packing);
      const next = adam(vector, gradient, { m, v }, { stepSize, denominatorScale }, CLASSIFIER_ADAM);
      return { [nextName(name)]: next.parameter, [nextName(`${name}.m`)]: next.m, [nextName(`${name}.v`)]: next.v };
    },
  };
}
