import { type Shape, sizeOf, type Value } from '../engine/index.js';
import type { RandomStream } from '../random.js';

/**
 * Batches are `[N, C, H, W]`, shapes of one image `[C, H, W]`. A composite layer names its tensors, as in
 * `conv1.weight`.
 */
export interface Layer {
  parameters?: TensorSpecs;
  /** Such as running statistics, which training passes update without gradients. */
  buffers?: TensorSpecs;
  /** Of nonlinearities and residual blocks, whose outputs are features of the image. */
  hasFeatures?: true;
  outputShape: (input: Shape) => Shape;
  forward: (x: Value, context: LayerContext) => Value;
  /** Floating-point operations of one image after training; a multiply-add counts as 2. */
  flops: (input: Shape) => number;
}

export interface TensorSpec {
  shape: Shape;
  /** The stream belongs to this tensor alone. */
  initialize: (size: number, stream: RandomStream) => Float32Array;
}

export type TensorSpecs = Record<string, TensorSpec>;

export type NamedLayers = Record<string, Layer>;

/** By names within the layer. */
export interface LayerContext {
  parameter: (name: string) => Value;
  buffer: (name: string) => Value;
  /** What the network is conditioned on, `[N, K]` or `[N, C, H, W]`. */
  condition: Value | undefined;
  /** Called in training, once per buffer and pass. The buffer becomes `(1 - MOMENTUM) buffer + rate observed`. */
  observe: ((name: string, observed: Value, rate: number) => void) | undefined;
}

/** The replaced fraction of a buffer, as in PyTorch's BatchNorm2d. */
export const MOMENTUM = 0.1;

/** N(mean, std^2). */
export const normal =
  (mean: number, std: number): TensorSpec['initialize'] =>
  (size, stream) =>
    stream.fillNormal(new Float32Array(size)).map((draw) => mean + std * draw);

/** [-limit, limit). */
export const uniform =
  (limit: number): TensorSpec['initialize'] =>
  (size, stream) =>
    new Float32Array(size).map(() => (2 * stream.uniform() - 1) * limit);

export const filled =
  (value: number): TensorSpec['initialize'] =>
  (size) =>
    new Float32Array(size).fill(value);

/** Names tensors `conv1.weight`. */
export function sequential(layers: NamedLayers): Layer {
  const entries = Object.entries(layers);
  const tensorsOf = (kind: 'parameters' | 'buffers'): TensorSpecs =>
    Object.fromEntries(
      entries.flatMap(([name, layer]) =>
        Object.entries(layer[kind] ?? {}).map(([tensor, spec]) => [`${name}.${tensor}`, spec]),
      ),
    );
  return {
    parameters: tensorsOf('parameters'),
    buffers: tensorsOf('buffers'),
    outputShape: (input) => entries.reduce((shape, [, layer]) => layer.outputShape(shape), input),
    forward: (x, context) => entries.reduce((data, [name, layer]) => layer.forward(data, within(name, context)), x),
    flops: (input) => Object.values(flopsByLayer(layers, input)).reduce((total, flops) => total + flops, 0),
  };
}

/** Of one image. */
export function flopsByLayer(layers: NamedLayers, input: Shape): Record<string, number> {
  let shape = input;
  const flops: Record<string, number> = {};
  for (const [name, layer] of Object.entries(layers)) {
    flops[name] = layer.flops(shape);
    shape = layer.outputShape(shape);
  }
  return flops;
}

/** @param flops operations per element */
export const pointwise = (forward: (x: Value) => Value, flops: number): Layer => ({
  outputShape: (input) => input,
  forward,
  flops: (input) => flops * sizeOf(input),
});

function within(name: string, { parameter, buffer, observe, condition }: LayerContext): LayerContext {
  return {
    condition,
    parameter: (tensor) => parameter(`${name}.${tensor}`),
    buffer: (tensor) => buffer(`${name}.${tensor}`),
    observe: observe && ((tensor, observed, rate) => observe(`${name}.${tensor}`, observed, rate)),
  };
}
