/**
 * Random small convolutional networks for property tests: chains of layers with their activations, normalization and
 * shortcuts.
 */
import fc from 'fast-check';
import {
  abs,
  add,
  batchNormalization,
  conv,
  convTranspose,
  leakyRelu,
  mul,
  neg,
  reduceMean,
  relu,
  reshape,
  type Shape,
  square,
  sub,
  tanh,
  type Value,
} from '../../src/engine/index.js';
import type { Build } from './running.js';
import { random, type Tensor } from './tensors.js';

type Pair = [number, number];

interface Layer {
  transposed: boolean;
  channels: number;
  kernel: Pair;
  stride: number;
  /** Before and behind, of rows and columns alike. */
  pads: Pair;
  bias: boolean;
  normalized: boolean;
  activation: keyof typeof activations;
  ending: keyof typeof endings;
}

const activations = { none: (x: Value) => x, leakyRelu: (x: Value) => leakyRelu(x, 0.2), relu, tanh, abs, neg };

/** What is done with the result x of a layer, given what went into the layer. */
const endings = {
  none: (x: Value) => x,
  shortcut: (x: Value, before: Value) => (x.shape.join() === before.shape.join() ? add(x, before) : x),
  difference: (x: Value, before: Value) => (x.shape.join() === before.shape.join() ? sub(before, x) : x),
  product: (x: Value) => mul(x, tanh(x)),
  centred: (x: Value) => sub(x, reduceMean(x, [0, 2, 3])),
  withoutImageMean: (x: Value) => sub(x, reduceMean(x, [2, 3])),
  scaled: (x: Value) => mul(mul(x, reduceMean(square(x), [0, 2, 3])), 3),
  shifted: (x: Value) => sub(0.5, x),
  reshaped: (x: Value) => reshape(reshape(x, [x.shape[0]!, x.shape.slice(1).reduce((a, b) => a * b, 1)]), x.shape),
};

const sizes = fc.integer({ min: 1, max: 4 });
const layers: fc.Arbitrary<Layer> = fc.record({
  transposed: fc.boolean(),
  channels: fc.constantFrom(1, 2, 3, 5, 17),
  kernel: fc.oneof(
    sizes.map((size): Pair => [size, size]),
    fc.tuple(sizes, sizes),
  ),
  stride: fc.constantFrom(1, 2, 2, 3),
  pads: fc.oneof(fc.constantFrom<Pair>([0, 0], [1, 1]), fc.tuple(fc.nat(2), fc.nat(2))),
  bias: fc.boolean(),
  normalized: fc.boolean(),
  activation: fc.constantFrom(...(Object.keys(activations) as (keyof typeof activations)[])),
  ending: fc.constantFrom(...(Object.keys(endings) as (keyof typeof endings)[])),
});

export interface RandomNetwork {
  layers: readonly Layer[];
  /** The images, then the parameters of each layer. */
  tensors: readonly Tensor[];
  build: Build;
}

export const randomNetworks: fc.Arbitrary<RandomNetwork> = fc
  .record({
    batch: fc.constantFrom(1, 2, 3, 16, 17),
    channels: fc.constantFrom(1, 2, 3, 16),
    height: fc.integer({ min: 1, max: 8 }),
    width: fc.integer({ min: 1, max: 8 }),
    layers: fc.array(layers, { minLength: 1, maxLength: 3 }),
    seed: fc.nat(1000),
  })
  .map(({ batch, channels, height, width, layers: drawn, seed }) => {
    const images = random([batch, channels, height, width], seed);
    const fitting: Layer[] = [];
    const tensors = [images];
    let shape: Shape = images.shape;
    for (const layer of drawn) {
      const next = resultShape(shape, layer);
      if (next === undefined) continue;
      fitting.push(layer);
      tensors.push(...parametersOf(layer, shape[1]!, seed + 10 * fitting.length));
      shape = next;
    }
    return { layers: fitting, tensors, build: (...inputs: Value[]) => applyLayers(fitting, inputs) };
  })
  .filter(({ layers: fitting }) => fitting.length > 0);

/** The shape behind a layer, or undefined where its kernel does not fit or too much would come out. */
function resultShape(
  [batch, , ...space]: Shape,
  { transposed, channels, kernel, stride, pads }: Layer,
): Shape | undefined {
  const pad = pads[0] + pads[1];
  const after = space.map((size, i) =>
    transposed ? (size - 1) * stride - pad + kernel[i]! : Math.floor((size + pad - kernel[i]!) / stride) + 1,
  );
  return after.every((size) => size >= 1 && size <= 16) ? [batch!, channels, ...after] : undefined;
}

/** The kernel, then bias, scale and shift as far as the layer has them. */
function parametersOf(
  { transposed, channels, kernel, bias, normalized }: Layer,
  before: number,
  seed: number,
): Tensor[] {
  const scale = 1 / Math.sqrt(before * kernel[0] * kernel[1]);
  return [
    random([...(transposed ? [before, channels] : [channels, before]), ...kernel], seed, -2 * scale, 2 * scale),
    ...(bias ? [random([channels], seed + 1)] : []),
    ...(normalized ? [random([channels], seed + 2, 0.5, 1.5), random([channels], seed + 3)] : []),
  ];
}

function applyLayers(chain: readonly Layer[], [images, ...parameters]: readonly Value[]): Value {
  const rest = [...parameters];
  return chain.reduce<Value>((before, { transposed, stride, pads, bias, normalized, activation, ending }) => {
    const kernel = rest.shift()!;
    const options = {
      strides: stride,
      pads: [pads[0], pads[0], pads[1], pads[1]] as const,
      ...(bias ? { bias: rest.shift()! } : {}),
    };
    const convolved = transposed ? convTranspose(before, kernel, options) : conv(before, kernel, options);
    const normal = normalized ? batchNormalization(convolved, rest.shift()!, rest.shift()!, 0.1) : convolved;
    return endings[ending](activations[activation](normal), before);
  }, images!);
}
