import { fromPixels, unstack } from '../age/iteration.js';
import { normalizeAlongAxis1 } from '../age/prior.js';
import {
  adam,
  type AdamConstants,
  add,
  div,
  exp,
  type FlatLayout,
  flatLayout,
  type Graph,
  graphOf,
  input,
  log,
  matMul,
  meanOf,
  mul,
  nextName,
  pack,
  reduceMax,
  reduceSum,
  reshape,
  sizeOf,
  stopGradient,
  sub,
  unpack,
  type Value,
} from '../engine/index.js';
import { BATCH } from '../model/trainedModel.js';
import { forwardEval, forwardTrain, namedGradients, type NamedValues } from '../networks/forward.js';
import type { Network } from '../networks/network.js';

/** An encoder with a linear head on its output. */
export interface ClassifierSpec {
  network: Network;
  classes: number;
  /** Whether to project the network's output onto the sphere of radius sqrt(M), as for the prior sphere. */
  onSphere: boolean;
}

/** Flat vectors; the head has weights [M, K] and then biases [K]. */
export interface ClassifierWeights {
  parameters: Float32Array;
  statistics: Float32Array;
  head: Float32Array;
}

export const outputWidth = ({ outputShape }: Network): number => sizeOf(outputShape);

export const imageBytes = ({ inputShape }: Network): number => sizeOf(inputShape);

/** [N, M] */
function headInput({ network, onSphere }: ClassifierSpec, output: Value) {
  const width = outputWidth(network);
  const rows = reshape(output, [output.shape[0]!, width]);
  // Times sqrt(M), so that coordinates of uniform codes have variance 1.
  return onSphere ? mul(normalizeAlongAxis1(rows), Math.sqrt(width)) : rows;
}

export const headLayout = ({ network, classes }: Omit<ClassifierSpec, 'onSphere'>): FlatLayout =>
  flatLayout({ weight: [outputWidth(network), classes], bias: [classes] });

export const weightLengths = (spec: ClassifierSpec): Record<keyof ClassifierWeights, number> => ({
  parameters: spec.network.parameters.size,
  statistics: spec.network.statistics.size,
  head: headLayout(spec).size,
});

/** [N, K] */
const linearHead = (rows: Value, { weight, bias }: NamedValues) =>
  add(matMul(rows, weight!), reshape(bias!, [1, bias!.shape[0]!]));

/** Prevents overflow of exponentials; the softmax does not change. */
const centered = (logits: Value) => sub(logits, stopGradient(reduceMax(logits, [1])));

function softmax(logits: Value) {
  const powers = exp(centered(logits));
  return div(powers, reduceSum(powers, [1]));
}

/** In nats. Logits and targets are [N, K]; each row of targets is a distribution. */
function softmaxCrossEntropy(logits: Value, targets: Value) {
  const shifted = centered(logits);
  return meanOf(sub(log(reduceSum(exp(shifted), [1])), reduceSum(mul(shifted, targets), [1])));
}

/** The defaults of Kingma and Ba (2015). */
export const CLASSIFIER_ADAM: AdamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * Inputs: the state `parameters`, `statistics`, `head`, and `NAME.m` and `NAME.v` of `parameters` and `head`; `images`
 * uint8 [batch, C, H, W]; `targets` [batch, K]; `parameters.schedule` and `head.schedule` [2], of `adamScalars`.
 * Outputs: `next/NAME` for each state vector, and `loss` [1].
 */
export function classifierIteration(spec: ClassifierSpec, batch: number): Graph {
  const { network, classes } = spec;
  const images = input('images', [batch, ...network.inputShape], 'uint8');
  const targets = input('targets', [batch, classes]);
  const statistics = input('statistics', [network.statistics.size]);
  const encoder = trainableVector('parameters', network.parameters);
  const head = trainableVector('head', headLayout(spec));

  const pass = forwardTrain(network, { parameters: encoder.tensors, statistics, x: fromPixels(images) });
  const loss = softmaxCrossEntropy(linearHead(headInput(spec, pass.output), head.tensors), targets);
  const byTensor = namedGradients(loss, { ...encoder.tensors, ...head.tensors });
  const outputs = {
    ...encoder.after(byTensor),
    ...head.after(byTensor),
    [nextName('statistics')]: pass.statistics,
    loss: reshape(loss, [1]),
  };
  return graphOf(outputs, [...encoder.inputs, statistics, ...head.inputs, images, targets]);
}

/** `after` returns the updated values, given the gradients by tensor. */
function trainableVector(name: string, layout: FlatLayout) {
  const state = (suffix: string) => input(`${name}${suffix}`, [layout.size]);
  const [vector, m, v] = [state(''), state('.m'), state('.v')];
  const schedule = input(`${name}.schedule`, [2]);
  const [stepSize, denominatorScale] = unstack(schedule) as [Value, Value];
  return {
    inputs: [vector, m, v, schedule],
    tensors: unpack(vector, layout),
    after: (gradients: NamedValues) => {
      const next = adam(vector, pack(gradients, layout), { m, v }, { stepSize, denominatorScale }, CLASSIFIER_ADAM);
      return { [nextName(name)]: next.parameter, [nextName(`${name}.m`)]: next.m, [nextName(`${name}.v`)]: next.v };
    },
  };
}

/** The input `x` is bytes [BATCH, C, H, W]. */
function evaluationInputs(network: Network) {
  const parameters = input('parameters', [network.parameters.size]);
  const statistics = input('statistics', [network.statistics.size]);
  const tensors = {
    parameters: unpack(parameters, network.parameters),
    statistics: unpack(statistics, network.statistics),
    x: fromPixels(input('x', [BATCH, ...network.inputShape], 'uint8')),
  };
  return { inputs: [parameters, statistics], tensors };
}

export function evaluationGraph(spec: ClassifierSpec): Graph {
  const { inputs, tensors } = evaluationInputs(spec.network);
  const layout = headLayout(spec);
  const head = input('head', [layout.size]);
  const features = headInput(spec, forwardEval(spec.network, tensors));
  const probabilities = softmax(linearHead(features, unpack(head, layout)));
  return graphOf({ features, probabilities }, [...inputs, head]);
}

/** Returns outputs [N, C, H, W] of activations, the deepest last, and the inputs of their graph. */
export function activationsOf(network: Network) {
  const { inputs, tensors } = evaluationInputs(network);
  return { maps: activationMaps(network, tensors), inputs };
}

export function activationMaps(network: Network, tensors: Parameters<typeof forwardEval>[1]): Value[] {
  const layers = Object.entries(network.layers);
  return layers.flatMap(([, { hasFeatures }], index) =>
    hasFeatures ? [forwardEval({ ...network, layers: Object.fromEntries(layers.slice(0, index + 1)) }, tensors)] : [],
  );
}
