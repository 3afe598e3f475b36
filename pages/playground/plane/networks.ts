/** The networks of two-dimensional data. */
import { leakyRelu, linear, tanh } from '../../../src/networks/layers.js';
import { createNetwork, type NetworkPair } from '../../../src/networks/network.js';
import type { NamedLayers } from '../../../src/networks/layer.js';

const perceptron = (inputs: number, hidden: number, outputs: number): NamedLayers => ({
  linear1: linear(inputs, hidden),
  activation1: leakyRelu(0.2),
  linear2: linear(hidden, hidden),
  activation2: leakyRelu(0.2),
  linear3: linear(hidden, outputs),
});

/**
 * Perceptrons with two hidden layers: an encoder of points [2] to codes, and a generator of codes to
 * points within [-1, 1]², as images are.
 * @param latent M: 2 for the circle, 3 for the sphere
 * @param hidden units of each hidden layer
 */
export const planePair = (latent: number, hidden: number): NetworkPair => ({
  encoder: createNetwork('encoder', perceptron(2, hidden, latent), [2]),
  generator: createNetwork('generator', { ...perceptron(latent, hidden, 2), output: tanh() }, [latent, 1, 1]),
});
