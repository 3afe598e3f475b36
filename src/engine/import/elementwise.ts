import {
  abs,
  add,
  and,
  cast,
  ceil,
  celu,
  clip,
  cos,
  div,
  dropout,
  elu,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterOrEqual,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  max,
  min,
  mish,
  mul,
  neg,
  not,
  or,
  pow,
  prelu,
  reciprocal,
  relu,
  round,
  selu,
  sigmoid,
  sign,
  sin,
  softplus,
  softsign,
  sqrt,
  sub,
  tanh,
  thresholdedRelu,
  where,
  xor,
} from '../operators/index.js';
import type { Value } from '../value.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';
import { engineTypeOf, numberTypeOf } from './known.js';

const unary =
  (build: (x: Value) => Value): NodeImporter =>
  (node) =>
    build(node.value(0));

const binary =
  (build: (a: Value, b: Value) => Value): NodeImporter =>
  (node) =>
    build(node.value(0), node.value(1));

const variadic =
  (build: (a: Value, b: Value) => Value): NodeImporter =>
  (node) =>
    node.values().reduce((a, b) => build(a, b));

const identity: NodeImporter = (node) => node.value(0);

/** In inference, like batch normalization. */
const importDropout: NodeImporter = (node) => dropout(node.value(0), node.number(1, 0.5));

/** Values have a type already that fits the other operand. */
const importCast: NodeImporter = (node) => cast(node.value(0), engineTypeOf(numberTypeOf(node.int('to', 1))));

export const ELEMENTWISE: Record<string, NodeImporter> = {
  Abs: unary(abs),
  Add: binary(add),
  And: binary(and),
  Cast: importCast,
  CastLike: (node) => cast(node.value(0), node.value(1).type),
  Ceil: unary(ceil),
  Celu: (node) => celu(node.value(0), node.float('alpha', 1)),
  Clip: (node) => clip(node.value(0), node.number(1, -MAX_FLOAT), node.number(2, MAX_FLOAT)),
  Cos: unary(cos),
  Div: binary(div),
  Dropout: importDropout,
  Elu: (node) => elu(node.value(0), node.float('alpha', 1)),
  Equal: binary(equal),
  Erf: unary(erf),
  Exp: unary(exp),
  Floor: unary(floor),
  Gelu: (node) => gelu(node.value(0), node.text('approximate', 'none') === 'tanh' ? 'tanh' : 'none'),
  Greater: binary(greater),
  GreaterOrEqual: binary(greaterOrEqual),
  HardSigmoid: (node) => hardSigmoid(node.value(0), node.float('alpha', 0.2), node.float('beta', 0.5)),
  HardSwish: unary(hardSwish),
  Identity: identity,
  LeakyRelu: (node) => leakyRelu(node.value(0), node.float('alpha', 0.01)),
  Less: binary(less),
  LessOrEqual: binary(lessOrEqual),
  Log: unary(log),
  Max: variadic(max),
  Mean: (node) =>
    mul(
      node.values().reduce((a, b) => add(a, b)),
      1 / node.inputs.length,
    ),
  Min: variadic(min),
  Mish: unary(mish),
  Mul: binary(mul),
  Neg: unary(neg),
  Not: unary(not),
  Or: binary(or),
  PRelu: binary(prelu),
  Pow: (node) => pow(node.value(0), exponentOf(node)),
  Reciprocal: unary(reciprocal),
  Relu: unary(relu),
  Round: unary(round),
  Selu: (node) => selu(node.value(0), node.float('alpha', SELU.alpha), node.float('gamma', SELU.gamma)),
  Sigmoid: unary(sigmoid),
  Sign: unary(sign),
  Sin: unary(sin),
  Softplus: unary(softplus),
  Softsign: unary(softsign),
  Sqrt: unary(sqrt),
  Sub: binary(sub),
  Sum: variadic(add),
  Tanh: unary(tanh),
  ThresholdedRelu: (node) => thresholdedRelu(node.value(0), node.float('alpha', 1)),
  Where: (node) => where(node.value(0), node.value(1), node.value(2)),
  Xor: binary(xor),
};

const MAX_FLOAT = 3.4028234663852886e38;
const SELU = { alpha: 1.6732631921768188, gamma: 1.0507010221481323 };

/** An exponent of any type. */
function exponentOf(node: ImportedNode) {
  const exponent = node.value(1);
  return exponent.type === 'float32' ? exponent : cast(exponent, 'float32');
}
