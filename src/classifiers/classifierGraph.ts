import { fromPixels } from '../age/iteration.js';
import { normalizeAlongAxis1 } from '../age/prior.js';
import {
  adam,
  type AdamConstants,
  add,
  div,
  exp,
  type FlatLayout,
  flatLayout,
  gradients,
  type Graph,
  graphOf,
  input,
  type InputValue,
  log,
  matMul,
  meanOf,
  mul,
  nextName,
  pack,
  reduceMax,
  reduceSum,
  reshape,
  slice,
  stopGradient,
  sub,
  unpack,
  type Value,
} from '../engine/index.js';
import { BATCH } from '../model/trainedModel.js';
import { forwardEval, forwardTrain, type NamedValues } from '../networks/forward.js';
import type { Network } from '../networks/network.js';

/** Architecture of a classifier: an encoder network with a linear head on its output. */
export interface ClassifierSpec {
  /** Network with output [M, 1, 1]. */
  readonly network: Network;
  readonly classes: number;
  /** Whether the encoder's output is first projected onto the sphere of radius sqrt(M), for models with the sphere prior. */
  readonly onSphere: boolean;
}

/** Flat vectors: the encoder's parameters and running statistics, and the head's weights [M, K] and biases [K]. */
export interface ClassifierWeights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  readonly head: Float32Array;
}

/** Returns M, the width of a network's output. */
export const outputWidth = (network: Network): number =>
  network.outputShape.reduce((product, size) => product * size, 1);

/** Returns the number of bytes per image. */
export const imageBytes = (network: Network): number => network.inputShape.reduce((product, size) => product * size, 1);

/** Converts the network's output to the head's input rows [N, M]. */
export function headInput({ network, onSphere }: ClassifierSpec, output: Value): Value {
  const width = outputWidth(network);
  const rows = reshape(output, [output.shape[0]!, width]);
  // Times sqrt(M), so that coordinates of uniform codes have variance 1.
  return onSphere ? mul(normalizeAlongAxis1(rows), Math.sqrt(width)) : rows;
}

/** Returns the layout of a linear head's flat vector: `weight` [M, K], then `bias` [K]. */
export const headLayout = (width: number, classes: number): FlatLayout =>
  flatLayout({ weight: [width, classes], bias: [classes] });

/** Returns the lengths of the vectors of a classifier's weights. */
export const weightLengths = ({
  network,
  classes,
}: ClassifierSpec): Readonly<Record<keyof ClassifierWeights, number>> => ({
  parameters: network.parameters.size,
  statistics: network.statistics.size,
  head: headLayout(outputWidth(network), classes).size,
});

/** Returns logits [N, K] of rows [N, M]. */
export const linearHead = (rows: Value, { weight, bias }: NamedValues): Value =>
  add(matMul(rows, weight!), reshape(bias!, [1, bias!.shape[0]!]));

/** Subtracts the maximum of each row, so that no exponential overflows; the softmax does not change. */
const centered = (logits: Value): Value => sub(logits, stopGradient(reduceMax(logits, [1])));

/** Returns class probabilities [N, K] of logits [N, K]. */
export function softmax(logits: Value): Value {
  const powers = exp(centered(logits));
  return div(powers, reduceSum(powers, [1]));
}

/**
 * Returns the mean cross-entropy of logits [N, K] in nats, a scalar.
 * @param targets [N, K], each row a distribution: one-hot for labels
 */
function softmaxCrossEntropy(logits: Value, targets: Value): Value {
  const shifted = centered(logits);
  return meanOf(sub(log(reduceSum(exp(shifted), [1])), reduceSum(mul(shifted, targets), [1])));
}

/** Default constants of Adam (Kingma and Ba 2015). */
export const CLASSIFIER_ADAM: AdamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * Builds the graph of one training iteration: forward pass with batch statistics, softmax cross-entropy, gradients, Adam and running
 * statistics. Inputs: the state `parameters`, `statistics`, `head`, and `NAME.m` and `NAME.v` of `parameters` and `head`; `images` uint8
 * [batch, C, H, W]; `targets` float32 [batch, K]; `parameters.schedule` and `head.schedule` float32 [2], as returned by `adamScalars`.
 * Outputs: `next/NAME` for each state vector, and `loss` [1].
 */
