/** The networks of two-dimensional data. */
import { classCondition } from '../../../src/conditions/classes.js';
import { concat, reshape } from '../../../src/engine/index.js';
import { leakyRelu, linear, tanh } from '../../../src/networks/layers.js';
import { createNetwork, type NetworkPair } from '../../../src/networks/network.js';
import type { Layer, NamedLayers } from '../../../src/networks/layer.js';
import { CLASSES } from './shapes.js';

const perceptron = (inputs: number, hidden: number, outputs: number): NamedLayers => ({
  linear1: linear(inputs, hidden),
  activation1: leakyRelu(0.2),
  linear2: linear(hidden, hidden),
  activation2: leakyRelu(0.2),
  linear3: linear(hidden, outputs),
});

/** Appends the class `[N, 2]` to points or codes. */
const withClass: Layer = {
  outputShape: ([width]) => [width! + CLASSES],
  forward: (x, { condition }) => concat([reshape(x, x.shape.slice(0, 2)), condition!], 1),
  flops: () => 0,
};

/**
 * Perceptrons with two hidden layers: an encoder of points [2] to codes, and a generator of codes to
 * points within [-1, 1]², as images are.
 * @param latent M: 2 for the circle, 3 for the sphere
 * @param hidden units of each hidden layer
 * @param isConditional whether both are told the class of each point
 */
export function planePair(latent: number, hidden: number, isConditional: boolean): NetworkPair {
  const options = isConditional ? { condition: classCondition(CLASSES) } : {};
  const layersOf = (inputs: number, outputs: number) =>
    isConditional
      ? { condition: withClass, ...perceptron(inputs + CLASSES, hidden, outputs) }
      : perceptron(inputs, hidden, outputs);
  return {
    encoder: createNetwork('encoder', layersOf(2, latent), [2], options),
    generator: createNetwork('generator', { ...layersOf(latent, 2), output: tanh() }, [latent, 1, 1], options),
  };
}
