import { type Graph, reduceMean, reshape, slice, transpose, type Value } from '../../../../src/engine/index.js';
import { rewriteGraph } from '../../../../src/engine/graph.js';
import { apply } from '../../../../src/engine/operator.js';
import { add, clip, leakyRelu, relu } from '../../../../src/engine/operators/index.js';
import type { ComputedValue, Operator } from '../../../../src/engine/value.js';

const DOMAIN = 'com.microsoft.nchwc';

/** ONNX's own grouped convolution, which the engine's operator leaves out. */
const GroupedConv: Operator = {
  name: 'Conv',
  infer: ([x, w], attributes) => {
    const { strides, dilations, pads } = attributes as Record<string, readonly number[]>;
    const size = (i: number) =>
      Math.floor(
        (x.shape[2 + i]! + pads![i]! + pads![2 + i]! - dilations![i]! * (w!.shape[2 + i]! - 1) - 1) / strides![i]!,
      ) + 1;
    return { type: 'float32', shape: [x.shape[0]!, w!.shape[0]!, size(0), size(1)] };
  },
};

/**
 * A graph lowered for blocks of any size, with each blocked operator replaced by plain ones that read and write the
 * same memory: what a processor with blocks of that size would compute, on any processor.
 */
export function emulateBlocks(graph: Graph, block: number): Graph {
  return rewriteGraph(graph, (value) => (value.operator.domain === DOMAIN ? emulate(value, block) : value));
}

function emulate(value: ComputedValue, block: number): Value {
  const [x] = value.inputs as [Value];
  switch (value.operator.name) {
    case 'ReorderInput':
      return toBlocks(x, block);
    case 'ReorderOutput':
      return slice(fromBlocks(x, block), 1, 0, Number(value.attributes.channels));
    case 'GlobalAveragePool':
      return reduceMean(fromBlocks(x, block), [2, 3]);
    case 'Conv':
      return emulateConv(value, block);
    default:
      throw new Error(`${value.operator.name} is not emulated`);
  }
}

function emulateConv({ inputs, attributes }: ComputedValue, block: number): Value {
  const [x, w, bias, sum] = inputs as [Value, Value, Value?, Value?];
  const { strides, dilations, pads, group } = attributes;
  const convolved = apply(
    GroupedConv,
    [isThin(x, block) ? x : fromBlocks(x, block), plainKernel(w, Number(group), block), ...(bias ? [bias] : [])],
    {
      strides: strides!,
      dilations: dilations!,
      pads: pads!,
      group: group!,
    },
  );
  const added = sum ? add(toBlocks(convolved, block), sum) : toBlocks(convolved, block);
  const [first, second] = (attributes.activation_params ?? []) as readonly number[];
  switch (attributes.activation) {
    case 'Relu':
      return relu(added);
    case 'LeakyRelu':
      return leakyRelu(added, first!);
    case 'Clip':
      return clip(added, first!, second!);
    default:
      return added;
  }
}

/** Data of fewer channels than a block is plain. */
const isThin = (x: Value, block: number) => x.shape[1]! < block;

function fromBlocks(x: Value, block: number): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return reshape(transpose(reshape(x, [batch, channels / block, height, width, block]), [0, 1, 4, 2, 3]), x.shape);
}

function toBlocks(x: Value, block: number): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return reshape(transpose(reshape(x, [batch, channels / block, block, height, width]), [0, 1, 3, 4, 2]), x.shape);
}

/** Depthwise kernels are blocked by their channels alone. */
function plainKernel(w: Value, group: number, block: number): Value {
  const [outputs, inputs, height, width] = w.shape as [number, number, number, number];
  if (group > 1) return reshape(transpose(reshape(w, [outputs / block, height, width, block]), [0, 3, 1, 2]), w.shape);
  if (inputs < block)
    return reshape(transpose(reshape(w, [outputs / block, inputs, height, width, block]), [0, 4, 1, 2, 3]), w.shape);
  return reshape(
    transpose(reshape(w, [outputs / block, inputs / block, height, width, block, block]), [0, 5, 1, 4, 2, 3]),
    w.shape,
  );
}