export function classifierIteration(spec: ClassifierSpec, batch: number): Graph {
  const { network, classes } = spec;
  const images = input('images', [batch, ...network.inputShape], 'uint8');
  const targets = input('targets', [batch, classes]);
  const statistics = input('statistics', [network.statistics.size]);
  const encoder = trainableVector('parameters', network.parameters);
  const head = trainableVector('head', headLayout(outputWidth(network), classes));

  const pass = forwardTrain(network, { parameters: encoder.tensors, statistics, x: fromPixels(images) });
  const loss = softmaxCrossEntropy(linearHead(headInput(spec, pass.output), head.tensors), targets);
  const trainable = [...Object.values(encoder.tensors), ...Object.values(head.tensors)];
  const byTensor = gradients(loss, trainable);
  const ofEncoder = Object.keys(encoder.tensors).length;

  const outputs = {
    ...encoder.after(byTensor.slice(0, ofEncoder)),
    ...head.after(byTensor.slice(ofEncoder)),
    [nextName('statistics')]: pass.statistics,
    loss: reshape(loss, [1]),
  };
  return graphOf(outputs, [...encoder.inputs, statistics, ...head.inputs, images, targets]);
}

/** A flat vector that Adam updates. */
interface TrainableVector {
  readonly inputs: readonly InputValue[];
  readonly tensors: NamedValues;
  /** Returns the updated values, given the gradient of each tensor. */
  readonly after: (gradients: readonly Value[]) => Record<string, Value>;
}

function trainableVector(name: string, layout: FlatLayout): TrainableVector {
  const [vector, m, v] = [name, `${name}.m`, `${name}.v`].map((each) => input(each, [layout.size])) as [
    InputValue,
    InputValue,
    InputValue,
  ];
  const schedule = input(`${name}.schedule`, [2]);
  const [stepSize, denominatorScale] = [0, 1].map((index) => reshape(slice(schedule, 0, index, index + 1), [])) as [
    Value,
    Value,
  ];
  const tensors = unpack(vector, layout);
  return {
    inputs: [vector, m, v, schedule],
    tensors,
    after: (byTensor) => {
      const gradient = pack(
        Object.fromEntries(Object.keys(tensors).map((tensor, index) => [tensor, byTensor[index]!])),
        layout,
      );
      const next = adam(vector, gradient, { m, v }, { stepSize, denominatorScale }, CLASSIFIER_ADAM);
      return { [nextName(name)]: next.parameter, [nextName(`${name}.m`)]: next.m, [nextName(`${name}.v`)]: next.v };
    },
  };
}

/** Feature maps of a batch of images, and the inputs of their graph. */
export interface Activations {
  /** Outputs [N, C, H, W] of the activations, the deepest last. */
  readonly maps: readonly Value[];
  /** The inputs `parameters` and `statistics`. The images are the input `x`, bytes [BATCH, C, H, W]. */
  readonly inputs: readonly InputValue[];
}

/** Returns the feature maps of a network in evaluation mode. */
export function activationsOf(network: Network): Activations {
  const parameters = input('parameters', [network.parameters.size]);
  const statistics = input('statistics', [network.statistics.size]);
  const inputs = {
    parameters: unpack(parameters, network.parameters),
    statistics: unpack(statistics, network.statistics),
    x: fromPixels(input('x', [BATCH, ...network.inputShape], 'uint8')),
  };
  const layers = Object.entries(network.layers);
  const maps = layers.flatMap(([, { isActivation }], index) =>
    isActivation ? [forwardEval({ ...network, layers: Object.fromEntries(layers.slice(0, index + 1)) }, inputs)] : [],
  );
  return { maps, inputs: [parameters, statistics] };
}
