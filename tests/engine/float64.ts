/**
 * Evaluates graphs in float64, with loops as plain as the definitions of the operators: the reference for rounding
 * errors.
 */
import { type Graph, type Shape, simplify, sizeOf, topologicalOrder, type Value } from '../../src/engine/index.js';
import { sameShape } from '../../src/engine/shape.js';
import { rewriteGraph } from '../../src/engine/graph.js';
import type { ComputedValue } from '../../src/engine/value.js';

type Elements = Float64Array;
/** Computes an operator from the elements of its operands. */
type Rule = (value: ComputedValue, operands: readonly Elements[]) => Elements;

/** The elements of all values of a graph, those of bool values as 0 and 1. */
export function evaluateInFloat64(
  graph: Graph,
  feeds: Record<string, ArrayLike<number>>,
): Record<string, Float64Array> {
  const expanded = simplify(
    rewriteGraph(simplify(graph), (value) => value.operator.decomposition?.(value.inputs, value.attributes) ?? value),
  );
  const known = new Map<Value, Elements>();
  for (const value of topologicalOrder(Object.values(expanded.outputs))) {
    if (value.kind === 'input') known.set(value, Float64Array.from(feeds[value.name]!));
    else if (value.kind === 'constant') known.set(value, Float64Array.from(value.data as Float32Array, Number));
    else {
      const rule = RULES[value.operator.name];
      if (rule === undefined) throw new Error(`float64: no rule for ${value.operator.name}`);
      known.set(
        value,
        rule(
          value,
          value.inputs.map((operand) => known.get(operand)!),
        ),
      );
    }
  }
  return Object.fromEntries(Object.entries(expanded.outputs).map(([name, value]) => [name, known.get(value)!]));
}

const stridesOf = (shape: Shape): number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** For each element of a shape, in order, the sum of its index times a step per axis. */
function offsets(shape: Shape, steps: readonly number[], start = 0): Int32Array {
  let result = Int32Array.of(start);
  shape.forEach((size, axis) => {
    const next = new Int32Array(result.length * size);
    result.forEach((offset, position) => {
      for (let index = 0; index < size; index++) next[position * size + index] = offset + index * steps[axis]!;
    });
    result = next;
  });
  return result;
}

/** Where each element of a result comes from in an operand that is broadcast to it. */
function broadcastOffsets(from: Shape, to: Shape): Int32Array {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return offsets(
    to,
    to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : strides[axis - lead]!)),
  );
}

const elementwise =
  (compute: (a: number, b: number, c: number, attributes: Record<string, number>) => number): Rule =>
  ({ inputs, shape, attributes }, operands) => {
    const whole = operands.map((elements, index) =>
      sameShape(inputs[index]!.shape, shape)
        ? elements
        : gather(elements, broadcastOffsets(inputs[index]!.shape, shape)),
    );
    const [a, b = a!, c = a!] = whole;
    return a!.map((element, index) => compute(element, b[index]!, c[index]!, attributes as Record<string, number>));
  };

const reduction =
  (combine: (total: number, element: number) => number, start: number, isMean = false): Rule =>
  ({ inputs: [x], attributes }, [elements]) => {
    const axes = attributes.axes as readonly number[];
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const result = new Float64Array(sizeOf(kept)).fill(start);
    const targets = broadcastOffsets(kept, x.shape);
    elements!.forEach((element, index) => (result[targets[index]!] = combine(result[targets[index]!]!, element)));
    return isMean ? result.map((sum) => (sum * result.length) / elements!.length) : result;
  };

function gather(elements: Elements, sources: Int32Array): Elements {
  const result = new Float64Array(sources.length);
  for (let index = 0; index < sources.length; index++) result[index] = elements[sources[index]!]!;
  return result;
}

