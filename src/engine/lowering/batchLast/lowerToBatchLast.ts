import { getOrCreate, type Graph, graphOf, mapValues, valuesOf, withInputs } from '../../graph.js';
import { apply } from '../../operator.js';
import { add, matMul, pad, reshape, transpose } from '../../operators/index.js';
import { type Shape, type Shape4, ShapeError, sizeOf } from '../../shape.js';
import type { ComputedValue, Operator, Value } from '../../value.js';
import { type Convolution, convolutionRoles } from '../convolution.js';
import { columnsOf, needsZeroTap, sumColumns } from './columns.js';

/** Multiplies matrices, which it transposes without a copy. */
const Gemm: Operator<{ transA: number; transB: number }> = {
  name: 'Gemm',
  infer([a, b], { transA, transB }) {
    const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const [other, columns] = transB ? [b!.shape[1], b!.shape[0]] : b!.shape;
    if (a.shape.length !== 2 || b!.shape.length !== 2 || inner !== other)
      throw new ShapeError('the matrices do not fit');
    return { type: 'float32', shape: [rows!, columns!] };
  },
};

/** Axes of [C, H, W, N] in [N, C, H, W], and the other way around. */
const TO_LAST = [1, 2, 3, 0] as const;
const FROM_LAST = [3, 0, 1, 2] as const;

/**
 * Lays out feature maps as [C, H, W, N], for runtimes with slow convolutions, as in WebAssembly. These become products
 * of columns, which a forward convolution and its kernel's gradient share.
 */
export function lowerToBatchLast(graph: Graph) {
  const maps = new FeatureMaps();
  for (const value of valuesOf(graph)) maps.lower(value);
  return graphOf(
    mapValues(graph.outputs, (value) => maps.canonical(value)),
    graph.inputs,
  );
}

class FeatureMaps {
  private readonly canonicalValues = new Map<Value, Value>();
  private readonly batchLast = new Map<Value, Value>();

  lower(value: Value) {
    const convolution = convolutionRoles(value);
    if (convolution?.result === 'small') this.batchLast.set(value, this.forward(convolution));
    else if (convolution?.result === 'big') this.batchLast.set(value, this.dataGradient(convolution));
    else if (convolution) this.canonicalValues.set(value, this.kernelGradient(convolution));
    else if (value.kind === 'computed') this.lowerOther(value);
    else this.canonicalValues.set(value, value);
  }

  private lowerOther(value: ComputedValue) {
    const { operator, inputs, shape } = value;
    const isBatchLast = inputs.some((operand) => this.batchLast.has(operand));
    if (isBatchLast && operator.elementwise && shape.length === 4) this.batchLast.set(value, this.elementwise(value));
    else if (isBatchLast && operator.name.startsWith('Reduce')) this.reduce(value);
    else {
      const operands = inputs.map((operand) => this.canonical(operand));
      this.canonicalValues.set(value, withInputs(value, operands));
    }
  }

  canonical(value: Value) {
    return getOrCreate(this.canonicalValues, value, () => permute(this.batchLast.get(value)!, FROM_LAST));
  }

  private last(value: Value) {
    return getOrCreate(this.batchLast, value, () => permute(this.canonical(value), TO_LAST));
  }

  private forward(convolution: Convolution) {
    const { small, big, kernel, bias } = convolution;
    const product = matMul(asMatrix(this.canonical(kernel!)), columnsOf(this.last(big), convolution));
    return this.withBias(reshape(product, [...small.shape.slice(1), small.shape[0]!]), bias);
  }

  private dataGradient(convolution: Convolution) {
    const { small, kernel, kernelShape, bias } = convolution;
    const [rows, channels, height, width] = kernelShape as Shape4;
    const taps = reshape(this.canonical(kernel!), [rows, channels, height * width]);
    const extended = needsZeroTap(convolution) ? pad(taps, [0, 0, 0], [0, 0, 1]) : taps;
    const columns = apply(Gemm, [asMatrix(extended), asMatrix(this.last(small))], { transA: 1, transB: 0 });
    return this.withBias(sumColumns(columns, convolution), bias);
  }

  /** The columns that the forward convolution read, by the gradient of its result. */
  private kernelGradient(convolution: Convolution) {
    const operands = [columnsOf(this.last(convolution.big), convolution), asMatrix(this.last(convolution.small))];
    const product = apply(Gemm, operands, { transA: 0, transB: 1 });
    return reshape(transpose(product, [1, 0]), convolution.kernelShape);
  }

  private withBias(map: Value, bias: Value | undefined) {
    return bias ? add(map, reshape(this.canonical(bias), [bias.shape[0]!, 1, 1, 1])) : map;
  }

  private elementwise({ operator, inputs, attributes }: ComputedValue) {
    const operands = inputs.map((operand) => {
      const { length } = operand.shape;
      if (length === 4) return this.last(operand);
      const canonical = this.canonical(operand);
      return length === 0
        ? canonical
        : permute(reshape(canonical, [...Array<number>(4 - length).fill(1), ...operand.shape]), TO_LAST);
    });
    return apply(operator, operands, attributes);
  }

  private reduce(value: ComputedValue) {
    const [x] = value.inputs;
    const { axes, keepdims } = value.attributes as { axes: Shape; keepdims: number };
    const moved = axes.map((axis) => FROM_LAST[axis]!).sort((a, b) => a - b);
    const reduced = apply(value.operator, [this.last(x)], { ...value.attributes, axes: moved });
    // Without the reduced axes, the others keep their order, except that the batch is the last.
    const last = value.shape.length - 1;
    if (keepdims === 1) this.batchLast.set(value, reduced);
    else if (axes.includes(0) || last < 1) this.canonicalValues.set(value, reduced);
    else this.canonicalValues.set(value, transpose(reduced, [last, ...Array(last).keys()]));
  }
}

/** Without a copy if only axes of one element move. */
function permute(value: Value, perm: readonly number[]) {
  const moved = perm.filter((axis) => value.shape[axis]! > 1);
  const isInOrder = moved.every((axis, index) => index === 0 || moved[index - 1]! < axis);
  const shape = perm.map((axis) => value.shape[axis]!);
  return isInOrder ? reshape(value, shape) : transpose(value, perm);
}

const asMatrix = (value: Value) => reshape(value, [value.shape[0]!, sizeOf(value.shape.slice(1))]);
