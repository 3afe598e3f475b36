import { type Graph, rewriteGraph } from './graph.js';
import { sizeOf } from './shape.js';
import { type ComputedValue, constantTensor, type ConstantValue, type Value } from './value.js';

/** Larger constants would grow the model file more than folding saves time. */
const FOLDING_LIMIT = 4096;

/** Returns the same function, to the bit, with folded constants and equal values computed once. */
export function simplify(graph: Graph): Graph {
  const numbering = new ValueNumbering();
  const simplified = (value: ComputedValue): Value => {
    const simpler = value.operator.simplify?.(value);
    if (simpler === undefined) return foldConstants(value) ?? value;
    return simpler.kind === 'computed' && simpler.operator === value.operator ? simplified(simpler) : simpler;
  };
  return rewriteGraph(
    graph,
    (value) => numbering.canonical(simplified(value)),
    (value) => numbering.canonical(value),
  );
}

function foldConstants({ operator, inputs, attributes, type, shape }: ComputedValue) {
  if (operator.evaluate === undefined || sizeOf(shape) > FOLDING_LIMIT) return undefined;
  const constants = inputs.filter((value) => value.kind === 'constant');
  if (constants.length < inputs.length) return undefined;
  return constantTensor({
    type,
    shape,
    data: operator.evaluate(constants as [ConstantValue, ...ConstantValue[]], { type, shape }, attributes),
  });
}

class ValueNumbering {
  private readonly known = new Map<string, Value>();
  private readonly numbers = new Map<Value, number>();

  canonical(value: Value): Value {
    if (this.numbers.has(value)) return value;
    const key = this.keyOf(value);
    const known = key === undefined ? undefined : this.known.get(key);
    if (known !== undefined) return known;
    this.numbers.set(value, this.numbers.size);
    if (key !== undefined) this.known.set(key, value);
    return value;
  }

  private keyOf(value: Value) {
    if (value.kind === 'input') return undefined;
    if (value.kind === 'constant') return constantKey(value);
    const operands = value.inputs.map((operand) => this.numbers.get(this.canonical(operand)));
    const { operator, attributes } = value;
    return `${operator.domain ?? ''} ${operator.name} ${operands.join()} ${Object.keys(attributes)
      .sort()
      .map((name) => `${name}=${String(attributes[name])}`)
      .join(' ')}`;
  }
}

/** Graphs are simplified several times, but elements read once. */
const constantKeys = new WeakMap<ConstantValue, string>();

/** Equal constants have equal keys, large ones undefined. -0 and 0 differ; NaN equals itself. */
export function constantKey(value: ConstantValue) {
  const key = constantKeys.get(value) ?? newKey(value);
  if (key !== undefined) constantKeys.set(value, key);
  return key;
}

/** Decodes each byte to a character of its own. */
const BYTES = new TextDecoder('latin1');

function newKey({ type, shape, data }: ConstantValue) {
  const isSmall = data.length <= FOLDING_LIMIT;
  if (!isSmall && !isUniform(data as Float32Array)) return undefined;
  const elements = isSmall
    ? BYTES.decode(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    : `all ${String(data.at(0))}`;
  return `${type} ${shape.join()} ${elements}`;
}

const isUniform = (data: Float32Array) =>
  !Object.is(data[0], -0) && data.every((element) => Object.is(element, data[0]));