const RULES: Record<string, Rule> = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Neg: elementwise((x) => -x),
  Abs: elementwise((x) => Math.abs(x)),
  Sign: elementwise((x) => Math.sign(x)),
  Exp: elementwise((x) => Math.exp(x)),
  Log: elementwise((x) => Math.log(x)),
  Sqrt: elementwise((x) => Math.sqrt(x)),
  Tanh: elementwise((x) => Math.tanh(x)),
  Sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  Relu: elementwise((x) => Math.max(x, 0)),
  LeakyRelu: elementwise((x, _, __, { alpha }) => (x > 0 ? x : Math.fround(alpha!) * x)),
  Clip: elementwise((x, _, __, { min, max }) => Math.min(Math.max(x, min!), max!)),
  Greater: elementwise((a, b) => Number(a > b)),
  Equal: elementwise((a, b) => Number(a === b)),
  Where: elementwise((condition, a, b) => (condition ? a : b)),
  Cast: elementwise((x) => x),
  After: elementwise((x) => x),
  ReduceSum: reduction((a, b) => a + b, 0),
  ReduceMean: reduction((a, b) => a + b, 0, true),
  ReduceMax: reduction(Math.max, -Infinity),
  ReduceMin: reduction(Math.min, Infinity),
  Reshape: (_, [x]) => x!,
  Expand: ({ inputs, shape }, [x]) => gather(x!, broadcastOffsets(inputs[0].shape, shape)),
  Transpose({ inputs: [x], shape, attributes }, [elements]) {
    const strides = stridesOf(x.shape);
    return gather(
      elements!,
      offsets(
        shape,
        (attributes.perm as readonly number[]).map((axis) => strides[axis]!),
      ),
    );
  },
  Slice({ inputs: [x], shape, attributes }, [elements]) {
    const { axis, start, step } = attributes as Record<'axis' | 'start' | 'step', number>;
    const strides = stridesOf(x.shape);
    const steps = strides.map((stride, each) => (each === axis ? stride * step : stride));
    return gather(elements!, offsets(shape, steps, start * strides[axis]!));
  },
  Pad({ inputs: [x], shape, attributes }, [elements]) {
    const strides = stridesOf(shape);
    const start = x.shape.reduce(
      (sum, _, axis) => sum + (attributes.pads as readonly number[])[axis]! * strides[axis]!,
      0,
    );
    const result = new Float64Array(sizeOf(shape));
    offsets(x.shape, strides, start).forEach((target, index) => (result[target] = elements![index]!));
    return result;
  },
  Concat({ inputs, shape, attributes }, operands) {
    const axis = attributes.axis as number;
    const strides = stridesOf(shape);
    const result = new Float64Array(sizeOf(shape));
    let start = 0;
    inputs.forEach((operand, number) => {
      const targets = offsets(operand.shape, strides, start * strides[axis]!);
      targets.forEach((target, index) => (result[target] = operands[number]![index]!));
      start += operand.shape[axis]!;
    });
    return result;
  },
  ArgMin({ inputs: [x], shape, attributes }, [elements]) {
    const axis = attributes.axis as number;
    const strides = stridesOf(x.shape);
    return Float64Array.from(offsets(shape, strides), (first) => {
      let best = 0;
      for (let index = 1; index < x.shape[axis]!; index++)
        if (elements![first + index * strides[axis]!]! < elements![first + best * strides[axis]!]!) best = index;
      return best;
    });
  },
  MatMul({ inputs: [a, b], shape }, [left, right]) {
    const [rows, columns, inner] = [shape.at(-2)!, shape.at(-1)!, a.shape.at(-1)!];
    const batch = shape.slice(0, -2);
    const starts = [a, b!].map((operand) => broadcastOffsets(operand.shape.slice(0, -2), batch));
    const result = new Float64Array(sizeOf(shape));
    for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
      const [from, other] = [starts[0]![matrix]! * rows * inner, starts[1]![matrix]! * inner * columns];
      for (let row = 0; row < rows; row++)
        for (let k = 0; k < inner; k++)
          for (let column = 0; column < columns; column++)
            result[(matrix * rows + row) * columns + column]! +=
              left![from + row * inner + k]! * right![other + k * columns + column]!;
    }
    return result;
  },
  Conv({ inputs: [x, kernel], shape, attributes }, [data, weights, bias]) {
    const result = withBias(shape, bias);
    const add = (small: number, big: number, weight: number) => (result[small]! += data![big]! * weights![weight]!);
    forEachProduct(shape, x.shape, kernel!.shape, attributes as unknown as Geometry, add);
    return result;
  },
  ConvTranspose({ inputs: [x, kernel], shape, attributes }, [data, weights, bias]) {
    const result = withBias(shape, bias);
    const add = (small: number, big: number, weight: number) => (result[big]! += data![small]! * weights![weight]!);
    forEachProduct(x.shape, shape, kernel!.shape, attributes as unknown as Geometry, add);
    return result;
  },
};

const withBias = (shape: Shape, bias: Elements | undefined): Elements => {
  const result = new Float64Array(sizeOf(shape));
  const pixels = shape[2]! * shape[3]!;
  return bias ? result.map((_, index) => bias[Math.floor(index / pixels) % shape[1]!]!) : result;
};

type Geometry = Record<'strides' | 'pads' | 'dilations', readonly [number, number]>;

/**
 * Calls back for each product of a convolution with the offsets of the element [N, S, h, w], of [N, B, H, W] and of the
 * kernel [S, B, kh, kw].
 */
function forEachProduct(
  [batch, smallChannels, h, w]: Shape,
  [, bigChannels, height, width]: Shape,
  [, , kh, kw]: Shape,
  { strides, pads, dilations }: Geometry,
  visit: (small: number, big: number, weight: number) => void,
): void {
  for (let image = 0; image < batch!; image++)
    for (let s = 0; s < smallChannels!; s++)
      for (let b = 0; b < bigChannels!; b++)
        for (let y = 0; y < kh!; y++)
          for (let x = 0; x < kw!; x++)
            for (let row = 0; row < h!; row++) {
              const bigRow = row * strides[0] - pads[0] + y * dilations[0];
              if (bigRow < 0 || bigRow >= height!) continue;
              for (let column = 0; column < w!; column++) {
                const bigColumn = column * strides[1] - pads[1] + x * dilations[1];
                if (bigColumn < 0 || bigColumn >= width!) continue;
                visit(
                  ((image * smallChannels! + s) * h! + row) * w! + column,
                  ((image * bigChannels! + b) * height! + bigRow) * width! + bigColumn,
                  ((s * bigChannels! + b) * kh! + y) * kw! + x,
                );
              }
            }
}
