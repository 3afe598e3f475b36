/** The view of untrained networks without ONNX Runtime, which takes seconds to load and to compile. */
import { tensorViews } from '../../../src/engine/index.js';
import { initialParameters, type Network } from '../../../src/networks/network.js';
import { pairOf, type PlaneModel } from './model.js';
import { CLASSES } from './shapes.js';
import { classesOfGrid, GRID, labelsOfLattices, type PlaneView, type ViewedPoints } from './view.js';

/** As in the perceptrons of `networks.ts`. */
const SLOPE = 0.2;

export function untrainedView(model: PlaneModel, { lattice, shown }: ViewedPoints): PlaneView {
  const { encoder, generator } = pairOf(model);
  const [e, g] = [perceptronOf(encoder, model), perceptronOf(generator, model)];
  const encode = (points: Float32Array, labels: Uint8Array): Float32Array => e(points, labels, onSphere);
  const generate = (codes: Float32Array, labels: Uint8Array): Float32Array =>
    g(codes, labels, (point) => point.map(Math.tanh));
  const latticeLabels = labelsOfLattices(model).map((label) =>
    new Uint8Array(lattice.length / model.latent).fill(label),
  );
  const images = latticeLabels.map((labels) => generate(lattice, labels));
  const realCodes = encode(shown.points, shown.labels);
  return {
    shown: shown.points,
    labels: shown.labels,
    image: concatenate(images),
    fakeCodes: concatenate(images.map((image, index) => encode(image, latticeLabels[index]!))),
    realCodes,
    reconstructions: generate(realCodes, shown.labels),
    field: encode(GRID, classesOfGrid(shown)),
  };
}

/** A network with its initial parameters, as a function of rows and of their classes. */
function perceptronOf(network: Network, { isConditional, seed }: PlaneModel) {
  const tensors = tensorViews(initialParameters(network, seed), network.parameters);
  const layers = [1, 2, 3].map((number) => ({
    weight: tensors[`${network.name}.linear${number}.weight`]!,
    bias: tensors[`${network.name}.linear${number}.bias`]!,
  }));
  const width = network.inputShape[0]!;
  return (rows: Float32Array, labels: Uint8Array, finish: (row: number[]) => number[]): Float32Array => {
    const results = Array.from(labels, (label, index) => {
      const row = Array.from(rows.subarray(index * width, (index + 1) * width));
      const inputs = isConditional ? [...row, ...Array.from({ length: CLASSES }, (_, each) => +(each === label))] : row;
      const [first, second, third] = layers;
      const hidden = activate(apply(second!, activate(apply(first!, inputs))));
      return finish(apply(third!, hidden));
    });
    return Float32Array.from(results.flat());
  };
}

const apply = ({ weight, bias }: { weight: Float32Array; bias: Float32Array }, row: readonly number[]): number[] =>
  Array.from(bias, (offset, unit) =>
    row.reduce((sum, value, index) => sum + value * weight[unit * row.length + index]!, offset),
  );

const activate = (row: readonly number[]): number[] => row.map((value) => (value > 0 ? value : SLOPE * value));

function onSphere(row: readonly number[]): number[] {
  const norm = Math.hypot(...row);
  return row.map((value) => value / norm);
}

const concatenate = (parts: readonly Float32Array[]): Float32Array =>
  Float32Array.from(parts.flatMap((part) => [...part]));
