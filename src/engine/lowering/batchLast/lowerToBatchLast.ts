/** Feature maps in the layout [C, H, W, N], for runtimes whose own convolutions are slow, as in WebAssembly. */
import { type Graph, graphOf, topologicalOrder } from '../../graph.js';
import { apply, throwShapeError } from '../../operator.js';
import { add, matMul, pad, reshape, transpose } from '../../operators/index.js';
import { type Shape, sizeOf } from '../../shape.js';
import type { ComputedValue, Operator, Value } from '../../value.js';
import { type Convolution, convolutionRoles } from '../convolution.js';
import { columnsOf, geometryOf, needsZeroTap, sumColumns } from './columns.js';

/** The product of two matrices, either transposed without a copy. It exists after lowering only: no gradient. */
const Gemm: Operator<{ transA: number; transB: number }> = {
  name: 'Gemm',
  infer([a, b], { transA, transB }) {
    const [rows, inner] = transA ? [a!.shape[1], a!.shape[0]] : a!.shape;
    const [other, columns] = transB ? [b!.shape[1], b!.shape[0]] : b!.shape;
    if (a!.shape.length !== 2 || b!.shape.length !== 2 || inner !== other)
      throwShapeError('Gemm', [a!, b!], 'the matrices do not fit');
    return { type: 'float32', shape: [rows!, columns!] };
  },
};

/** Axes of [C, H, W, N] in [N, C, H, W], and the other way around. */
const TO_LAST = [1, 2, 3, 0] as const;
const FROM_LAST = [3, 0, 1, 2] as const;

/**
 * The same graph with convolutions, and the operators between them, on feature maps whose batch is the last axis.
 * Convolutions become matrix products of columns, which a forward convolution and the gradient of its kernel share.
 */
export function lowerToBatchLast(graph: Graph): Graph {
  const maps = new FeatureMaps();
  for (const value of topologicalOrder(Object.values(graph.outputs))) maps.lower(value);
  const outputs = Object.entries(graph.outputs).map(([name, value]) => [name, maps.canonical(value)] as const);
  return graphOf(Object.fromEntries(outputs), graph.inputs);
}

class FeatureMaps {
  private readonly canonicalValues = new Map<Value, Value>();
  private readonly batchLast = new Map<Value, Value>();

  lower(value: Value): void {
    const convolution = convolutionRoles(value);
    if (convolution?.result === 'small') this.batchLast.set(value, this.forward(convolution));
    else if (convolution?.result === 'big') this.batchLast.set(value, this.dataGradient(convolution));
    else if (convolution) this.canonicalValues.set(value, this.kernelGradient(convolution));
    else if (value.kind === 'computed') this.lowerOther(value);
    else this.canonicalValues.set(value, value);
  }

  private lowerOther(value: ComputedValue): void {
    const isBatchLast = value.inputs.some((operand) => this.batchLast.has(operand));
    if (isBatchLast && value.operator.elementwise && value.shape.length === 4)
      this.batchLast.set(value, this.elementwise(value));
    else if (isBatchLast && value.operator.name.startsWith('Reduce')) this.reduce(value);
    else
      this.canonicalValues.set(
        value,
        withInputs(
          value,
          value.inputs.map((operand) => this.canonical(operand)),
        ),
      );
  }

  canonical(value: Value): Value {
    const known = this.canonicalValues.get(value) ?? permute(this.batchLast.get(value)!, FROM_LAST);
    this.canonicalValues.set(value, known);
    return known;
  }

  /** A value of four axes with the first of them last. */
  private last(value: Value): Value {
    const known = this.batchLast.get(value) ?? permute(this.canonical(value), TO_LAST);
    this.batchLast.set(value, known);
    return known;
  }

  /** A map [C, H, W, N] as a matrix [C, H W N]. */
  private matrix(value: Value): Value {
    const map = this.last(value);
    return reshape(map, matrixShape(map.shape));
  }

  private forward(convolution: Convolution): Value {
    const { small, big, kernel, kernelShape, bias } = convolution;
    const product = matMul(
      reshape(this.canonical(kernel!), matrixShape(kernelShape)),
      columnsOf(this.last(big), geometryOf(convolution)),
    );
    return this.withBias(reshape(product, [...small.shape.slice(1), small.shape[0]!]), bias);
  }

  private dataGradient(convolution: Convolution): Value {
    const { small, big, kernel, kernelShape, bias } = convolution;
    const geometry = geometryOf(convolution);
    const [rows, channels, height, width] = kernelShape as readonly [number, number, number, number];
    const taps = reshape(this.canonical(kernel!), [rows, channels, height * width]);
    const extended = needsZeroTap(geometry) ? pad(taps, [0, 0, 0], [0, 0, 1]) : taps;
    const operands = [reshape(extended, matrixShape(extended.shape)), this.matrix(small)];
    const columns = apply(Gemm, operands, { transA: 1, transB: 0 });
    return this.withBias(sumColumns(columns, geometry, channels, big.shape[0]!), bias);
  }

  /**
   * The kernel's gradient [S, B, kh, kw]: the columns that the forward convolution read, by the gradient of its result.
   */
  private kernelGradient(convolution: Convolution): Value {
    const { small, big, kernelShape } = convolution;
    const operands = [columnsOf(this.last(big), geometryOf(convolution)), this.matrix(small)];
    const product = apply(Gemm, operands, { transA: 0, transB: 1 });
    return reshape(transpose(product, [1, 0]), kernelShape);
  }

  private withBias(map: Value, bias: Value | undefined): Value {
    return bias ? add(map, reshape(this.canonical(bias), [bias.shape[0]!, 1, 1, 1])) : map;
  }

  private elementwise(value: ComputedValue): Value {
    const operands = value.inputs.map((operand) => {
      if (operand.shape.length === 4) return this.last(operand);
      const canonical = this.canonical(operand);
      if (operand.shape.length === 0) return canonical;
      return permute(
        reshape(canonical, [...Array<number>(4 - operand.shape.length).fill(1), ...operand.shape]),
        TO_LAST,
      );
    });
    return withInputs(value, operands);
  }

  private reduce(value: ComputedValue): void {
    const [x] = value.inputs as [Value];
    const { axes, keepdims } = value.attributes as { readonly axes: readonly number[]; readonly keepdims: number };
    const moved = axes.map((axis) => FROM_LAST[axis]!).sort((a, b) => a - b);
    const reduced = apply(value.operator, [this.last(x)], { ...value.attributes, axes: moved });
    // Without the reduced axes, the others keep their order, except that the batch is the last.
    const last = value.shape.length - 1;
    if (keepdims === 1) this.batchLast.set(value, reduced);
    else if (axes.includes(0) || last < 1) this.canonicalValues.set(value, reduced);
    else this.canonicalValues.set(value, transpose(reduced, [last, ...Array(last).keys()]));
  }
}

const withInputs = (value: ComputedValue, inputs: readonly Value[]): Value =>
  inputs.every((operand, index) => operand === value.inputs[index])
    ? value
    : apply(value.operator, inputs, value.attributes);

/** Transposes. If only axes of one element move, the memory stays the same. */
function permute(value: Value, perm: readonly number[]): Value {
  const moved = perm.filter((axis) => value.shape[axis]! > 1);
  const isInOrder = moved.every((axis, index) => index === 0 || moved[index - 1]! < axis);
  return isInOrder
    ? reshape(
        value,
        perm.map((axis) => value.shape[axis]!),
      )
    : transpose(value, perm);
}

const matrixShape = ([rows, ...rest]: Shape): Shape => [rows!, sizeOf(rest)];
