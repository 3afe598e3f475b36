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
import { forwardTrain, type NamedValues } from '../networks/forward.js';
import type { Network } from '../networks/network.js';

/** What a classifier is made of: an encoder network and a linear head on its output. */
export interface ClassifierSpec {
  /** Output [M, 1, 1]. */
  readonly network: Network;
  readonly classes: number;
  /** Whether the encoder's output is taken to the sphere of radius sqrt(M) first, as codes of the sphere prior are. */
  readonly onSphere: boolean;
}

/** Packed vectors: the encoder's parameters and running statistics, and the head's weights [M, K] and biases [K]. */
export interface ClassifierWeights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  readonly head: Float32Array;
}

/** M, the width of a network's output. */
export const outputWidth = (network: Network): number => network.outputShape.reduce((product, size) => product * size, 1);

/** Bytes of one image. */
export const imageBytes = (network: Network): number => network.inputShape.reduce((product, size) => product * size, 1);

/** The rows [N, M] that the head sees, of the network's output. */
export function headInput({ network, onSphere }: ClassifierSpec, output: Value): Value {
  const width = outputWidth(network);
  const rows = reshape(output, [output.shape[0]!, width]);
  // Times sqrt(M), so that a coordinate has variance 1 where codes are uniform.
  return onSphere ? mul(normalizeAlongAxis1(rows), Math.sqrt(width)) : rows;
}

/** How the tensors of a linear head lie in its vector: `weight` [M, K], then `bias` [K]. */
export const headPacking = (width: number, classes: number): FlatLayout => flatLayout({ weight: [width, classes], bias: [classes] });

/** Logits [N, K] of rows [N, M]. */
export const linearHead = (rows: Value, { weight, bias }: NamedValues): Value => add(matMul(rows, weight!), reshape(bias!, [1, bias!.shape[0]!]));

/** Rows minus their largest entry: the same softmax, and no exponential overflows. */
const centered = (logits: Value): Value => sub(logits, stopGradient(reduceMax(logits, [1])));

/** Class probabilities [N, K] of logits [N, K]. */
export function softmax(logits: Value): Value {
  const powers = exp(centered(logits));
  return div(powers, reduceSum(powers, [1]));
}

/**
 * The mean cross-entropy of logits [N, K] in nats, a scalar.
 * @param targets [N, K], each row a distribution: one-hot for labels
 */
function softmaxCrossEntropy(logits: Value, targets: Value): Value {
  const shifted = centered(logits);
  return meanOf(sub(log(reduceSum(exp(shifted), [1])), reduceSum(mul(shifted, targets), [1])));
}

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
