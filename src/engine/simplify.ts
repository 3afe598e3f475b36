import { type Graph, rewriteGraph } from './graph.js';
import { sameShape, sizeOf } from './shape.js';
import { type ComputedValue, constantTensor, type ConstantValue, splatValue, type Value } from './value.js';

/** Constants above this many elements are not folded into: they would grow the file more than they save time. */
const FOLDING_LIMIT = 4096;

/**
 * The same function with fewer operators: constants folded, operations that change nothing removed, chains of Reshape and of
 * Transpose joined, equal values computed once. What no output reaches is gone by itself. Exact: no rule changes a rounding.
 */
export function simplify(graph: Graph): Graph {
  const numbering = new ValueNumbering();
  return rewriteGraph(
    graph,
    (value) => numbering.canonical(rules.reduce<Value>((current, rule) => (current.kind === 'computed' ? (rule(current) ?? current) : current), value)),
    (value) => numbering.canonical(value),
  );
}

/** A local rewrite: the replacement of a value, or undefined where the rule does not apply. */
type Rule = (value: ComputedValue) => Value | undefined;

/** An operator all of whose inputs are constants is computed now. */
const foldConstants: Rule = ({ operator, inputs, attributes, type, shape }) => {
  if (operator.evaluate === undefined || sizeOf(shape) > FOLDING_LIMIT) return undefined;
  const constants = inputs.filter((value): value is ConstantValue => value.kind === 'constant');
  if (constants.length < inputs.length) return undefined;
  return constantTensor({ type, shape, data: operator.evaluate(constants, { type, shape }, attributes) });
};

/** x * 1, x / 1, x + 0 and x - 0 are x, where broadcasting does not change the shape. */
const dropNeutralElements: Rule = ({ operator, inputs, shape }) => {
  const neutral = { Mul: 1, Div: 1, Add: 0, Sub: 0 }[operator.name];
  const [a, b] = inputs;
  if (neutral === undefined) return undefined;
  if (splatValue(b!) === neutral && sameShape(a!.shape, shape)) return a;
  const commutes = operator.name === 'Mul' || operator.name === 'Add';
  if (commutes && splatValue(a!) === neutral && sameShape(b!.shape, shape)) return b;
  return undefined;
};

/** Elementwise arithmetic repeats its operands by itself: an Expand before it is dropped if the other operand has the full shape. */
const dropExpansions: Rule = (value) => {
  if (!['Add', 'Sub', 'Mul', 'Div'].includes(value.operator.name)) return undefined;
  const index = value.inputs.findIndex((operand, position) => isComputedBy(operand, 'Expand') && sameShape(value.inputs[1 - position]!.shape, value.shape));
  const expansion = value.inputs[index];
  if (expansion?.kind !== 'computed') return undefined;
  return { ...value, inputs: value.inputs.map((operand, position) => (position === index ? expansion.inputs[0]! : operand)) };
};

/** StopGradient (Identity) has done its work once gradients exist. */
const dropIdentity: Rule = ({ operator, inputs }) => (operator.name === 'Identity' ? inputs[0] : undefined);

const isComputedBy = (value: Value | undefined, name: string): value is ComputedValue => value?.kind === 'computed' && value.operator.name === name;

/** A Reshape to a shape that is written in the graph; one whose shape is computed also orders what is computed, see `lowering/order.ts`. */
const isReshape = (value: Value): value is ComputedValue => isComputedBy(value, 'Reshape') && value.inputs.length === 1;

/** A Reshape of a Reshape reads the first one's operand; a Reshape to the shape that is there already is dropped. */
const joinReshapes: Rule = (value) => {
  if (!isReshape(value)) return undefined;
  const operand = value.inputs[0]!;
  const source = isReshape(operand) ? operand.inputs[0]! : operand;
  if (sameShape(source.shape, value.shape)) return source;
  return source === operand ? undefined : { ...value, inputs: [source] };
};

/** A Transpose of a Transpose is one with the composed order; one that moves nothing is dropped. */
const joinTransposes: Rule = (value) => {
  if (!isComputedBy(value, 'Transpose')) return undefined;
  const operand = value.inputs[0]!;
  const outer = value.attributes.perm as readonly number[];
  const inner = isComputedBy(operand, 'Transpose') ? (operand.attributes.perm as readonly number[]) : undefined;
  const perm = inner ? outer.map((axis) => inner[axis]!) : outer;
  const source = inner ? (operand as ComputedValue).inputs[0]! : operand;
  if (perm.every((axis, index) => axis === index)) return source;
  return inner ? { ...value, inputs: [source], attributes: { perm } } : undefined;
};

const rules: readonly Rule[] = [dropIdentity, joinReshapes, joinTransposes, dropExpansions, dropNeutralElements, foldConstants];

/** Common-subexpression elimination: values with the same operator, attributes and operands become one. */
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

  private keyOf(value: Value): string | undefined {
    if (value.kind === 'input') return undefined;
    if (value.kind === 'constant') {
      if (value.data.length <= FOLDING_LIMIT) return `${value.type} ${value.shape.join()} ${bytesOf(value)}`;
      return isUniform(value) ? `${value.type} ${value.shape.join()} all ${String(value.data.at(0))}` : undefined;
    }
    const operands = value.inputs.map((operand) => this.numbers.get(this.canonical(operand)));
    const { operator, attributes } = value;
    return `${operator.domain ?? ''} ${operator.name} ${operands.join()} ${Object.keys(attributes)
      .sort()
      .map((name) => `${name}=${String(attributes[name])}`)
      .join(' ')}`;
  }
}

/** Whether all elements are the same, 0 and -0 being different. */
const isUniform = ({ data }: ConstantValue): boolean => {
  const first = data.at(0);
  return !Object.is(first, -0) && (data as Float32Array).every((element) => Object.is(element, first));
};

/** The elements as text in which -0 and 0 differ and NaN equals itself. */
const bytesOf = ({ data }: ConstantValue): string => new Uint8Array(data.buffer, data.byteOffset, data.byteLength).toString();
